"""Should a retraining run start, go on, or end now, and why?

The bucket is the truth and events are only wake-ups: a change raises `gen`, a run remembers the
`gen` it began with (`snap_gen`), and only the proven end of a successful run raises `covered` to
it. The shell (lambdas/tick.py) reads the state, gathers the facts, asks `decide` and does the one
step that it answers with, until the step is `Wait`. Every step that writes is a conditional write,
so any number of ticks may run at once. docs/trigger.md has the promise.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lensloop import news
from lensloop.record import NO_MACHINE, PICTURES_DELETED, WAITS_FOR_APPROVAL
from lensloop.trigger.blame import CAPACITY, ROLLOUT, Fault, fault
from lensloop.trigger.terms import (
    JOB_ENDED,
    STARTING,
    Acquire,
    Confirm,
    Execution,
    Facts,
    Finish,
    NoteCap,
    Pacing,
    Renumber,
    Run,
    Start,
    State,
    Step,
    StopTraining,
    Tell,
    Wait,
)

# The other good ends leave `digest` and `judged_by` alone: after a change of settings the same
# pictures deserve a new try.
JUDGED = frozenset({"refused", "released", "held", WAITS_FOR_APPROVAL})

HELD = "a model is held for a person: look at the run's page, then `lensloop approve`"
MAX_BACKOFF = 6 * 3600
BLOCK_AFTER = 3
# An execution that began this long before its lease is not the lease's:
# the table was restored from a backup.
CLOCK_TOLERANCE = 300
# A stopped execution can have a CreateTrainingJob call on its way; only after this is a missing
# training job missing.
SETTLE = 60
# DescribeExecution is eventually consistent; an execution still unknown after this long has been
# forgotten by AWS.
FORGOTTEN = 3600
DAY = 24 * 3600


def decide(state: State, facts: Facts, now: int, pacing: Pacing) -> Step:
    """The one next step. Asking again after it was done,
    or lost to another tick, is always safe.
    """
    step = _go_on(state, state.run, facts, now, pacing) if state.run else _begin(state, now, pacing)
    if not isinstance(step, Wait):
        return step
    if state.news:
        return Tell("there is news to send", state.news[0])
    blocked = ("DigestBlocked",) if state.blocked_digest else ()
    return replace(step, alarms=step.alarms + blocked)


def _begin(state: State, now: int, pacing: Pacing) -> Step:
    changed = "pictures" if state.gen > state.covered else _standards(state, pacing)
    if not changed:
        return Wait(HELD if state.held else "nothing has changed since the last finished run")
    if now < state.not_before <= now + MAX_BACKOFF:
        reason = f"the last run did not get through; the next try is in {state.not_before - now} s"
        return Wait(reason, until=state.not_before)
    if not _settled(state, now, pacing):
        return Wait("pictures are still changing", until=_settles_at(state, pacing))
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    runs = state.spent_runs if state.spent_day == day else 0
    if runs < pacing.runs_per_day:
        return Acquire(f"{changed} have changed", state.epoch + 1, day, runs + 1, now)
    reason = f"today's {pacing.runs_per_day} runs are spent"
    if state.cap_told == day:
        return Wait(reason, ("DailyCapReached",), until=_midnight_after(now))
    message = news.as_text(news.daily_cap(pacing.runs_per_day, day))
    return NoteCap(reason, day, (message,))


def _standards(state: State, pacing: Pacing) -> str:
    """What the pictures are judged by, where it is no longer what the last run went by."""
    return "the settings" if state.standards not in ("", pacing.standards) else ""


def _settled(state: State, now: int, pacing: Pacing) -> bool:
    """Quiet for long enough, or waited too long,
    or left over from a failed run (which took `first_at`).

    A time in the future is a broken clock,
    which may move the pace but must never stop it: hence abs.
    """
    if state.first_at is None:
        return True
    return abs(now - state.last_at) >= pacing.quiet or abs(now - state.first_at) >= pacing.max_wait


def _settles_at(state: State, pacing: Pacing) -> int | None:
    """When nothing else changes."""
    if state.first_at is None:
        return None
    return min(state.last_at + pacing.quiet, state.first_at + pacing.max_wait)


def _midnight_after(now: int) -> int:
    """Days are UTC's, of 86,400 seconds each."""
    return (now // DAY + 1) * DAY


def _go_on(state: State, run: Run, facts: Facts, now: int, pacing: Pacing) -> Step:
    execution = facts.execution
    if run.phase == STARTING:
        if execution is None:
            return Start(f"run {run.epoch} has the lease", run.epoch)
        if execution.started_at >= run.started_at - CLOCK_TOLERANCE:
            return Confirm(f"run {run.epoch} has started", run.epoch)
        return _unproven(run, facts, now) or Renumber(
            f"run {run.epoch} is from before a restore", run.epoch
        )
    return _unproven(run, facts, now) or _finish(state, run, execution, now, pacing)


def _unproven(run: Run, facts: Facts, now: int) -> Step | None:
    """Why the run's end is not proven yet, or None when it is. Time alone never proves an end."""
    execution = facts.execution
    if execution is None and abs(now - run.started_at) < FORGOTTEN:
        return Wait(f"Step Functions does not show run {run.epoch} yet")
    if execution is not None and not execution.ended:
        return Wait(f"run {run.epoch} is running")
    at_work = tuple(sorted(job for job, status in facts.jobs.items() if status not in JOB_ENDED))
    stoppable = tuple(job for job in at_work if facts.jobs[job] == "InProgress")
    if stoppable:
        return StopTraining(f"run {run.epoch} has ended but its training has not", stoppable)
    if at_work:
        return Wait(f"the training of run {run.epoch} is stopping")
    if (
        execution is not None
        and execution.status in ("ABORTED", "TIMED_OUT")
        and now < execution.stopped_at + SETTLE
    ):
        until = execution.stopped_at + SETTLE
        return Wait(f"run {run.epoch} was stopped a moment ago", until=until)
    return None


def _finish(
    state: State, run: Run, execution: Execution | None, now: int, pacing: Pacing
) -> Finish:
    if execution is not None and execution.status == "SUCCEEDED":
        if execution.outcome == NO_MACHINE:
            return _delay(state, run, execution, now, pacing)
        return _succeed(state, run, execution, now)
    return _fail(state, run, execution, now, pacing)


def _succeed(state: State, run: Run, execution: Execution, now: int) -> Finish:
    """Every good end clears the mark, a refusal as well: repeating it would end the same way. Only
    a run whose pictures were deleted under it did nothing: the next one begins at once.
    """
    if execution.outcome == PICTURES_DELETED:
        last = _outcome(run, execution.outcome, execution.reasons, now)
        changes: dict[str, Any] = {"not_before": None, "last_outcome": last}
        return Finish(f"run {run.epoch} ended: {execution.outcome}", run.epoch, run.digest, changes)
    changes = {
        "covered": run.snap_gen,
        "fails": 0,
        "not_before": None,
        "told_faults": None,
    }
    if execution.outcome in JUDGED and execution.imported:
        changes["import_judged"] = execution.imported
        if execution.outcome == "refused":
            return _after_import(state, run, execution, changes, now)
    if execution.outcome in JUDGED and execution.digest:
        held = execution.digest if execution.outcome == "held" else None
        changes |= {"digest": execution.digest, "judged_by": execution.standards or None}
        changes |= {"held": held, "approved": None}
    if execution.standards:
        changes["standards"] = execution.standards
    if execution.outcome != "blocked":
        changes |= {"failed_digest": None, "failed_times": None, "blocked_digest": None}
    changes["last_outcome"] = _outcome(run, execution.outcome or "unknown", execution.reasons, now)
    return Finish(f"run {run.epoch} ended: {execution.outcome}", run.epoch, run.digest, changes)


def _after_import(
    state: State, run: Run, execution: Execution, changes: dict[str, Any], now: int
) -> Finish:
    """A model from elsewhere was refused: that says nothing about what a training on these pictures
    would make. Pictures that nobody has trained on yet are trained on next.
    """
    if execution.digest != state.digest:
        del changes["covered"]
    changes["last_outcome"] = _outcome(run, execution.outcome, execution.reasons, now)
    return Finish(f"run {run.epoch} ended: {execution.outcome}", run.epoch, run.digest, changes)


def _delay(state: State, run: Run, execution: Execution, now: int, pacing: Pacing) -> Finish:
    """AWS had no machine. It clears nothing, as a failed run does; the next try comes soon, and it
    is told once until a run comes to a good end.
    """
    pause = _pause(state, pacing, counts=False)
    changes: dict[str, Any] = {
        "fails": state.fails + 1,
        "not_before": now + pause,
        "last_outcome": _outcome(run, execution.outcome, execution.reasons, now),
    }
    reason = f"run {run.epoch} ended: {execution.outcome}"
    if CAPACITY in state.told_faults:
        return Finish(reason, run.epoch, run.digest, changes)
    changes["told_faults"] = [*state.told_faults, CAPACITY]
    text = news.as_text(news.no_machine(run.epoch, execution.reasons, pause))
    return Finish(reason, run.epoch, run.digest, changes, (text,))


def _fail(state: State, run: Run, execution: Execution | None, now: int, pacing: Pacing) -> Finish:
    """A failed run clears nothing: `covered` stays,
    so the same changes are tried again, later each time.
    """
    ending = (
        execution.status.lower().replace("_", " ") if execution else "forgotten by Step Functions"
    )
    reasons = execution.reasons if execution else ()
    if execution and execution.status == "FAILED":
        found = fault(execution.error, execution.cause)
        pause = _pause(state, pacing, counts=found.counts)
        told, changes = _blame(state, run, found, reasons, pause)
    else:
        pause = _pause(state, pacing, counts=False)
        told, changes = [news.stopped(run.epoch, ending, pause)], {}
    changes |= {
        "fails": state.fails + 1,
        "not_before": now + pause,
        "last_outcome": _outcome(run, ending, reasons, now),
    }
    texts = tuple(map(news.as_text, told))
    return Finish(f"run {run.epoch} ended: {ending}", run.epoch, run.digest, changes, texts)


def _pause(state: State, pacing: Pacing, *, counts: bool) -> int:
    """What says nothing about the pictures is tried again soon: nobody tells us when a quota was
    granted.
    """
    longest = MAX_BACKOFF if counts else pacing.max_pause
    doubled: int = pacing.backoff * 2 ** min(state.fails, 20)
    return min(doubled, longest)


def _blame(
    state: State, run: Run, found: Fault, reasons: tuple[str, ...], pause: int
) -> tuple[list[news.Message], dict[str, Any]]:
    """Messages and changes. A data set is blamed only for what the training itself did; any other
    fault is told once, until a run comes to a good end.
    """
    if found.kind == ROLLOUT:
        return [], {}
    message = news.failed(run.epoch, found, reasons, pause)
    if found.counts and state.to_import:
        # It was the model from elsewhere that could not be used: it is not tried again by itself.
        return [message], {"import_judged": state.imported}
    if not found.counts:
        if found.key in state.told_faults:
            return [], {}
        return [message], {"told_faults": [*state.told_faults, found.key]}
    if not run.digest:
        return [message], {}
    times = state.failed_times + 1 if run.digest == state.failed_digest else 1
    counted: dict[str, Any] = {"failed_digest": run.digest, "failed_times": times}
    if times < BLOCK_AFTER:
        return [message], counted
    blocked = news.blocked_after(run.digest, times, run.epoch, reasons)
    return [blocked], {**counted, "blocked_digest": run.digest}


def _outcome(run: Run, outcome: str, reasons: tuple[str, ...], now: int) -> dict[str, Any]:
    return {"epoch": run.epoch, "outcome": outcome, "at": now, "reasons": list(reasons)}
