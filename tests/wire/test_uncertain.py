"""Which frames are kept for a person, which are sent, and when."""

import pytest

from lensloop.wire import uncertain
from lensloop.wire.prediction import Prediction
from lensloop.wire.uncertain import (
    CAPTURED,
    DAY,
    DISAGREES,
    RANDOM,
    UNFAMILIAR,
    UNSURE,
    Budget,
    Kept,
    Sent,
)

NOW = 1_800_000_000.0
ALL = (1 << 64) - 1


def prediction(
    first: float = 0.9, *, unsure: bool = False, unfamiliarity: float | None = None
) -> Prediction:
    return Prediction(
        {"can": first, "glass": 1 - first}, unsure, unfamiliarity is not None, unfamiliarity
    )


def kept(name: str, reason: str = UNSURE, score: float = 0.5, size: int = 100) -> Kept:
    return Kept(name, reason, score, hash(name) & ALL, size)


def sent(seconds_ago: float, size: int = 100, phash: int = 0) -> Sent:
    return Sent(NOW - seconds_ago, phash, size)


@pytest.mark.parametrize(
    ("seen", "chance", "expected"),
    [
        (prediction(0.9), 0.5, None),
        (prediction(0.9), 0.001, None),
        (prediction(0.9), 0.0005, (RANDOM, 0.5)),
        (prediction(0.75, unsure=True), 0.5, (UNSURE, 0.5)),
        (prediction(0.75, unsure=True), 0.0, (UNSURE, 0.5)),
        (prediction(0.9, unfamiliarity=3.5), 0.0, (UNFAMILIAR, 3.5)),
        (prediction(0.5, unsure=True, unfamiliarity=2.0), 0.0, (UNFAMILIAR, 2.0)),
        (prediction(0.9, unfamiliarity=0.0), 0.0, (UNFAMILIAR, 0.0)),
    ],
)
def test_a_frame_is_worth_a_look_for_one_reason(
    seen: Prediction, chance: float, expected: tuple[str, float] | None
) -> None:
    assert uncertain.worth(seen, chance) == expected


def test_an_answer_of_one_label_has_no_rival() -> None:
    alone = Prediction({"can": 0.25}, True, False, None)
    assert uncertain.worth(alone, 0.5) == (UNSURE, 0.75)


def labelled(first: str, second: str, *, unsure: bool = False, far: bool = False) -> Prediction:
    return Prediction({first: 0.75, second: 0.25}, unsure, far, None)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (prediction(0.9), labelled("glass", "can"), 0.75),
        (labelled("can", "glass"), Prediction({"glass": 0.9, "can": 0.1}, False, False, 1.0), 0.75),
        (prediction(0.9), labelled("can", "glass"), None),  # they agree
        (prediction(0.9, unsure=True), labelled("glass", "can"), None),
        (prediction(0.9, unfamiliarity=2.0), labelled("glass", "can"), None),
        (prediction(0.9), labelled("glass", "can", unsure=True), None),
        (prediction(0.9), labelled("glass", "can", far=True), None),
        (prediction(0.9), labelled("tin", "can"), None),  # a label that is gone, or renamed
        (prediction(0.9), labelled("glass", "paper"), None),  # it was not taught any can
    ],
)
def test_two_releases_disagree_where_both_are_sure_and_know_both_labels(
    now: Prediction, before: Prediction, expected: float | None
) -> None:
    assert uncertain.disagreement(now, before) == expected


@pytest.mark.parametrize(
    ("before", "may"),
    [
        ("can glass", True),
        ("glass can", True),
        ("can glass paper", True),
        ("can", False),
        ("can paper", False),
        ("metal paper", False),
        ("", False),
    ],
)
def test_releases_with_fewer_than_two_labels_in_common_cannot_disagree(
    before: str, may: bool
) -> None:
    assert uncertain.comparable(["can", "glass"], before.split()) is may


@pytest.mark.parametrize(("bits", "same"), [(0, True), (10, True), (11, False), (64, False)])
def test_frames_of_one_scene_are_alike(bits: int, same: bool) -> None:
    other = ALL ^ ((1 << bits) - 1)
    assert uncertain.alike(ALL, other) is same
    assert uncertain.known(other, [], [sent(0, phash=ALL)]) is same
    assert uncertain.known(other, [Kept("a", UNSURE, 0.5, ALL, 1)], []) is same
    assert uncertain.known(other, [], []) is False


