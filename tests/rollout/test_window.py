"""When may a wave begin?"""

import re

import pytest

from lensloop.window import DAY, PATTERN, Hold, hold, until_open

MIDNIGHT, HOUR = 20_000 * DAY, 3600


@pytest.mark.parametrize(
    ("window", "hour", "seconds"),
    [
        ("", 12, 0),
        ("22:00-04:00", 22, 0),
        ("22:00-04:00", 0, 0),
        ("22:00-04:00", 3.99, 0),
        ("22:00-04:00", 4, 18 * HOUR),
        ("22:00-04:00", 21.5, HOUR // 2),
        ("01:30-05:00", 1, HOUR // 2),
        ("01:30-05:00", 1.5, 0),
        ("01:30-05:00", 5, 20.5 * HOUR),
        ("09:00-09:00", 3, 0),
    ],
)
def test_the_window_opens_when_it_says(window: str, hour: float, seconds: float) -> None:
    assert until_open(window, MIDNIGHT + int(hour * HOUR)) == seconds


@pytest.mark.parametrize(("seconds", "look"), [(0, 0), (30, 30), (900, 900), (7 * DAY, 900)])
def test_a_rollout_that_is_held_looks_each_quarter_of_an_hour(seconds: int, look: int) -> None:
    assert Hold(seconds).next_look == look


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("", Hold(0)),
        ("01:00-02:00", Hold(HOUR, "a wave begins between 01:00-02:00 (UTC) only")),
        ("23:00-02:00", Hold(0)),
    ],
)
def test_a_wave_waits_for_its_window(window: str, expected: Hold) -> None:
    assert hold(window, MIDNIGHT) == expected


@pytest.mark.parametrize(
    ("window", "is_one"),
    [
        ("", True),
        ("22:00-04:00", True),
        ("00:00-23:59", True),
        ("24:00-04:00", False),
        ("22:60-04:00", False),
        ("22:00", False),
        ("9:00-17:00", False),
    ],
)
def test_a_window_has_two_times_of_a_day(window: str, is_one: bool) -> None:
    assert bool(re.fullmatch(PATTERN, window)) is is_one
