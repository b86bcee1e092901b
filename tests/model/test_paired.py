"""Is a fall told from noise by the pictures that only one of two models gets right?"""

from typing import Any

import pytest

from lensloop.model.evaluation import Change, read_evaluation
from lensloop.model.floors import Floors
from lensloop.model.paired import below_live, luck, noise_or_not
from lensloop.settings import Settings
from tests.model.evaluations import LABELS, evaluation, scores

FLOORS = Floors.from_settings(Settings())
STILL = dict.fromkeys(LABELS, (60, 50))


@pytest.mark.parametrize(
    ("losses", "gains", "chance"),
    [
        # The exact test of McNemar, one side of it: tails of the binomial distribution of a half.
        (0, 0, 1),
        (1, 0, 1 / 2),
        (2, 0, 1 / 4),
        (3, 1, 5 / 16),
        (4, 1, 6 / 32),
        (5, 2, 29 / 128),
        (0, 2, 1),
        (10, 8, 0.4073),
    ],
)
def test_noise_loses_so_many_more_than_it_gains_with_this_chance(
    losses: int, gains: int, chance: float
) -> None:
    assert luck(Change(losses, gains)) == pytest.approx(chance, abs=5e-5)


@pytest.mark.parametrize(
    ("losses", "gains", "words"),
    [
        (0, 0, "none gained, none lost"),
        (1, 2, "2 gained, 1 lost: may be luck"),
        (0, 4, "4 gained, 0 lost: may be luck"),
        (0, 5, "5 gained, 0 lost: no luck"),
        (5, 0, "0 gained, 5 lost: no luck"),
        (4, 0, "0 gained, 4 lost: may be luck"),
        (3, 3, "3 gained, 3 lost: may be luck"),
    ],
)
def test_people_are_told_whether_it_is_luck(losses: int, gains: int, words: str) -> None:
    assert noise_or_not(Change(losses, gains)) == words


def fallen(content: dict[str, Any], labels: int = 3, **settings: Any) -> list[str]:
    """With as many labels of the live model, of which only three have pictures."""
    if labels > 3:
        content["live"]["labels"] += [f"label {number}" for number in range(3, labels)]
    return list(below_live(read_evaluation(content), Floors.from_settings(Settings(**settings))))


def known(losses: int, gains: int) -> dict[str, Any]:
    """Lost and gained by `can`, of 60 known pictures."""
    now = STILL | {"can": (60, 50 - losses + gains)}
    content = evaluation(scores(now, None), scores(STILL, None), losses=losses)
    content["live"]["changes"] = {"can": {"losses": losses, "gains": gains}}
    assert (content["live"]["losses"], content["live"]["gains"]) == (losses, gains)
    return content


@pytest.mark.parametrize(
    ("losses", "gains", "ships"),
    [
        (1, 0, True),
        (2, 0, False),
        (3, 1, True),  # as likely as one in three
        (4, 1, False),
        (10, 8, True),
        (12, 8, True),
        (13, 8, False),
    ],
)
def test_a_label_has_fallen_where_noise_would_hardly_make_it_fall(
    losses: int, gains: int, ships: bool
) -> None:
    assert (not fallen(known(losses, gains), tolerance=0)) == ships


def test_a_fall_within_the_tolerance_is_none_however_many_answers_changed() -> None:
    """Six net of sixty, though nine are lost."""
    assert fallen(known(9, 3), tolerance=0.1) == []
    assert fallen(known(10, 3), tolerance=0.1) != []


def test_a_fall_names_what_was_lost_and_gained() -> None:
    assert fallen(known(6, 1)) == [
        "accuracy on the 180 known test pictures 0.81 is more than 0.02 below the live model's 0.83"
        " (6 pictures lost, 1 gained)",
        "recall of can on the known test pictures 0.75 is more than 0.02 below the live model's"
        " 0.83 (6 pictures lost, 1 gained)",
    ]


@pytest.mark.parametrize(
    ("losses", "labels", "ships"),
    [
        (2, 6, False),
        (2, 7, True),
        (3, 7, False),
        (3, 12, False),  # exactly half of the chance for twice as many labels
        (3, 13, True),
        (5, 40, False),
        (4, 40, True),
    ],
)
def test_with_many_labels_each_has_to_be_surer(losses: int, labels: int, ships: bool) -> None:
    """The accuracy of all is within the tolerance."""
    content = known(losses, 0)
    for part in ("candidate", "live"):
        for score in (content[part]["all"], content[part]["known"]):
            right = round(score["accuracy"] * score["images"])
            score.update(images=1000, accuracy=(right + 820) / 1000)
    assert (not fallen(content, labels)) == ships


def test_labels_that_nobody_noted_fall_by_what_their_recalls_say() -> None:
    content = known(2, 0)
    content["live"]["changes"] = {}
    assert fallen(content)[0].startswith("recall of can on the known test pictures 0.80")
    content = known(0, 2)
    content["live"]["changes"] = {}
    assert fallen(content) == []


def new(losses: int, gains: int, noted: bool = True) -> dict[str, Any]:
    now = STILL | {"can": (60, 50 - losses + gains)}
    content = evaluation(scores(STILL, now), scores(STILL, STILL))
    if noted:
        content["live"]["change_of_new"] = {"losses": losses, "gains": gains}
    return content


@pytest.mark.parametrize(
    ("content", "ships"),
    [
        (new(4, 0), False),
        (new(4, 0, noted=False), False),
        (new(10, 6), False),
        (new(14, 9), False),
        (new(14, 10), True),
        (new(14, 10, noted=False), False),  # then it may be 4 lost and none gained
        (new(0, 4, noted=False), True),
    ],
)
def test_new_pictures_are_compared_in_pairs_as_well(content: dict[str, Any], ships: bool) -> None:
    found = fallen(content)
    assert (not found) == ships
    assert all("180 new test pictures" in reason for reason in found)


def test_what_a_new_label_takes_is_not_lost() -> None:
    """All six of `can` go to a label that live does not know."""
    counts = {"can": (60, 44), "battery": (0, 0)}
    content = evaluation(
        scores(counts, None),
        scores({"can": (60, 50), "battery": (0, 0)}, None),
        live_labels=("can",),
        losses=8,
    )
    content["live"]["changes"] = {"can": {"losses": 8, "gains": 2}}
    assert fallen(content) == []
