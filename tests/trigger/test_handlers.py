"""What do the two shipped handlers do, seen from outside?"""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lensloop.machines.ladder import MOST_ATTEMPTS
from lensloop.settings import Settings
from lensloop.trigger.decide import FORGOTTEN, SETTLE
from tests.fakes.trigger_aws import BEGIN, Execution, FakeAws, connection_lost, throttled


def minutes(aws: FakeAws, count: int) -> None:
    for _ in range(count):
        aws.tick()
        aws.advance()
        aws.now += 60


def test_a_burst_becomes_one_run_after_the_quiet_time() -> None:
    aws = FakeAws()
    for _ in range(360):
        aws.upload()
        if aws.bucket % 10 == 0:
            aws.deliver()
    assert [step["step"] for step in aws.tick()["steps"]] == ["Wait"]
    aws.now += 120
    assert [step["step"] for step in aws.tick()["steps"]] == ["Acquire", "Start", "Confirm", "Wait"]
    aws.drain()
    assert (len(aws.executions), aws.trained) == (1, 360)


def test_one_batch_of_events_raises_the_mark_once() -> None:
    aws = FakeAws()
    aws.upload()
    aws.upload()
    aws.deliver()
    assert aws.state.gen == 1


def test_a_batch_is_not_acknowledged_when_the_mark_could_not_be_raised() -> None:
    aws = FakeAws(before_call={1: connection_lost})
    aws.upload()
    with pytest.raises(EndpointConnectionError):
        aws.deliver()
    assert aws.queue == 1
    aws.deliver()
    assert (aws.queue, aws.state.gen) == (0, 1)


@pytest.mark.parametrize("fault", [connection_lost, throttled])
def test_a_tick_that_cannot_be_woken_costs_nothing_but_a_line_in_the_log(
    fault: Callable[[], None],
) -> None:
    aws = FakeAws(before_call={2: fault})
    aws.upload()
    aws.deliver()
    assert aws.queue == 0
    assert json.loads(aws.printed[0])["level"] == "WARNING"


def test_a_change_during_a_run_gets_a_run_of_its_own() -> None:
    aws = FakeAws()
    aws.upload()
    aws.deliver()
    aws.now += 120
    minutes(aws, 3)
    assert aws.executions[0].seen == 1
    aws.upload()
    aws.drain()
    assert [execution.seen for execution in aws.executions] == [1, 2]


def test_a_sweep_finds_what_a_lost_event_hid() -> None:
    aws = FakeAws()
    aws.upload(lost=True)
    aws.drain()
    assert aws.executions == []
    aws.tick({"sweep": True})
    aws.drain()
    assert aws.trained == 1


def test_a_sweep_counts_even_when_its_tick_fails() -> None:
    aws = FakeAws(before_call={2: connection_lost})
    with pytest.raises(EndpointConnectionError):
        aws.tick({"sweep": True})
    assert aws.state.gen == 1


def test_a_sweep_of_an_unchanged_bucket_trains_nothing() -> None:
    aws = FakeAws()
    aws.upload()
    aws.drain()
    aws.tick({"sweep": True})
    aws.drain()
    assert [execution.outcome for execution in aws.executions] == ["released", "nothing-new"]
    assert list(aws.jobs) == ["deeplens-trash-1-1"]


def test_the_training_that_an_aborted_run_left_behind_is_stopped_before_the_next_run() -> None:
    aws = FakeAws(fates={1: "aborted"})
    aws.upload()
    aws.drain()
    assert aws.jobs == {"deeplens-trash-1-1": "Stopped", "deeplens-trash-2-1": "Completed"}
    assert aws.executions[1].started >= aws.executions[0].stopped + SETTLE
    assert [subject for subject, _ in aws.news] == ["retraining run 1 was aborted"]


@pytest.mark.parametrize("attempt", [2, MOST_ATTEMPTS])
def test_a_later_attempt_that_is_left_behind_is_stopped_as_well(attempt: int) -> None:
    aws = FakeAws()
    aws.upload()
    aws.deliver()
    aws.now += 120
    minutes(aws, 3)
    later = f"deeplens-trash-1-{attempt}"
    aws.jobs = {"deeplens-trash-1-1": "Failed", later: "InProgress"}
    aws.end(aws.executions[0], "ABORTED")
    aws.drain()
    assert aws.jobs[later] == "Stopped"
    assert aws.trained == 1


def test_a_lack_of_machines_is_told_once_and_tried_until_there_is_one() -> None:
    aws = FakeAws(fates=dict.fromkeys((1, 2, 3), "no-machine"))
    aws.upload()
    aws.drain()
    outcomes = [execution.outcome for execution in aws.executions]
    assert outcomes == ["no-machine", "no-machine", "no-machine", "released"]
    assert [subject for subject, _ in aws.news] == ["retraining waits: AWS has no free machine"]
    state = aws.state
    assert (state.fails, state.blocked_digest, state.failed_times) == (0, "", 0)
    assert aws.trained == 1


