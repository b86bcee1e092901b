"""May a person have a rollout tried again, paused, resumed or decided, and what are they told?"""

from dataclasses import replace

import pytest

from lensloop.steering import GO_ON, PAUSE, RESUME, RETRY, UNFINISHED, Stand, Step, steer

TRIED = Stand(candidate=7, state="tried", live=5, running=False, paused=False)
FAILED = replace(TRIED, state="failed")
LIVE = Stand(candidate=7, state="proven", live=7, running=False, paused=False)
RUNS = replace(TRIED, running=True)
PAUSED = replace(TRIED, paused=True)
NONE = Stand(candidate=0, state="", live=0, running=False, paused=False)


AGAIN = "Release 7 is rolled out again, from the canaries on."
ON_RESUME = "`lensloop resume` lets them go on."
RUNNING = "A rollout is running; wait for its end, or `lensloop pause` it."
GOES_ON = "The rollout of release 7 goes on; cameras that run it already answer at once."
NONE_WAITED = "Rollouts may begin again; none was waiting."
DECIDE = (
    "The cameras that have answered decide about release 7, at the next look, and its bake time"
    " ends; if none has, it goes on without them. Who is offline keeps the order."
)
UNDECIDED = "No rollout waits for cameras, so there is nothing to decide."


@pytest.mark.parametrize(
    ("decision", "stand", "roll_out", "sentence"),
    [
        (RETRY, FAILED, 7, AGAIN),
        (RETRY, TRIED, 7, AGAIN),
        (RETRY, replace(TRIED, state="taken-back"), 7, AGAIN),
        (RETRY, replace(LIVE, live=5), 7, AGAIN),  # it was taken back
        (RETRY, replace(LIVE, stopped=True), 7, AGAIN),
        (UNFINISHED, TRIED, 7, AGAIN),
        (
            PAUSE,
            RUNS,
            0,
            "The rollout is paused: cameras that have not begun will not, those that have may"
            " finish. `lensloop resume` lets it go on.",
        ),
        (PAUSE, LIVE, 0, "No rollout runs now; the next one waits for `lensloop resume`."),
        (RESUME, PAUSED, 7, GOES_ON),
        (RESUME, replace(LIVE, paused=True), 7, GOES_ON),
        (RESUME, replace(FAILED, paused=True), 0, NONE_WAITED),
        (RESUME, replace(LIVE, live=8, paused=True), 0, NONE_WAITED),
        (
            RESUME,
            replace(LIVE, live=5, paused=True),
            0,
            "Rollouts may begin again; release 7 was taken back.",
        ),
        (GO_ON, RUNS, 0, DECIDE),
        (GO_ON, replace(LIVE, running=True), 0, DECIDE),  # a share of the fleet
        (RETRY, replace(LIVE, by_shares=True), 7, AGAIN),
        (UNFINISHED, replace(LIVE, by_shares=True), 7, AGAIN),
    ],
)
def test_what_can_be_done_is_done(
    decision: str, stand: Stand, roll_out: int, sentence: str
) -> None:
    assert steer(decision, stand, interrupted=7) == Step(True, sentence, roll_out)


@pytest.mark.parametrize(
    ("decision", "stand", "sentence"),
    [
        (RETRY, NONE, "No release was rolled out yet, so there is none to try again."),
        (RETRY, RUNS, RUNNING),
        (RETRY, PAUSED, f"Rollouts are paused: {ON_RESUME}"),
        (
            RETRY,
            replace(FAILED, live=8),
            "Release 8 is live, which is newer: Release 7 stays unused.",
        ),
        (
            RETRY,
            LIVE,
            "Release 7 is live already: a camera that does not run it is ordered it again"
            " by itself.",
        ),
        (UNFINISHED, FAILED, "Nothing is unfinished."),  # a person decides about that
        (UNFINISHED, LIVE, "Nothing is unfinished."),
        (UNFINISHED, replace(LIVE, stopped=True), "Nothing is unfinished."),
        (UNFINISHED, RUNS, RUNNING),
        (UNFINISHED, PAUSED, f"Rollouts are paused: {ON_RESUME}"),
        (PAUSE, PAUSED, f"Rollouts are paused already: {ON_RESUME}"),
        (RESUME, TRIED, "No rollout is paused, so nothing was changed."),
        (GO_ON, TRIED, UNDECIDED),
        (
            GO_ON,
            replace(RUNS, asked=False),
            "The rollout of release 7 has not begun: no camera was asked yet. It waits"
            " for its window (`rollout_window`).",
        ),
        (GO_ON, replace(LIVE, live=5, running=True), UNDECIDED),
        (GO_ON, replace(NONE, running=True), UNDECIDED),
        (UNFINISHED, replace(LIVE, by_shares=True, stopped=True), "Nothing is unfinished."),
        (UNFINISHED, replace(LIVE, by_shares=True, live=8), "Nothing is unfinished."),
        ("dance", TRIED, "Nobody knows how to 'dance' a rollout."),
    ],
)
def test_what_cannot_be_done_changes_nothing(decision: str, stand: Stand, sentence: str) -> None:
    assert steer(decision, stand) == Step(False, sentence, 0)


def test_a_rollout_that_no_pause_ended_is_not_begun_again() -> None:
    assert steer(RESUME, replace(LIVE, paused=True), interrupted=0).roll_out == 0
    first = Stand(candidate=1, state="proven", live=1, running=False, paused=True)
    assert steer(RESUME, first) == Step(True, NONE_WAITED)


def test_decisions_are_called_as_the_commands_and_the_retraining_call_them() -> None:
    called = (RETRY, UNFINISHED, PAUSE, RESUME, GO_ON)
    assert called == ("retry", "unfinished", "pause", "resume", "go-on")
