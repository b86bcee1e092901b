"""Is the promise kept when any one call to AWS fails, before or after it took effect, or when
something else slips in?

The handlers are the shipped ones. Every call of a story is counted; then the story is told again
once for each call and each kind of bad luck, drained without further bad luck, and the promise
asserted. The fake AWS itself asserts on every call that one training runs at a time, and that
epochs only increase.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lensloop.settings import Settings
from tests.fakes.trigger_aws import BEGIN, Execution, FakeAws, connection_lost, throttled

pytestmark = pytest.mark.slow

Story = Callable[[FakeAws], None]


def minutes(aws: FakeAws, count: int) -> None:
    """What SQS, the schedule and the workflow do by themselves;
    a handler that fails is not their problem.
    """
    for _ in range(count):
        steps: list[Callable[[], object]] = [aws.tick, aws.advance]
        for step in [aws.deliver, *steps] if aws.queue else steps:
            with suppress(EndpointConnectionError, ClientError):
                step()
        aws.now += 60


def a_change_during_a_run(aws: FakeAws) -> None:
    aws.upload()
    minutes(aws, 6)
    aws.upload()
    minutes(aws, 3)


def a_failed_run(aws: FakeAws) -> None:
    aws.fates = {1: "fails"}
    aws.upload()
    minutes(aws, 7)
    aws.now += 300
    minutes(aws, 6)


def an_aborted_run_with_its_training_left_behind(aws: FakeAws) -> None:
    aws.fates = {1: "aborted"}
    aws.upload()
    minutes(aws, 9)
    aws.now += 300
    minutes(aws, 6)


def a_data_set_that_gets_blocked_and_cleared(aws: FakeAws) -> None:
    aws.settings = Settings(backoff_seconds=60)
    aws.fates = dict.fromkeys((1, 2, 3), "fails")
    aws.upload()
    for _ in range(4):
        minutes(aws, 6)
        aws.now += 300
    with suppress(EndpointConnectionError, ClientError):
        aws.tick({"clear_blocked": True})
    minutes(aws, 3)


def a_day_whose_runs_are_spent(aws: FakeAws) -> None:
    aws.settings = Settings(runs_per_day=1)
    aws.upload()
    minutes(aws, 6)
    aws.upload()
    minutes(aws, 6)


def a_restored_table(aws: FakeAws) -> None:
    aws.executions = [Execution(1, BEGIN - 9000, "SUCCEEDED", seen=0, outcome="released")]
    aws.executions.append(Execution(2, BEGIN - 8000, phase="train", seen=0))
    aws.upload()
    minutes(aws, 8)


def a_lost_event(aws: FakeAws) -> None:
    aws.upload(lost=True)
    minutes(aws, 1)


def executions_that_aws_shows_late(aws: FakeAws) -> None:
    aws.shown_after = 90
    aws.upload()
    minutes(aws, 6)
    aws.upload()
    minutes(aws, 3)


STORIES = (
    a_change_during_a_run,
    a_failed_run,
    an_aborted_run_with_its_training_left_behind,
    a_data_set_that_gets_blocked_and_cleared,
    a_day_whose_runs_are_spent,
    a_restored_table,
    a_lost_event,
    executions_that_aws_shows_late,
)


def drained(aws: FakeAws, story: Story) -> FakeAws:
    story(aws)
    aws.before_call, aws.after_call = {}, {}
    aws.tick({"sweep": True})
    aws.drain()
    last = aws.executions[-1]
    assert aws.trained == aws.bucket or (last.outcome == "blocked" and last.seen == aws.bucket)
    assert len({execution.epoch for execution in aws.executions}) == len(aws.executions)
    return aws


def calls_of(story: Story) -> range:
    return range(1, drained(FakeAws(), story).calls + 1)


@pytest.mark.parametrize("fault", [connection_lost, throttled])
@pytest.mark.parametrize("story", STORIES)
def test_a_call_that_fails_before_it_takes_effect_breaks_nothing(
    story: Story, fault: Callable[[], None]
) -> None:
    for call in calls_of(story):
        drained(FakeAws(before_call={call: fault}), story)


@pytest.mark.parametrize("story", STORIES)
def test_a_call_that_fails_after_it_took_effect_breaks_nothing(story: Story) -> None:
    for call in calls_of(story):
        drained(FakeAws(after_call={call: connection_lost}), story)


@pytest.mark.parametrize("story", STORIES)
def test_an_aws_that_is_gone_for_three_calls_breaks_nothing(story: Story) -> None:
    for call in calls_of(story):
        drained(FakeAws(before_call=dict.fromkeys(range(call, call + 3), connection_lost)), story)


@pytest.mark.parametrize("story", STORIES)
def test_a_whole_tick_between_any_two_calls_of_another_breaks_nothing(story: Story) -> None:
    for call in calls_of(story):
        aws = FakeAws()
        aws.before_call = {call: lambda aws=aws: aws.tick()}  # type: ignore[misc]
        drained(aws, story)


@pytest.mark.parametrize("story", STORIES)
def test_a_picture_and_its_event_between_any_two_calls_are_trained(story: Story) -> None:
    for call in calls_of(story):
        aws = FakeAws()

        def slip_in(aws: FakeAws = aws) -> None:
            aws.upload()
            aws.deliver()

        aws.before_call = {call: slip_in}
        drained(aws, story)


@pytest.mark.parametrize("story", STORIES)
def test_a_run_that_moves_on_between_any_two_calls_breaks_nothing(story: Story) -> None:
    for call in calls_of(story):
        aws = FakeAws()
        aws.before_call = {call: lambda aws=aws: aws.advance()}  # type: ignore[misc]
        drained(aws, story)


def test_a_story_without_bad_luck_costs_no_run_too_many() -> None:
    runs = {story.__name__: len(drained(FakeAws(), story).executions) for story in STORIES}
    assert runs == {
        "a_change_during_a_run": 3,  # two, and the sweep's "nothing new"
        "a_failed_run": 3,
        "an_aborted_run_with_its_training_left_behind": 3,
        "a_data_set_that_gets_blocked_and_cleared": 6,
        "a_day_whose_runs_are_spent": 2,
        "a_restored_table": 4,
        "a_lost_event": 1,
        "executions_that_aws_shows_late": 3,
    }