def test_a_run_that_was_stopped_a_moment_ago_is_not_over_yet() -> None:
    """A training job may still be on its way."""
    aws = FakeAws()
    aws.upload()
    aws.deliver()
    aws.now += 120
    minutes(aws, 2)
    aws.end(aws.executions[0], "ABORTED")
    aws.now += SETTLE - 1
    aws.tick()
    assert aws.state.run is not None
    aws.now += 1
    aws.tick()
    assert aws.state.run is None


def test_a_run_that_cannot_be_asked_about_is_not_forgotten() -> None:
    aws = FakeAws()
    aws.upload()
    aws.deliver()
    aws.now += 120
    minutes(aws, 2)
    aws.now += FORGOTTEN
    aws.before_call = {aws.calls + 2: throttled}  # after the state, the execution
    with pytest.raises(ClientError, match="Rate exceeded"):
        aws.tick()
    assert aws.state.run is not None


def test_the_training_of_a_run_that_aws_has_forgotten_is_stopped_before_the_next_run() -> None:
    aws = FakeAws()
    aws.upload()
    aws.deliver()
    aws.now += 120
    minutes(aws, 3)
    aws.executions.clear()
    aws.drain()
    assert aws.jobs == {"deeplens-trash-1-1": "Stopped", "deeplens-trash-2-1": "Completed"}
    assert [subject for subject, _ in aws.news] == [
        "retraining run 1 was forgotten by Step Functions"
    ]


def test_a_data_set_that_always_fails_is_tried_three_times_then_blocked_and_told() -> None:
    aws = FakeAws(fates=dict.fromkeys(range(1, 100), "fails"))
    aws.upload()
    aws.drain()
    assert [execution.outcome for execution in aws.executions] == ["", "", "", "blocked"]
    starts = [execution.started for execution in aws.executions]
    assert starts[2] - starts[1] > starts[1] - starts[0]
    *before, (subject, message) = aws.news
    assert [told for told, _ in before] == ["retraining run 1 failed", "retraining run 2 failed"]
    assert "blocked" in subject
    assert "AlgorithmError: no pictures" in message
    aws.tick()
    metrics = json.loads(aws.printed[-1])
    assert metrics["DigestBlocked"] == 1
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [
        {"Name": "DigestBlocked", "Unit": "Count"}
    ]


def test_a_person_can_clear_a_block() -> None:
    aws = FakeAws(fates=dict.fromkeys(range(1, 5), "fails"))
    aws.upload()
    aws.drain()
    aws.tick({"clear_blocked": True})
    aws.drain()
    assert (aws.executions[-1].epoch, aws.executions[-1].outcome) == (5, "released")
    assert aws.state.blocked_digest == ""


def test_the_daily_cap_holds_until_midnight_tells_once_and_loses_nothing() -> None:
    aws = FakeAws(settings=Settings(runs_per_day=2))
    for _ in range(3):
        aws.upload()
        aws.deliver()
        aws.now += 120
        minutes(aws, 6)
    assert len(aws.executions) == 2
    assert len(aws.news) == 1
    assert any("DailyCapReached" in line for line in aws.printed)
    aws.drain()
    assert (len(aws.executions), aws.trained) == (3, 3)
    assert aws.executions[2].started // 86_400 == BEGIN // 86_400 + 1
    assert len(aws.news) == 1


def test_after_a_restore_of_the_table_the_numbers_of_old_executions_are_passed_over() -> None:
    aws = FakeAws(
        executions=[
            Execution(n, BEGIN - 9000 + n, "SUCCEEDED", seen=0, outcome="released")
            for n in (1, 2, 3)
        ]
    )
    aws.upload()
    aws.drain()
    assert [execution.epoch for execution in aws.executions] == [1, 2, 3, 4]
    assert (aws.state.epoch, aws.trained) == (4, 1)


def test_an_execution_that_aws_shows_late_is_started_once_and_asked_for_again_later() -> None:
    aws = FakeAws(shown_after=90)
    aws.upload()
    aws.deliver()
    aws.now += 120
    assert [step["step"] for step in aws.tick()["steps"]] == ["Acquire", "Start"]
    aws.now += 60
    assert [step["step"] for step in aws.tick()["steps"]] == ["Start"]
    aws.now += 60
    assert [step["step"] for step in aws.tick()["steps"]] == ["Confirm", "Wait"]
    aws.drain()
    assert (len(aws.executions), aws.trained) == (1, 1)


def test_a_run_that_cannot_be_started_is_an_error_and_not_passed_over() -> None:
    """The errors of the tick are what its alarm watches."""
    aws = FakeAws()
    aws.upload()
    aws.deliver()
    aws.now += 120
    aws.before_call = {
        aws.calls + 7: throttled
    }  # after Acquire: the state, the execution, two training jobs
    with pytest.raises(ClientError, match="Rate exceeded"):
        aws.tick()
    assert aws.executions == []
    assert aws.state.run is not None


def test_news_that_cannot_be_sent_now_is_sent_later_and_holds_nothing_up() -> None:
    aws = FakeAws(fates={1: "aborted"})
    aws.tell_broken = True
    aws.upload()
    aws.deliver()
    for _ in range(30):
        with suppress(EndpointConnectionError):
            aws.tick()
        aws.advance()
        aws.now += 60
    assert aws.trained == 1
    assert aws.news == []
    aws.tell_broken = False
    aws.drain()
    assert len(aws.news) == 1
