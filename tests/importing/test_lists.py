"""A list that is not taken is said, and one that means other pictures is nobody's business."""

import pytest

from lensloop.importing import lists

PICTURES = ["glass/1.jpg", "glass/2.jpg", "metal/3.jpg"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("1.jpg,glass\n2.jpg,metal\n3.jpg,metal\n", ""),
        ("1.jpg,glass\n", "labels.csv beside the pictures says a label for 1 of 3 pictures"),
        ("1.jpg,0\n2.jpg,0\n3.jpg,1\n", "for 3 of 3 pictures, which are too few, or numbers"),
        ("/etc/passwd,glass\n../../9.jpg,metal\n", ""),
    ],
)
def test_a_list_that_is_passed_over_is_said(lines: str, words: str) -> None:
    found = lists.by_lists({"labels.csv": f"file,label\n{lines}".encode()}, PICTURES)
    said = lists.passed_over(found, PICTURES)
    assert words in said
    assert bool(said) == bool(words)
