"""Does a run find a machine where there is one, wait where there is none, and let go of it when a
person stops it?
"""

from typing import Any

import psutil
import pytest

from lensloop.machines.ladder import types
from lensloop.record import Record
from lensloop.settings import Settings
from lensloop.wire import names
from tests.local.account import until
from tests.stories.conftest import Person

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = types(Settings())


def jobs_of(told: Record) -> list[tuple[str, str, bool, str]]:
    jobs: list[dict[str, Any]] = (told["training"] or {})["jobs"]
    return [(job["name"], job["instance"], job["spot"], job["status"]) for job in jobs]


def first_end(person: Person, after: int, outcome: str) -> Record:
    """The first run after that one which ends so."""

    def found() -> Record | None:
        for epoch in range(after + 1, person.table.trigger().epoch + 1):
            told = person.record(epoch)
            if told and told["outcome"] == outcome:
                return person.waits_for_end(epoch)
        return None

    record: Record = person.waits_for(found)
    return record


def test_where_a_type_is_lacking_on_spot_and_on_demand_the_next_one_trains(
    person: Person,
) -> None:
    person.is_told(no_machines=[FIRST])
    person.upload("first", 20)
    told = person.waits_for_end(1)
    assert told["outcome"] == "released"
    assert jobs_of(told) == [
        ("deeplens-trash-1-1", FIRST, True, "Stopped"),
        ("deeplens-trash-1-2", FIRST, False, "Failed"),
        ("deeplens-trash-1-3", SECOND, True, "Completed"),
    ]
    tried = [(one["instance"], one["spot"]) for one in (told["training"] or {})["tried"]]
    assert tried == [(FIRST, True), (FIRST, False)]
    assert person.table.trigger().fails == 0


def test_where_there_is_no_machine_at_all_the_run_waits_tells_it_once_and_then_trains(
    person: Person,
) -> None:
    before, live = person.table.trigger().epoch, person.table.live()
    person.is_told(no_machines=[FIRST, SECOND, THIRD])
    person.upload("second", 4)
    for epoch in (before + 1, before + 2):
        told = person.waits_for_end(epoch)
        assert (told["outcome"], told["failure"]) == ("no-machine", None)
        assert told["reasons"][0].startswith(
            f"AWS has none at the moment: {FIRST} on spot capacity and on demand, {SECOND}"
        )
        assert len(jobs_of(told)) == 6
        status = person.cloud.client("stepfunctions").describe_execution(
            executionArn=told["execution"]
        )["status"]
        assert status == "SUCCEEDED"  # which rings no alarm
    assert person.table.live() == live
    state = person.table.trigger()
    assert (state.blocked_digest, state.failed_times) == ("", 0)

    person.is_told(no_machines=[FIRST], no_spot=[SECOND])
    released = first_end(person, before + 2, "released")
    assert jobs_of(released)[-1][1:] == (SECOND, False, "Completed")
    subjects = person.messages(before + 1, released["epoch"])
    waits = [subject for subject in subjects if "retraining waits" in subject]
    assert waits == ["deeplens-trash: retraining waits: AWS has no free machine"]
    assert person.table.trigger().told_faults == ()


def test_stopping_the_execution_ends_the_process_of_its_job_and_the_next_run_trains(
    person: Person,
) -> None:
    before, jobs = person.table.trigger().epoch, set(person.jobs())
    person.is_told(launch_seconds=3)  # so that its process, which is soon done, is looked for first
    person.upload("third", 4)
    [job] = person.waits_for(lambda: set(person.jobs()) - jobs)
    person.is_told()
    assert until(lambda: processes(job), bool, 60)
    machine = person.outputs["RetrainingWorkflow"]
    execution = machine.replace(":stateMachine:", ":execution:")
    person.cloud.client("stepfunctions").stop_execution(
        executionArn=f"{execution}:{names.execution(before + 1)}"
    )
    sagemaker = person.cloud.client("sagemaker")
    assert until(lambda: not processes(job), bool, 30)

    def ended() -> bool:
        found = sagemaker.describe_training_job(TrainingJobName=job)
        return bool(found["TrainingJobStatus"] == "Stopped")

    assert until(ended, bool, 30)  # its output is written after the process
    told = person.waits_for_end(before + 1)
    assert told["outcome"] == "aborted"
    assert first_end(person, before + 1, "released")["epoch"] > before + 1


def processes(job: str) -> list[int]:
    """Those that train for this job, wherever they are."""
    return [one.pid for one in psutil.process_iter() if _trains(one, job)]


def _trains(process: psutil.Process, job: str) -> bool:
    try:
        return process.environ().get("TRAINING_JOB_NAME") == job
    except (psutil.Error, OSError):  # another user's, or gone meanwhile
        return False
