"""How does the trigger's one item change? Each change is one conditional write; the rules are in
lensloop/trigger/decide.py.

"No run" is an empty map, seeded by the first change: DynamoDB can copy `gen` into `run.snap_gen`
only inside a map that exists. The copy is made by the server, so a change recorded at the same
moment is either covered or still to come.
"""

import re
from typing import Any

from botocore.exceptions import ClientError

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

KEY = {"id": "trigger"}
_CHANGED = (
    "#last_at = :now, #first_at = if_not_exists(#first_at, :now), #covered ="
    " if_not_exists(#covered, :zero), #epoch = if_not_exists(#epoch, :zero), #run ="
    " if_not_exists(#run, :none)"
)


class TriggerStore:
    """`table` is a boto3 Table resource, or anything with its `get_item` and `update_item`."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def read(self) -> State:
        return to_state(self._table.get_item(Key=KEY, ConsistentRead=True).get("Item", {}))

    def record_change(self, now: int) -> None:
        """Raises the mark. Acknowledge the events only after this has returned."""
        self._update(f"SET {_CHANGED} ADD #gen :one", one=1, now=now, zero=0, none={})

    def clear_blocked(self, now: int) -> None:
        """A person wants the blocked data set tried again; raising the mark makes the next tick do
        it.
        """
        gone = "#blocked_digest, #failed_digest, #failed_times, #not_before"
        self._update(
            f"SET {_CHANGED}, #fails = :zero REMOVE {gone} ADD #gen :one",
            one=1,
            now=now,
            zero=0,
            none={},
        )

    def apply(self, step: Step) -> bool:
        """False: another tick was faster, and nothing was written."""
        match step:
            case Acquire():
                return self._update(
                    "SET #epoch = :epoch, #run.#epoch = :epoch, #run.#snap_gen = #gen, #run.#phase"
                    " = :phase, #run.#started_at = :now, #spent = :spent REMOVE #first_at",
                    "attribute_not_exists(#run.#epoch) AND #epoch = :seen",
                    epoch=step.epoch,
                    seen=step.epoch - 1,
                    phase=STARTING,
                    now=step.now,
                    spent={"day": step.day, "runs": step.runs_today},
                )
            case Confirm():
                return self._update(
                    "SET #run.#phase = :running",
                    "#run.#epoch = :epoch AND #run.#phase = :starting",
                    running=RUNNING,
                    starting=STARTING,
                    epoch=step.epoch,
                )
            case Renumber():
                return self._update(
                    "SET #epoch = :next, #run.#epoch = :next",
                    "#run.#epoch = :epoch AND #run.#phase = :starting",
                    next=step.epoch + 1,
                    starting=STARTING,
                    epoch=step.epoch,
                )
            case Finish():
                return self._finish(step)
            case NoteCap():
                return self._update(
                    f"SET #cap_told = :day, {_append_news(step.news)}",
                    "attribute_not_exists(#cap_told) OR #cap_told <> :day",
                    day=step.day,
                    news=list(step.news),
                    empty=[],
                )
            case Tell():  # after the message has been published
                return self._update("REMOVE #news[0]", "#news[0] = :text", text=step.text)
        raise TypeError(f"{type(step).__name__} changes nothing in the table")

    def _finish(self, step: Finish) -> bool:
        """Also needs the run's digest to be the one that was judged: the workflow may just have
        written it.
        """
        kept = {name: value for name, value in step.changes.items() if value is not None}
        gone = [name for name in step.changes if name not in kept]
        expression = "SET #run = :none" + "".join(f", #{name} = :{name}" for name in kept)
        values: dict[str, Any] = {"none": {}, "run_epoch": step.epoch, **kept}
        if step.news:
            expression += f", {_append_news(step.news)}"
            values |= {"news": list(step.news), "empty": []}
        if gone:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in gone)
        if step.digest_seen:
            values["digest_seen"] = step.digest_seen
        same_digest = (
            "#run.#digest = :digest_seen"
            if step.digest_seen
            else "attribute_not_exists(#run.#digest)"
        )
        return self._update(expression, f"#run.#epoch = :run_epoch AND {same_digest}", **values)

    def _update(self, expression: str, condition: str = "", **values: Any) -> bool:
        """Every `#name` stands for itself, so that no attribute can collide with DynamoDB's 573
        reserved words.
        """
        names = re.findall(r"#(\w+)", f"{expression} {condition}")
        request: dict[str, Any] = {
            "Key": KEY,
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        }
        if condition:
            request["ConditionExpression"] = condition
        try:
            self._table.update_item(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _append_news(news: tuple[str, ...]) -> str:
    return "#news = list_append(if_not_exists(#news, :empty), :news)" if news else ""


def to_state(item: dict[str, Any]) -> State:
    run, spent = item.get("run") or {}, item.get("spent") or {}
    return State(
        gen=_number(item, "gen"),
        covered=_number(item, "covered"),
        epoch=_number(item, "epoch"),
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
    )


def _run(run: dict[str, Any]) -> Run:
    return Run(
        epoch=_number(run, "epoch"),
        snap_gen=_number(run, "snap_gen"),
        phase=run["phase"],
        started_at=_number(run, "started_at"),
        digest=run.get("digest", ""),
    )


def _number(item: dict[str, Any], name: str) -> int:
    """DynamoDB answers with Decimal, and leaves out what was never written."""
    return int(item.get(name, 0))
