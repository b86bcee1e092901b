"""Does a change under images/, and nothing else, wake the trigger?"""

import time
from dataclasses import replace

import pytest

from lensloop.settings import Settings
from lensloop.trigger.decide import decide
from lensloop.trigger.terms import Facts, Pacing, State, Step, Wait
from lensloop.wire.errors import SettingsError
from stacks.changes import BATCHING
from tests.stacks.synthesized import ROOT, Synthesized, flat


def _rule(shipped: Synthesized, name: str) -> dict[str, object]:
    (found,) = [
        r
        for r in shipped.resources("AWS::Events::Rule")
        if r.properties["Name"] == f"deeplens-trash-{name}"
    ]
    return found.properties


def test_only_objects_under_images_are_changes(shipped: Synthesized) -> None:
    pattern = _rule(shipped, "changes")["EventPattern"]
    assert isinstance(pattern, dict)
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created", "Object Deleted"]
    assert pattern["detail"]["object"] == {"key": [{"prefix": "images/"}]}
    assert "Pictures" in flat(pattern["detail"]["bucket"]["name"])


def test_a_batch_that_cannot_be_recorded_is_put_aside_with_an_alarm(shipped: Synthesized) -> None:
    queues = {r.properties["QueueName"]: r for r in shipped.resources("AWS::SQS::Queue")}
    redrive = queues["deeplens-trash-changes"].properties["RedrivePolicy"]
    assert queues["deeplens-trash-changes-put-aside"].name in flat(redrive["deadLetterTargetArn"])
    alarms = {
        r.properties["AlarmName"]: r.properties for r in shipped.resources("AWS::CloudWatch::Alarm")
    }
    (dimension,) = alarms["deeplens-trash-changes-put-aside"]["Dimensions"]
    assert queues["deeplens-trash-changes-put-aside"].name in flat(dimension["Value"])


def test_the_queue_waits_six_times_as_long_as_its_function_and_its_batching(
    shipped: Synthesized,
) -> None:
    (mapping,) = shipped.resources("AWS::Lambda::EventSourceMapping")
    assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    recorder = _function(shipped, "record-changes")
    (queue,) = [r for r in shipped.resources("AWS::SQS::Queue") if "RedrivePolicy" in r.properties]
    batching = mapping.properties["MaximumBatchingWindowInSeconds"]
    assert queue.properties["VisibilityTimeout"] == 6 * recorder["Timeout"] + batching


def test_a_look_at_thousands_of_cameras_has_the_time_for_a_call_each(shipped: Synthesized) -> None:
    assert _function(shipped, "check-rollout")["Timeout"] == 900


def test_the_tick_comes_by_the_minute_with_the_sweep_by_the_day_and_at_every_end(
    shipped: Synthesized,
) -> None:
    assert _rule(shipped, "every-minute")["ScheduleExpression"] == "rate(1 minute)"
    sweep = _rule(shipped, "every-day")
    assert sweep["ScheduleExpression"] == "rate(1 day)"
    assert [target["Input"] for target in sweep["Targets"]] == ['{"sweep":true}']  # type: ignore[attr-defined]
    ended = _rule(shipped, "run-ended")["EventPattern"]
    assert isinstance(ended, dict)
    assert ended["detail"]["status"] == ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


def test_no_function_reserves_concurrency(shipped: Synthesized) -> None:
    """A new account's quota is 10 and all of it must stay unreserved:
    a reservation would fail the deployment.
    """
    functions = shipped.resources("AWS::Lambda::Function")
    assert not [f.name for f in functions if "ReservedConcurrentExecutions" in f.properties]


def alarmed_on(shipped: Synthesized, dimension: str) -> set[str]:
    """The metrics of ours with an alarm."""
    return {
        r.properties["MetricName"]
        for r in shipped.resources("AWS::CloudWatch::Alarm")
        if r.properties["Namespace"] == "Lensloop"
        and r.properties["Dimensions"][0]["Name"] == dimension
    }


def test_every_metric_of_the_tick_has_its_alarm(shipped: Synthesized) -> None:
    alarmed = alarmed_on(shipped, "Trigger")
    pacing, now = Pacing.from_settings(Settings()), 1_800_000_000
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    changed = State(gen=2, covered=1, last_at=1, first_at=1)
    capped = replace(changed, spent_day=today, spent_runs=pacing.runs_per_day, cap_told=today)
    blocked = replace(State(), blocked_digest="abc")
    reported = {
        alarm
        for state in (capped, blocked)
        for alarm in _alarms(decide(state, Facts(), now, pacing))
    }
    assert alarmed == reported != set()


def _alarms(step: Step) -> tuple[str, ...]:
    assert isinstance(step, Wait)
    return step.alarms


def _function(shipped: Synthesized, name: str) -> dict[str, int]:
    (found,) = [
        r
        for r in shipped.resources("AWS::Lambda::Function")
        if r.properties["FunctionName"] == f"deeplens-trash-{name}"
    ]
    return found.properties


def test_a_burst_cannot_be_cut_by_counting_it_late() -> None:
    """Changes are counted up to a batching window late;
    a shorter quiet time would take that for quiet.
    """
    with pytest.raises(SettingsError):
        Settings.from_context({"quiet_seconds": int(BATCHING.to_seconds())})
    assert Settings.from_context({"quiet_seconds": int(BATCHING.to_seconds()) + 1})


def test_the_readme_counts_the_alarms_right(shipped: Synthesized) -> None:
    words = {12: "twelve"}
    alarms = len(shipped.resources("AWS::CloudWatch::Alarm"))
    assert f"the {words[alarms]} CloudWatch alarms" in (ROOT / "README.md").read_text()
