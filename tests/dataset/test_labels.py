"""A key that cannot be a picture's is rejected in plain words; two labels never share a name."""

import pytest

from lensloop.dataset.labels import collisions, is_folder_marker, key_problem, label_of
from tests.dataset.hostile import hostile_keys, odd_keys

UNSEEN = "Its name has control or invisible characters. Upload it again under a plain name."
BACKSLASH = "Its name has a backslash. Upload it with `/` between folder and file."
DOTS = "Its name has a `.` or `..` folder. Upload it directly under images/<label>/."
EMPTY = (
    "Its name has an empty folder or file part (`//`, or `/` at an end). Upload it as"
    " images/<label>/<file>."
)
LONG = (
    "Its name is too long: at most 900 bytes in all and 255 in one part. Upload it under a shorter"
    " name."
)
LABELS = (
    *("Müll", "燃えるごみ", "paper & cardboard", "可回收物", "Rope & strings", "E-waste"),
    *("non-recyclable (mixed)", "стекло", "पानी", "فلزات", "עץ", "ขยะ", "쓰레기", "verre d’œuf"),
    *("(other)", "#1", "O", "0", "a.b", "100% cotton!", "ガラス・びん", "_rest_", "X, Y"),
)
LOOSE = "It lies directly under images/, so it has no label. Move it to images/<label>/."


def no_label(folder: str, why: str) -> str:
    return f"Its folder `{folder}` cannot be a label: {why}."


def foreign(character: str, number: str) -> str:
    return (
        f"`{character}` (U+{number}) cannot be in one. Letters and digits of any script, spaces and"
        " common punctuation can. Rename the folder"
    )


def begins(character: str) -> str:
    return f"it begins with {character}. Rename the folder to begin with a letter or digit"


def ends(character: str) -> str:
    return f"it ends with {character}. Rename the folder without it"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("images/glass/a\n.jpg", UNSEEN),
        ("images/glass/a\u202e.jpg", UNSEEN),
        ("images/glass\\a.jpg", BACKSLASH),
        ("images/glass/./a.jpg", DOTS),
        ("images/glass/../a.jpg", DOTS),
        ("images//a.jpg", EMPTY),
        ("images/glass/é.jpg/", EMPTY),
        ("images/glass/" + "n" * 256, LONG),
        ("images/glass/" + "é" * 128, LONG),
        ("images/glass/" + "/".join(["k" * 200] * 5), LONG),
        ("images/a.jpg", LOOSE),
        ("images/.glass/a.jpg", no_label(".glass", begins("a dot"))),
        ("images/-rf/a.jpg", no_label("-rf", begins("`-`"))),
        ("images/=1+1/a.jpg", no_label("=1+1", begins("`=`"))),
        ("images/+x/a.jpg", no_label("+x", begins("`+`"))),
        ("images/@x/a.jpg", no_label("@x", begins("`@`"))),
        ("images/ glass/a.jpg", no_label(" glass", begins("a space"))),
        ("images/\u0301a/a.jpg", no_label("\u0301a", begins("`\u0301` (U+0301)"))),
        ("images/glass /a.jpg", no_label("glass ", ends("a space"))),
        ("images/glass\u3000/a.jpg", no_label("glass\u3000", ends("`\u3000` (U+3000)"))),
        ("images/glass./a.jpg", no_label("glass.", ends("a dot"))),
        (
            "images/" + "l" * 64 + "/a.jpg",
            no_label("l" * 64, "it has 64 characters, and 63 are allowed. Rename the folder"),
        ),
        ("images/gl\u200dass/a.jpg", no_label("gl\u200dass", foreign("\u200d", "200D"))),
        ("images/gl\ufe0fass/a.jpg", no_label("gl\ufe0fass", foreign("\ufe0f", "FE0F"))),
        ("images/<b>/a.jpg", no_label("<b>", foreign("<", "003C"))),
        ("images/🍌/a.jpg", no_label("🍌", foreign("🍌", "1F34C"))),
    ],
)
def test_a_key_that_cannot_be_a_pictures_is_said_by_its_cause(key: str, problem: str) -> None:
    assert key_problem(key) == problem


@pytest.mark.parametrize("key", hostile_keys())
def test_a_hostile_key_is_rejected(key: str) -> None:
    assert key_problem(key)


@pytest.mark.parametrize(
    "key",
    [
        *odd_keys(),
        "images/glass/a/b/c/d/e.jpg",
        "images/glass/ÄX.jpg",
        "images/glass/cafe\u0301.jpg",
        "images/cafe\u0301/a.jpg",
        "images/" + "e\u0301" * 63 + "/a.jpg",
        *(f"images/{label}/a.jpg" for label in LABELS),
        "images/glass/" + "é" * 127 + ".",
        "images/" + "l" * 63 + "/a.jpg",
        "images/glass/" + "/".join(["k" * 200] * 4) + "/" + "k" * 83,
    ],
)
def test_a_key_that_people_use_is_accepted(key: str) -> None:
    assert key_problem(key) == ""


@pytest.mark.parametrize("letter", ["k", "é"])
def test_nine_hundred_bytes_are_a_key_and_one_more_is_too_long(letter: str) -> None:
    key = "images/glass/" + "/".join(["k" * 200] * 4) + "/" + letter
    whole = key + "k" * (900 - len(key.encode()))
    assert key_problem(whole) == ""
    assert key_problem(whole + "k") == LONG


@pytest.mark.parametrize(
    ("key", "size", "marker"),
    [("images/glass/", 0, True), ("images/glass/", 1, False), ("images/glass/a.jpg", 0, False)],
)
def test_what_the_console_leaves_for_a_new_folder_is_known(
    key: str, size: int, marker: bool
) -> None:
    assert is_folder_marker(key, size) is marker


def test_the_label_is_the_first_folder() -> None:
    assert label_of("images/glass/2024/05/a.jpg") == "glass"
    assert label_of("images/glass/a.jpg") == "glass"


def test_a_label_is_the_same_however_a_computer_writes_its_letters() -> None:
    assert label_of("images/Mu\u0308ll/a.jpg") == label_of("images/M\u00fcll/a.jpg") == "M\u00fcll"


@pytest.mark.parametrize(
    ("labels", "losers"),
    [
        ({"glass": (1, 1), "paper": (1, 1)}, {}),
        ({"glass": (5, 5), "Glass": (6, 6)}, {"glass": "Glass"}),
        ({"gl ass": (0, 1), "gl  ass": (0, 2)}, {"gl ass": "gl  ass"}),
        ({"стекло": (1, 1), "Стекло": (0, 1)}, {"Стекло": "стекло"}),
        ({"glass": (1, 1), "gl\u0430ss": (0, 9)}, {"gl\u0430ss": "glass"}),
        # The last data set counts first, then what is there now, then the alphabet.
        ({"glass": (1, 1), "GLASS": (0, 99)}, {"GLASS": "glass"}),
        ({"glass": (1, 1), "GLASS": (1, 2)}, {"glass": "GLASS"}),
        ({"glass": (1, 1), "GLASS": (1, 1)}, {"glass": "GLASS"}),
        (
            {"a": (1, 1), "A": (0, 1), "b": (0, 0), "B": (0, 1), "A ": (0, 0)},
            {"A": "a", "A ": "a", "b": "B"},
        ),
    ],
)
def test_of_labels_that_differ_by_case_or_spaces_one_keeps_the_name(
    labels: dict[str, tuple[int, int]], losers: dict[str, str]
) -> None:
    assert collisions(labels) == losers