@pytest.mark.parametrize(
    ("waiting", "new", "given_up"),
    [
        ([], kept("n"), []),
        ([kept("a", size=200)], kept("n"), []),
        ([kept("a", size=250)], kept("n", score=0.6), ["a"]),
        ([kept("a", size=250)], kept("n", score=0.5), None),
        ([kept("a", UNFAMILIAR, 0.1, 250)], kept("n", UNSURE, 0.9), None),
        ([kept("a", UNSURE, 0.9, 250)], kept("n", DISAGREES, 0.1), ["a"]),
        ([kept("a", UNFAMILIAR, 0.1, 250)], kept("n", DISAGREES, 0.9), None),
        ([kept("a", UNSURE, 0.9, 250)], kept("n", UNFAMILIAR, 0.1), ["a"]),
        ([kept("a", RANDOM, 0.9), kept("b", UNSURE, 0.1, 200)], kept("n"), ["a"]),
        ([kept("a", score=0.1), kept("b", score=0.2, size=200)], kept("n", size=200), ["a", "b"]),
        ([], kept("n", size=301), None),
        ([kept("b", score=0.1, size=150), kept("a", score=0.2, size=150)], kept("n"), ["b"]),
        ([kept("a", score=0.1, size=101), kept("b", score=0.2)], kept("n"), ["a"]),
        ([kept("a", score=0.1, size=100), kept("b", score=0.2, size=101)], kept("n"), ["a"]),
    ],
)
def test_on_a_full_disk_the_less_interesting_makes_room(
    waiting: list[Kept], new: Kept, given_up: list[str] | None
) -> None:
    found = uncertain.room(waiting, new, disk=300)
    assert (None if found is None else [each.name for each in found]) == given_up


@pytest.mark.parametrize(
    ("already", "budget", "picked"),
    [
        ([], Budget(0), None),
        ([], Budget(1), "best"),
        ([sent(DAY - 1)], Budget(1), None),
        ([sent(DAY)], Budget(1), "best"),
        ([sent(DAY / 2 - 1)], Budget(2), None),
        ([sent(DAY / 2)], Budget(2), "best"),
        ([sent(0.9 * DAY), sent(0.6 * DAY)], Budget(2), None),
        ([sent(0.5 * DAY, size=900)], Budget(9, size=1000), "best"),
        ([sent(0.5 * DAY, size=901)], Budget(9, size=1000), None),
        ([sent(0.0)], Budget(1), None),
        ([sent(-5.0)], Budget(1), "best"),  # the clock was set back
        ([sent(0.5 * DAY)] * 9, Budget(20), "chance"),
        ([sent(0.5 * DAY)] * 8, Budget(20), "best"),
        ([sent(0.5 * DAY)] * 10, Budget(20), "best"),
    ],
)
def test_the_best_goes_when_the_day_has_room_for_it(
    already: list[Sent], budget: Budget, picked: str | None
) -> None:
    waiting = [
        kept("chance", RANDOM, 0.9),
        kept("unsure", UNSURE, 0.9),
        kept("best", UNFAMILIAR, 0.2),
        kept("less", UNFAMILIAR, 0.1),
    ]
    found = uncertain.pick(waiting, already, budget, NOW)
    assert (found.name if found else None) == picked


def test_nothing_waits_and_nothing_goes() -> None:
    assert uncertain.pick([], [], Budget(5), NOW) is None


def test_what_a_person_waits_for_goes_first_and_beside_the_budget() -> None:
    waiting = [kept("best", UNFAMILIAR, 9.0), kept("2", CAPTURED, 0.0), kept("1", CAPTURED, 9.0)]
    found = uncertain.pick(waiting, [sent(1.0)], Budget(0), NOW)
    assert found == waiting[2]
    asked = sent(1.0)._replace(captured=True)
    left = uncertain.pick(waiting[:1], [asked], Budget(1), NOW)
    assert left == waiting[0]


def test_the_bounds_are_those_that_the_cloud_and_the_pages_tell() -> None:
    """The names stand in files' metadata, the sizes in docs/cameras.md."""
    assert (UNFAMILIAR, UNSURE, RANDOM, CAPTURED) == ("unfamiliar", "unsure", "random", "capture")
    assert DISAGREES == "disagrees"
    assert (uncertain.DISK_BYTES, uncertain.DAY_BYTES, uncertain.MOST_BYTES) == (
        10_000_000,
        20_000_000,
        2_000_000,
    )
    assert (uncertain.MOST_A_DAY, DAY) == (500, 86_400)
