"""Is each camera's state said in plain words, and counted once?"""

from dataclasses import replace

import pytest

from lensloop.fleet.look import SILENT_AFTER, Counts, counts, look, newly_silent, span
from lensloop.fleet.terms import Camera, Live
from tests.fleet.cameras import DAY, HOUR, LIVE, NOW, camera, gave_back


def seen(found: Camera, ago: int, *, since: int = 0) -> Camera:
    at = NOW - ago
    return replace(found, seen_ms=at * 1000, since=since or at)


@pytest.mark.parametrize(
    ("found", "live", "state", "words"),
    [
        (None, LIVE, "never seen", "never seen: its agent has not reported yet"),
        (camera(7), LIVE, "well", "runs release 7"),
        (seen(camera(7), 65 * 60), LIVE, "well", "runs release 7"),
        (seen(camera(7), 65 * 60 + 1), LIVE, "silent", "silent for 1 h"),
        (seen(camera(6), 2 * HOUR + 99), LIVE, "silent", "silent for 2 h"),
        (camera(None), None, "no release live", "no release is live yet"),
        (camera(6), LIVE, "release waiting", "release waiting: runs release 6 and must run 7"),
        (
            seen(camera(6), 60, since=NOW - HOUR),
            LIVE,
            "wrong release",
            "wrong release: runs release 6 and must run 7",
        ),
        (
            seen(camera(None), 60, since=NOW - HOUR + 1),
            LIVE,
            "release waiting",
            "release waiting: runs none and must run 7",
        ),
        (
            camera(6),
            replace(LIVE, stopped=True),
            "release waiting",
            "release waiting: runs release 6, as the rollout of release 7 was stopped",
        ),
        (
            seen(gave_back(7), 60, since=NOW - DAY),
            LIVE,
            "wrong release",
            "wrong release: runs release 6, gave release 7 back: dark frames",
        ),
        (
            seen(gave_back(6, runs=5), 60),
            LIVE,
            "release waiting",
            "release waiting: runs release 5 and must run 7",
        ),
        (
            seen(camera(9), 60, since=NOW - DAY),
            LIVE,
            "wrong release",
            "wrong release: runs release 9, newer than the live release 7",
        ),
        (
            seen(camera(8), 60, since=NOW - DAY),
            LIVE,
            "wrong release",
            "wrong release: runs release 8 and must run 7",
        ),
        (
            seen(camera(7, sha256="e" * 64), 60, since=NOW - DAY),
            LIVE,
            "wrong release",
            "wrong release: runs release 7, but another file than is live",
        ),
    ],
)
def test_a_camera_is_described(
    found: Camera | None, live: Live | None, state: str, words: str
) -> None:
    said = look(found, live, NOW)
    assert (said.state, said.words) == (state, words)


def test_a_release_waits_since_it_is_live_or_since_the_camera_lost_it() -> None:
    long = replace(camera(6), since=NOW - 9 * DAY)
    assert look(long, LIVE, NOW).waiting_since == LIVE.released_at
    assert look(camera(None), LIVE, NOW).waiting_since == NOW - 60
    assert look(seen(camera(6), DAY), LIVE, NOW).waiting_since == NOW - DAY  # and it is silent
    assert look(camera(7), LIVE, NOW).waiting_since == 0


def test_each_registered_camera_counts_once() -> None:
    wrong = replace(camera(6, thing="deeplens_wrong"), since=NOW - DAY)
    silent = seen(camera(6, thing="deeplens_silent"), DAY)
    removed = replace(wrong, thing="deeplens_removed")
    registered = ["deeplens_a", "deeplens_wrong", "deeplens_silent", "deeplens_never"]
    cameras = [camera(7), wrong, silent, removed]
    assert counts(registered, cameras, LIVE, NOW) == Counts(cameras=4, silent=1, wrong=1)
    assert counts([], [], None, NOW) == Counts(0, 0, 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 min"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (DAY - 1, "23 h"),
        (DAY, "1 day"),
        (3 * DAY, "3 days"),
    ],
)
def test_a_span_is_rounded_down(seconds: int, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("silence", "told", "found"),
    [
        (SILENT_AFTER, False, False),
        (SILENT_AFTER + 1, False, True),
        (SILENT_AFTER + 1, True, False),
        (DAY, False, True),
    ],
)
def test_a_silence_is_told_once(silence: int, told: bool, found: bool) -> None:
    one = seen(camera(7), silence)
    if told:
        one = replace(one, silence_told=one.seen_ms)
    assert newly_silent([one], NOW) == ([one] if found else [])


def test_another_silence_of_the_same_camera_is_told_again() -> None:
    before = seen(camera(7), DAY)
    one = replace(seen(camera(7), 2 * HOUR), silence_told=before.seen_ms)
    assert newly_silent([one], NOW) == [one]
