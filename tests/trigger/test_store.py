"""Do the conditional writes do what they say,
on a real DynamoDB API, and does the fake do the same?
"""

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.aws.state import StateTable
from lensloop.trigger.terms import Acquire, Confirm, Finish, NoteCap, Renumber, Run, Step, Tell
from proof.fake_table import FakeTable

pytestmark = pytest.mark.slow

ACQUIRE = Acquire("", epoch=1, day="2023-11-14", runs_today=1, now=20)
FINISH = Finish(
    "", 1, "", {"covered": 2, "fails": 0, "digest": "abc", "not_before": None}, ("news\n\nbody",)
)


def test_the_first_change_makes_the_item_and_later_ones_keep_the_first_time(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.record_change(9)
    state = state_table.trigger()
    assert (state.gen, state.covered, state.epoch, state.run) == (2, 0, 0, None)
    assert (state.first_at, state.last_at) == (5, 9)


def test_a_lease_covers_the_changes_that_the_server_knows_of(table: Any) -> None:
    """Also those that came after the tick had read the state."""
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.record_change(9)
    assert state_table.apply(ACQUIRE)
    state = state_table.trigger()
    assert state.run == Run(1, 2, "STARTING", 20)
    assert (state.epoch, state.first_at, state.spent_runs) == (1, None, 1)


def test_the_key_of_the_split_is_made_once(table: Any) -> None:
    table.delete_item(Key={"id": "split"})
    state_table = StateTable(table)
    assert state_table.split_key("first") == "first"
    assert state_table.split_key("second") == "first"


def test_a_key_that_was_written_before_the_first_run_stays_even_if_it_is_empty(table: Any) -> None:
    table.delete_item(Key={"id": "split"})
    state_table = StateTable(table)
    assert state_table.split_key("") == ""
    assert state_table.split_key("second") == ""


def test_only_one_of_two_ticks_gets_the_lease(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    assert state_table.apply(ACQUIRE)
    assert not state_table.apply(ACQUIRE)
    assert not state_table.apply(Acquire("", epoch=2, day="d", runs_today=1, now=30))


def test_a_late_tick_cannot_take_the_lease_of_a_run_that_is_over(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.apply(ACQUIRE)
    assert state_table.apply(FINISH)
    assert not state_table.apply(ACQUIRE)


def test_a_run_ends_once(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.apply(ACQUIRE)
    assert state_table.apply(FINISH)
    assert not state_table.apply(FINISH)
    state = state_table.trigger()
    assert (state.run, state.covered, state.news) == (None, 2, ("news\n\nbody",))


def test_a_run_whose_digest_has_just_been_written_is_judged_again(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.apply(ACQUIRE)
    state_table.point_dataset(1, "abc")
    assert not state_table.apply(FINISH)
    assert state_table.apply(Finish("", 1, "abc", {"fails": 1}))


def test_the_next_run_has_nothing_of_the_last(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.apply(ACQUIRE)
    state_table.apply(Confirm("", 1))
    state_table.apply(FINISH)
    state_table.record_change(30)
    assert state_table.apply(Acquire("", epoch=2, day="d", runs_today=2, now=40))
    assert state_table.trigger().run == Run(2, 2, "STARTING", 40)


def test_a_taken_number_is_passed_over_only_before_the_run_is_confirmed(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.apply(ACQUIRE)
    assert state_table.apply(Renumber("", 1))
    assert not state_table.apply(Renumber("", 1))
    assert state_table.apply(Confirm("", 2))
    assert not state_table.apply(Renumber("", 2))
    state = state_table.trigger()
    assert (state.epoch, state.run) == (2, Run(2, 1, "RUNNING", 20))


def test_news_is_forgotten_one_by_one_and_only_once(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    assert state_table.apply(NoteCap("", "2023-11-14", ("first", "second")))
    assert not state_table.apply(NoteCap("", "2023-11-14", ("first", "second")))
    assert state_table.apply(Tell("", "first"))
    assert not state_table.apply(Tell("", "first"))
    assert state_table.trigger().news == ("second",)


def test_only_what_is_held_can_be_approved_and_that_asks_for_a_run(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.apply(ACQUIRE)
    state_table.approve(10)
    assert (state_table.trigger().approved, state_table.trigger().gen) == ("", 1)
    state_table.apply(Finish("", 1, "", {"covered": 1, "digest": "abc", "held": "abc"}))
    state_table.approve(50)
    state = state_table.trigger()
    assert (state.held, state.approved) == ("abc", "abc")
    assert (state.gen, state.covered, state.last_at) == (2, 1, 50)


def test_clearing_a_block_also_asks_for_a_run(table: Any) -> None:
    state_table = StateTable(table)
    state_table.record_change(5)
    state_table.apply(ACQUIRE)
    blocked = {
        "blocked_digest": "abc",
        "failed_digest": "abc",
        "failed_times": 3,
        "fails": 3,
        "not_before": 99,
    }
    state_table.apply(Finish("", 1, "", {"covered": 1, **blocked}))
    state_table.clear_blocked(50)
    state = state_table.trigger()
    assert (state.blocked_digest, state.failed_digest, state.failed_times) == ("", "", 0)
    assert (state.fails, state.not_before, state.gen) == (0, 0, 2)


EPOCHS = st.integers(0, 3)
TEXTS = st.sampled_from(["first", "second"])
VALUES = st.one_of(st.none(), st.integers(0, 3), TEXTS, st.lists(TEXTS, max_size=2))
STEPS = st.one_of(
    st.builds(Acquire, st.just(""), EPOCHS, TEXTS, EPOCHS, EPOCHS),
    st.builds(Confirm, st.just(""), EPOCHS),
    st.builds(Renumber, st.just(""), EPOCHS),
    st.builds(NoteCap, st.just(""), TEXTS, st.tuples(TEXTS)),
    st.builds(Tell, st.just(""), TEXTS),
    st.builds(
        Finish,
        st.just(""),
        EPOCHS,
        st.sampled_from(["", "abc"]),
        st.dictionaries(st.sampled_from(["covered", "digest", "fails", "blocked_digest"]), VALUES),
        st.one_of(st.just(()), st.tuples(TEXTS)),
    ),
)
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["record_change", "clear_blocked", "approve"]), EPOCHS), STEPS
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(operations=st.lists(OPERATIONS, min_size=5, max_size=25))
def test_the_fake_table_and_a_real_dynamodb_agree(table: Any, operations: list[Any]) -> None:
    table.delete_item(Key={"id": "trigger"})
    fake = FakeTable()
    for operation in operations:
        assert _outcome(fake.state, operation) == _outcome(StateTable(table), operation), operation
        assert fake.item == _plain(table.get_item(Key={"id": "trigger"}).get("Item", {})), operation


def _outcome(state_table: StateTable, operation: tuple[str, int] | Step) -> Any:
    try:
        if isinstance(operation, Step):
            return state_table.apply(operation)
        return getattr(state_table, operation[0])(operation[1])
    except ClientError as error:
        return error.response["Error"]["Code"]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, Decimal) else value


def test_the_fake_refuses_what_dynamodb_refuses() -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        FakeTable().update_item(
            Key={"id": "trigger"},
            UpdateExpression="SET #a = :b",
            ExpressionAttributeNames={"#a": "a"},
            ExpressionAttributeValues={":b": 1, ":unused": 2},
        )
