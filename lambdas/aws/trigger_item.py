"""What does each step of the trigger change in its item? One conditional write each; the rules are
in lensloop/trigger/decide.py, and lambdas/aws/state.py sends what is made here.

"No run" is an empty map, seeded by the first change: DynamoDB can copy `gen` into `run.snap_gen`
only inside a map that exists. The copy is made by the server, so a change recorded at the same
moment is either covered or still to come.
"""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from lambdas.aws.change import Change
from lambdas.aws.items import TRIGGER
from lensloop.trigger.terms import (
    RUNNING,
    STARTING,
    Acquire,
    Confirm,
    Finish,
    NoteCap,
    Renumber,
    Run,
    State,
    Step,
    Tell,
)

HOLDS_LEASE = "#run.#epoch = :epoch"
_STILL_STARTING = f"{HOLDS_LEASE} AND #run.#phase = :starting"
_APPEND_NEWS = "#news = list_append(if_not_exists(#news, :empty), :news)"
_RAISE_MARK = (
    "#last_at = :now, #first_at = if_not_exists(#first_at, :now),"
    " #covered = if_not_exists(#covered, :zero), #epoch = if_not_exists(#epoch, :zero),"
    " #run = if_not_exists(#run, :none)"
)


def record_change(now: int) -> Change:
    expression = f"SET {_RAISE_MARK} ADD #gen :one"
    return _change(expression, one=1, now=now, zero=0, none={})


def clear_blocked(now: int) -> Change:
    """Raises the mark as well: the next tick asks for a run."""
    gone = "#blocked_digest, #failed_digest, #failed_times, #not_before"
    expression = f"SET {_RAISE_MARK}, #fails = :zero REMOVE {gone} ADD #gen :one"
    return _change(expression, one=1, now=now, zero=0, none={})


def approve(now: int) -> Change:
    """Only what is held; the next run then judges it again."""
    expression = f"SET {_RAISE_MARK}, #approved = #held ADD #gen :one"
    return _change(expression, "attribute_exists(#held)", one=1, now=now, zero=0, none={})


def try_import(digest: str, now: int) -> Change:
    """Also one that was judged before: a person asks again."""
    expression = f"SET {_RAISE_MARK}, #imported = :imported REMOVE #import_judged ADD #gen :one"
    return _change(expression, one=1, now=now, zero=0, none={}, imported=digest)


@singledispatch
def change_of(step: Step) -> Change:
    raise TypeError(f"{type(step).__name__} changes nothing in the table")


@change_of.register
def _acquire(step: Acquire) -> Change:
    return _change(
        "SET #epoch = :epoch, #run.#epoch = :epoch, #run.#snap_gen = #gen,"
        " #run.#phase = :phase, #run.#started_at = :now, #spent = :spent REMOVE #first_at",
        "attribute_not_exists(#run.#epoch) AND #epoch = :seen",
        epoch=step.epoch,
        seen=step.epoch - 1,
        phase=STARTING,
        now=step.now,
        spent={"day": step.day, "runs": step.runs_today},
    )


@change_of.register
def _confirm(step: Confirm) -> Change:
    return _change(
        "SET #run.#phase = :running",
        _STILL_STARTING,
        running=RUNNING,
        starting=STARTING,
        epoch=step.epoch,
    )


@change_of.register
def _renumber(step: Renumber) -> Change:
    return _change(
        "SET #epoch = :next, #run.#epoch = :next",
        _STILL_STARTING,
        next=step.epoch + 1,
        starting=STARTING,
        epoch=step.epoch,
    )


@change_of.register
def _finish(step: Finish) -> Change:
    """Also needs the run's digest to be the one that was judged:
    the workflow may just have written it.
    """
    kept = {name: value for name, value in step.changes.items() if value is not None}
    gone = [f"#{name}" for name in step.changes if name not in kept]
    sets = ["#run = :none", *(f"#{name} = :{name}" for name in kept)]
    values: dict[str, Any] = {"none": {}, "run_epoch": step.epoch, **kept}
    condition = "#run.#epoch = :run_epoch AND attribute_not_exists(#run.#digest)"
    if step.news:
        sets.append(_APPEND_NEWS)
        values |= {"news": list(step.news), "empty": []}
    if step.digest_seen:
        condition = "#run.#epoch = :run_epoch AND #run.#digest = :digest_seen"
        values["digest_seen"] = step.digest_seen
    expression = "SET " + ", ".join(sets)
    if gone:
        expression += " REMOVE " + ", ".join(gone)
    return _change(expression, condition, **values)


@change_of.register
def _note_cap(step: NoteCap) -> Change:
    return _change(
        f"SET #cap_told = :day, {_APPEND_NEWS}",
        "attribute_not_exists(#cap_told) OR #cap_told <> :day",
        day=step.day,
        news=list(step.news),
        empty=[],
    )


@change_of.register
def _remove_told(step: Tell) -> Change:
    """After the message has been published."""
    return _change("REMOVE #news[0]", "#news[0] = :text", text=step.text)


def _change(expression: str, condition: str = "", **values: Any) -> Change:
    return Change(TRIGGER, expression, condition, values)


def to_state(item: Mapping[str, Any]) -> State:
    run, spent = item.get("run") or {}, item.get("spent") or {}
    return State(
        gen=_number(item, "gen"),
        covered=_number(item, "covered"),
        epoch=_number(item, "epoch"),
        digest=item.get("digest", ""),
        judged_by=item.get("judged_by", ""),
        standards=item.get("standards", ""),
        held=item.get("held", ""),
        approved=item.get("approved", ""),
        imported=item.get("imported", ""),
        import_judged=item.get("import_judged", ""),
        run=_run(run) if "epoch" in run else None,
        first_at=_number(item, "first_at") if "first_at" in item else None,
        last_at=_number(item, "last_at"),
        fails=_number(item, "fails"),
        not_before=_number(item, "not_before"),
        spent_day=spent.get("day", ""),
        spent_runs=_number(spent, "runs"),
        failed_digest=item.get("failed_digest", ""),
        failed_times=_number(item, "failed_times"),
        blocked_digest=item.get("blocked_digest", ""),
        news=tuple(item.get("news", ())),
        cap_told=item.get("cap_told", ""),
        told_faults=tuple(item.get("told_faults", ())),
    )


def _run(run: Mapping[str, Any]) -> Run:
    return Run(
        epoch=_number(run, "epoch"),
        snap_gen=_number(run, "snap_gen"),
        phase=run["phase"],
        started_at=_number(run, "started_at"),
        digest=run.get("digest", ""),
    )


def _number(item: Mapping[str, Any], name: str) -> int:
    """DynamoDB answers with Decimal, and leaves out what was never written."""
    return int(item.get(name, 0))
