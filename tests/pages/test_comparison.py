"""Is a model compared with the live one on the same pictures, label by label?"""

from typing import Any

from lensloop.pages.comparison import Change, accuracies, gone, recalls
from tests.model.evaluations import scores

KNOWN = {"can": (20, 18), "glass": (10, 5)}
NEW = {"can": (10, 4), "tin": (8, 6)}
CANDIDATE = scores(KNOWN, NEW)


def live(known: Any, new: Any, *labels: str) -> dict[str, Any]:
    return {"labels": list(labels), **scores(known, new)}


LIVE = live(
    {"can": (20, 16), "glass": (10, 7)}, {"can": (10, 6), "tin": (8, 0)}, "can", "glass", "cup"
)


def test_accuracies_are_compared_on_all_known_and_new_pictures() -> None:
    found = accuracies(CANDIDATE, LIVE)
    assert [(row.pictures, row.before, row.after) for row in found] == [
        (48, 29 / 48, 33 / 48),
        (30, 23 / 30, 23 / 30),
        (18, 6 / 18, 10 / 18),
    ]


def test_without_known_pictures_all_are_compared() -> None:
    found = accuracies(scores(None, NEW), live(None, NEW, "can"))
    assert [row.what.split()[0] for row in found] == ["All", "New:"]


def test_a_first_model_has_nothing_before_it() -> None:
    found = accuracies({**scores(None, NEW), "new": None}, None)
    assert [(row.pictures, row.before, row.after) for row in found] == [(18, None, 10 / 18)]
    assert all(row.before is None and not row.new for row in recalls(CANDIDATE, None))


def test_a_labels_recall_is_compared_on_its_known_pictures_as_the_gate_does() -> None:
    assert recalls(CANDIDATE, LIVE) == [
        Change("can", 20, 0.8, 0.9),
        Change("glass", 10, 0.7, 0.5),
        Change("tin", 8, 0.0, 0.75, new=True),
    ]


def test_a_label_without_any_test_picture_has_no_recall() -> None:
    candidate = scores({"can": (20, 18), "tin": (0, 0)}, None)
    found = recalls(candidate, live({"can": (20, 16), "tin": (0, 0)}, None, "can", "tin"))
    assert found[1] == Change("tin", 0, None, None)
    assert found[1].points is None


def test_points_are_of_a_hundred_and_none_without_both() -> None:
    assert Change("", 9, 0.8, 0.9).points == 10.0
    assert Change("", 9, 0.9, 0.8).points == -10.0
    assert Change("", 9, 0.80001, 0.8).points == 0
    assert Change("", 9, None, 0.8).points is None


def test_labels_that_only_live_knows_are_gone() -> None:
    assert gone(CANDIDATE, LIVE) == ["cup"]
    assert gone(CANDIDATE, None) == []
