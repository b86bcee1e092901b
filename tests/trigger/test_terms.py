"""Which words of AWS does the trigger know, and what does it know before anything happened?"""

import pytest

from lensloop.model.standards import Standards
from lensloop.settings import Settings
from lensloop.trigger.terms import JOB_ENDED, RUNNING, STARTING, Execution, Pacing, Run, State


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("RUNNING", False),
        ("PENDING_REDRIVE", False),
        ("SUCCEEDED", True),
        ("FAILED", True),
        ("TIMED_OUT", True),
        ("ABORTED", True),
    ],
)
def test_an_execution_has_ended_in_four_ways(status: str, ended: bool) -> None:
    assert Execution(status, 0).ended == ended


def test_a_training_job_has_ended_when_it_will_never_cost_anything_again() -> None:
    assert sorted(JOB_ENDED) == ["Completed", "Deleting", "Failed", "Stopped"]


def test_the_table_keeps_these_words_for_the_phases_of_a_run() -> None:
    assert (STARTING, RUNNING) == ("STARTING", "RUNNING")
    assert Run(7, 5, STARTING, 100).digest == ""


def test_before_the_first_change_nothing_is_known() -> None:
    state = State()
    counts = (state.gen, state.covered, state.epoch, state.last_at, state.fails, state.not_before)
    assert counts == (0,) * 6
    assert (state.spent_runs, state.failed_times) == (0, 0)
    words = (
        state.digest,
        state.spent_day,
        state.failed_digest,
        state.blocked_digest,
        state.cap_told,
    )
    assert words == ("",) * 5
    assert (state.judged_by, state.standards) == ("", "")
    assert (state.held, state.approved) == ("", "")
    assert (state.imported, state.import_judged, state.to_import) == ("", "", "")
    assert (state.news, state.told_faults) == ((), ())
    execution = Execution("RUNNING", 0)
    assert (execution.stopped_at, execution.outcome) == (0, "")
    assert (execution.digest, execution.error, execution.cause) == ("", "", "")
    assert (execution.standards, execution.imported) == ("", "")


def test_each_pace_is_its_setting() -> None:
    settings = Settings(
        quiet_seconds=7,
        max_wait_seconds=8,
        backoff_seconds=9,
        runs_per_day=10,
        max_pause_seconds=11,
    )
    standards = str(Standards.from_settings(settings))
    assert Pacing.from_settings(settings) == Pacing(7, 8, 9, 10, 11, standards=standards)
    assert Pacing(7, 8, 9, 10, 11).standards == ""
