"""Is what a model takes for what shown so that the worst is seen first, and all of it fits?"""

from typing import Any

import pytest

from lensloop.pages import confusion
from lensloop.pages.confusion import Cell, Confused, matrix


def score(counts: Any, *labels: str) -> dict[str, Any]:
    return {"labels": dict.fromkeys(labels), "confusion": counts}


COUNTS = {"can": {"can": 3, "glass": 1}, "glass": {"can": 2, "glass": 6, "tin": 2}}


def test_a_row_is_what_a_picture_shows_and_a_column_what_it_was_taken_for() -> None:
    found = matrix(score(COUNTS, "can", "glass", "paper", "tin"))
    assert found is not None
    assert found.labels == ["can", "glass", "tin"], (
        "nothing shows paper, and nothing is taken for it"
    )
    assert [row.label for row in found.rows] == ["can", "glass"], "no picture shows a tin"
    assert found.rows[0].cells == [Cell(3, 0.75, True), Cell(1, 0.25, False), Cell(0, 0, False)]
    assert (found.pictures, found.wrong) == (14, 5)


def test_what_is_confused_most_comes_first_and_then_what_is_the_larger_share() -> None:
    found = matrix(score(COUNTS | {"tin": {"can": 2}}, "can", "glass", "tin"))
    assert found is not None
    assert found.confused == [
        Confused("tin", "can", 2, 1.0),
        Confused("glass", "can", 2, 0.2),
        Confused("glass", "tin", 2, 0.2),
        Confused("can", "glass", 1, 0.25),
    ]


def many(count: int) -> confusion.Matrix:
    labels = [f"{n:03d}" for n in range(count)]
    counts = {label: {label: 1, labels[n - 1]: 1} for n, label in enumerate(labels)}
    found = matrix(score(counts, *labels))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("labels", "fits", "fits_narrow", "fits_beside"),
    [
        (4, True, True, True),
        (5, True, False, False),
        (12, True, False, False),
        (13, False, False, True),
    ],
)
def test_many_labels_make_a_list_instead_of_a_table_first_on_a_telephone(
    labels: int, fits: bool, fits_narrow: bool, fits_beside: bool
) -> None:
    found = many(labels)
    assert (found.fits, found.fits_narrow, found.fits_beside) == (fits, fits_narrow, fits_beside)


def test_a_list_is_as_long_as_a_person_reads() -> None:
    assert len(many(200).confused) == 200
    assert list(many(200).listed) == list(many(200).confused)[:20]


@pytest.mark.parametrize("earlier", [None, {}, score(None), score([[1, 0], [0, 1]], "a", "b")])
def test_scores_of_before_have_no_confusion(earlier: Any) -> None:
    assert matrix(earlier) is None
