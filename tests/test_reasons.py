"""A long list is cut where a person stops reading, and says how much was cut."""

import pytest

from lensloop.reasons import MOST, MOST_LISTED, counted, listed, shortened


@pytest.mark.parametrize(
    ("names", "most", "sentence"),
    [
        ((), 2, ""),
        (("a",), 2, "a"),
        (("a", "b"), 2, "a, b"),
        (("a", "b", "c"), 2, "a, b and 1 more"),
        (("a", "b", "c", "d"), 2, "a, b and 2 more"),
    ],
)
def test_names_beyond_the_most_are_counted(
    names: tuple[str, ...], most: int, sentence: str
) -> None:
    assert listed(names, most) == sentence


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (0, "0 pictures are"),
        (1, "1 picture is"),
        (2, "2 pictures are"),
        (1234, "1,234 pictures are"),
    ],
)
def test_one_is_one_and_all_others_are_many(count: int, sentence: str) -> None:
    assert counted(count, "picture is", "pictures are") == sentence


def test_reasons_beyond_the_most_are_counted() -> None:
    assert shortened(["a", "b", "c"], 2) == ("a", "b", "and 1 more")
    assert shortened(["a", "b"], 2) == ("a", "b")
    assert shortened(["a"] * 1235, 1, "such reasons") == ("a", "and 1,234 such reasons")


def test_a_message_holds_fifty_reasons() -> None:
    assert MOST == 50
    assert shortened(["a"] * 51) == (*["a"] * 50, "and 1 more")
    assert shortened(["a"] * 50) == ("a",) * 50


def test_a_report_lists_two_hundred_of_a_kind() -> None:
    assert MOST_LISTED == 200
