"""Labels that a person would take for the same are found; labels that differ to the eye are not."""

import pytest

from lensloop.dataset.lookalikes import seen, told_apart


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("glass", "GLASS"),
        ("plastic bag", "plastic  bag"),
        ("plastic bag", "plastic\u00a0bag"),
        ("glass", "gl\u0430ss"),  # Cyrillic
        ("Kiwi", "\u039aiwi"),  # Greek
        ("gl\u0430ss jar", "glass jar"),
        ("\u0430\u030a", "\u00e5"),  # composed after the look
        ("\u2122", "tm"),  # two capitals in one sign
        ("PET", "\u0420\u0415\u0422"),  # all Cyrillic
        ("\uff27lass", "Glass"),  # full width
        ("M\u00fcll", "Mu\u0308ll"),
        ("\u30ab", "\u529b"),  # kana and kanji
        ("e-waste", "e\u2013waste"),
        ("women's", "women\u2019s"),
        ("ma\u0131n", "main"),
        *((f"caf{mark}e", "caf'e") for mark in "’‘ʼʻ′"),
        ("a\u00a0 b c", "a b\u00a0c"),
        ("é\u00a0b", "é b"),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert seen(one) == seen(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mull", "Müll"),
        ("glass", "class"),
        ("O", "0"),
        ("plasticbag", "plastic bag"),
        ("стекло", "стекла"),
        ("可回收物", "不可回收物"),
        ("燃えるごみ", "燃えないごみ"),
        ("はし", "ばし"),
        ("é b", "é_b"),
    ],
)
def test_what_differs_to_the_eye_differs(one: str, other: str) -> None:
    assert seen(one) != seen(other)


def test_the_first_letters_that_differ_are_told_by_number_where_the_eye_cannot() -> None:
    assert told_apart("gl\u0430ss", "glass") == " (`\u0430` is U+0430, `a` is U+0061)"
    assert told_apart("Glass", "glass") == ""
    assert told_apart("glass", "glass\u3000") == told_apart("glass\u3000", "glass") == ""
    assert told_apart("a  b", "a b") == ""
    assert told_apart("a\u00a0b", "a b") == " (`\u00a0` is U+00A0, ` ` is U+0020)"
