"""May a person have a rollout tried again, paused, resumed or decided, and what are they told?"""

from dataclasses import replace

import pytest

from lensloop.steering import GO_ON, PAUSE, RESUME, RETRY, UNFINISHED, Stand, steer

TRIED = Stand(candidate=7, state="tried", live=5, running=False, paused=False)
FAILED = replace(TRIED, state="failed")
LIVE = Stand(candidate=7, state="proven", live=7, running=False, paused=False)
RUNS = replace(TRIED, running=True)
PAUSED = replace(TRIED, paused=True)
NONE = Stand(candidate=0, state="", live=0, running=False, paused=False)


@pytest.mark.parametrize(
    ("decision", "stand", "roll_out", "words"),
    [
        (RETRY, FAILED, 7, "Release 7 is rolled out again"),
        (RETRY, TRIED, 7, "Release 7 is rolled out again"),
        (RETRY, replace(TRIED, state="taken-back"), 7, "Release 7 is rolled out again"),
        (RETRY, replace(LIVE, live=5), 7, "Release 7 is rolled out again"),  # it was taken back
        (RETRY, replace(LIVE, stopped=True), 7, "Release 7 is rolled out again"),
        (UNFINISHED, TRIED, 7, "Release 7 is rolled out again"),
        (PAUSE, RUNS, 0, "The rollout is paused"),
        (PAUSE, LIVE, 0, "the next one waits"),
        (RESUME, PAUSED, 7, "The rollout of release 7 goes on"),
        (RESUME, replace(LIVE, paused=True), 7, "The rollout of release 7 goes on"),
        (RESUME, replace(FAILED, paused=True), 0, "none was waiting"),
        (RESUME, replace(LIVE, live=8, paused=True), 0, "none was waiting"),
        (RESUME, replace(LIVE, live=5, paused=True), 0, "release 7 was taken back"),
        (GO_ON, RUNS, 0, "decide about release 7"),
        (GO_ON, replace(LIVE, running=True), 0, "decide about release 7"),  # a share of the fleet
        (RETRY, replace(LIVE, by_shares=True), 7, "Release 7 is rolled out again"),
        (UNFINISHED, replace(LIVE, by_shares=True), 7, "Release 7 is rolled out again"),
    ],
)
def test_what_can_be_done_is_done(decision: str, stand: Stand, roll_out: int, words: str) -> None:
    step = steer(decision, stand, interrupted=7)
    assert (step.did, step.roll_out, words in step.sentence) == (True, roll_out, True)


@pytest.mark.parametrize(
    ("decision", "stand", "words"),
    [
        (RETRY, NONE, "No release was rolled out yet"),
        (RETRY, RUNS, "A rollout is running"),
        (RETRY, PAUSED, "`lensloop resume` lets them go on"),
        (RETRY, replace(FAILED, live=8), "Release 8 is live, which is newer"),
        (RETRY, LIVE, "Release 7 is live already"),
        (UNFINISHED, FAILED, "Nothing is unfinished"),  # a person decides about that
        (UNFINISHED, LIVE, "Nothing is unfinished"),
        (UNFINISHED, replace(LIVE, stopped=True), "Nothing is unfinished"),
        (UNFINISHED, RUNS, "A rollout is running"),
        (UNFINISHED, PAUSED, "paused"),
        (PAUSE, PAUSED, "paused already"),
        (RESUME, TRIED, "No rollout is paused"),
        (GO_ON, TRIED, "No rollout waits"),
        (GO_ON, replace(RUNS, asked=False), "no camera was asked yet"),
        (GO_ON, replace(LIVE, live=5, running=True), "No rollout waits"),
        (GO_ON, replace(NONE, running=True), "No rollout waits"),
        (UNFINISHED, replace(LIVE, by_shares=True, stopped=True), "Nothing is unfinished"),
        (UNFINISHED, replace(LIVE, by_shares=True, live=8), "Nothing is unfinished"),
        ("dance", TRIED, "Nobody knows how to 'dance' a rollout."),
    ],
)
def test_what_cannot_be_done_changes_nothing(decision: str, stand: Stand, words: str) -> None:
    step = steer(decision, stand)
    assert (step.did, step.roll_out, words in step.sentence) == (False, 0, True)


def test_a_rollout_that_no_pause_ended_is_not_begun_again() -> None:
    assert steer(RESUME, replace(LIVE, paused=True), interrupted=0).roll_out == 0
