"""Which cameras are ordered the live release again, how often, and of which are people told?"""

from dataclasses import replace

import pytest

from lensloop.fleet.desired import (
    OrderAgain,
    Step,
    TellGivenBack,
    pause,
    steps,
    waves_to_lead_back,
    without_open_orders,
)
from lensloop.fleet.terms import Camera, Ordered, after
from tests.fleet.cameras import DAY, HOUR, LIVE, NOW, camera, gave_back

WEEK = 7 * DAY


def order(times: int = 1) -> list[Step]:
    return [OrderAgain("deeplens_a", Ordered(7, times, NOW))]


@pytest.mark.parametrize(
    ("what", "found", "expected"),
    [
        ("runs live", camera(7), []),
        ("has none: it joined late, or its file has rotted", camera(None), order()),
        ("runs an older good one", camera(6), order()),
        ("runs another file of that number", camera(7, sha256="e" * 64), order()),
        ("tries a newer one as a canary", camera(9), []),
        ("runs one that was taken back", camera(8), order()),
        ("gave live back", gave_back(7), [TellGivenBack("deeplens_a", 7, "dark frames")]),
        ("gave live back and people know", replace(gave_back(7), told=7), []),
        ("gave an earlier one back", replace(gave_back(6, runs=5), told=6), order()),
    ],
)
def test_a_camera_gets_what_it_lacks(what: str, found: Camera, expected: list[Step]) -> None:
    assert steps(LIVE, [found], NOW) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (camera(6), []),  # it keeps the good one that it has
        (camera(None), order()),
        (camera(8), order()),
        (camera(7, sha256="e" * 64), order()),
        (gave_back(7), [TellGivenBack("deeplens_a", 7, "dark frames")]),
    ],
)
def test_what_the_fleet_failed_goes_to_no_camera_that_runs_an_older_one(
    found: Camera, expected: list[Step]
) -> None:
    assert steps(replace(LIVE, stopped=True), [found], NOW) == expected


def test_while_a_rollout_runs_only_what_was_given_back_is_told() -> None:
    found = steps(LIVE, [camera(6), gave_back(7)], NOW, may_order=False)
    assert found == [TellGivenBack("deeplens_a", 7, "dark frames")]


@pytest.mark.parametrize(
    ("times", "waited", "again"),
    [
        (1, HOUR - 1, False),
        (1, HOUR, True),
        (2, 2 * HOUR - 1, False),
        (2, 2 * HOUR, True),
        (5, 16 * HOUR, True),
        (20, WEEK - 1, False),
        (20, WEEK, True),
    ],
)
def test_the_pauses_between_orders_grow(times: int, waited: int, again: bool) -> None:
    before = Ordered(7, times, NOW - waited)
    broken = replace(camera(None), ordered=before, since=NOW - 2 * WEEK)
    assert steps(LIVE, [broken], NOW) == (order(times + 1) if again else [])


def test_the_orders_of_a_year_for_a_broken_camera_are_few() -> None:
    assert (pause(0), pause(1)) == (0, HOUR)
    at, times = 0, 0
    while at < 365 * DAY:
        times += 1
        at += pause(times)
    assert times <= 60


@pytest.mark.parametrize(
    ("before", "since", "why"),
    [
        (Ordered(6, 4, NOW - 60), NOW - 60, "another release"),
        (Ordered(7, 4, NOW - 2 * DAY), NOW - 60, "it was right for a day: other trouble"),
        (Ordered(7, 4, NOW - DAY - 61), NOW - 60, "for a second more than a day"),
    ],
)
def test_what_is_other_trouble_gets_its_order_at_once(
    before: Ordered, since: int, why: str
) -> None:
    assert steps(LIVE, [replace(camera(None), ordered=before, since=since)], NOW) == order()


@pytest.mark.parametrize("ago", [5 * HOUR, DAY + 60])  # it is so for a minute
def test_one_that_rots_again_within_a_day_goes_on_counting(ago: int) -> None:
    before = Ordered(7, 3, NOW - ago)
    assert steps(LIVE, [replace(camera(None), ordered=before)], NOW) == order(4)


def test_a_camera_with_an_open_order_gets_no_second_one() -> None:
    found = steps(LIVE, [camera(6, thing="deeplens_b"), camera(6), gave_back(7)], NOW)
    left = without_open_orders(found, {"deeplens_a"})
    assert [step.thing for step in left] == ["deeplens_a", "deeplens_b"]
    assert isinstance(left[0], TellGivenBack)


@pytest.mark.parametrize(("failed", "waves"), [(9, ["canary", "fleet"]), (10, ["fleet"]), (8, [])])
def test_the_waves_that_try_what_has_failed_are_led_back(failed: int, waves: list[str]) -> None:
    """A statement leads back from release 8 already."""
    canary = replace(camera(9), wave="canary")
    cameras = [camera(9), canary, canary, camera(10), camera(8), camera(7), gave_back(7)]
    assert waves_to_lead_back(LIVE, failed, cameras) == waves


def test_since_when_it_runs_something_is_kept_until_that_changes() -> None:
    first = replace(
        camera(6), since=NOW - DAY, ordered=Ordered(7, 1, NOW - HOUR), told=5, silence_told=3
    )
    same, other = after(first, camera(6)), after(first, camera(7))
    assert (same.since, other.since) == (NOW - DAY, NOW - 60)
    assert (other.ordered, other.told, other.silence_told) == (first.ordered, 5, 3)
    assert after(None, camera(6)) == camera(6)


@pytest.mark.parametrize(
    ("number", "runs", "again"),
    [(1, 7, True), (2, 7, False), (3, 7, False), (None, 7, False), (1, 9, False)],
)
def test_who_does_not_believe_the_newest_keys_is_ordered_them(
    number: int | None, runs: int, again: bool
) -> None:
    """With the release that it runs already; an agent from before could not follow."""
    one = camera(runs)
    one = replace(one, report=one.report._replace(key_number=number))
    assert steps(replace(LIVE, keys=2), [one], NOW) == (order() if again else [])
