"""Can any interleaving, crash or stroke of bad luck break the trigger's promise?
Every one of them is tried.

Explicit-state breadth-first search. The shipped `decide`, the shipped state table and its DynamoDB
expressions are driven as they are; modelled are the bucket, the queue, the executions, the training
jobs and whatever can go wrong. Each call to AWS is one step. Checked are rules for every state and
step (safety), and that from every reachable state the system alone, without further bad luck, can
still reach the goal: the last picture in a finished run (liveness). Time stands still except at
midnight and at a restore; the pace is the simulator's matter.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lensloop.record import NO_MACHINE, PICTURES_DELETED
from lensloop.trigger.decide import JUDGED, SETTLE, decide
from lensloop.trigger.terms import (
    EXECUTION_ENDED,
    Acquire,
    Execution,
    Facts,
    Finish,
    Pacing,
    Start,
    State,
    Step,
    StopTraining,
    Tell,
    Wait,
)
from proof.bad_luck import bad_luck
from proof.fake_table import FakeTable
from proof.world import (
    DAY,
    POISON,
    REFUSED,
    Case,
    Controller,
    Run,
    World,
    become,
    day,
    edit,
    freeze,
    record_change,
    spend,
    state_of,
    thaw,
    without_job,
)

_STEPS: dict[str, Step] = {}  # steps hold dicts, so worlds hold their text


def successors(w: World, case: Case) -> Iterator[tuple[str, bool, World]]:
    """(what happens, whether the system does it by itself, the world after it)"""
    yield from bad_luck(w)
    for i in range(len(w.consumers)):
        yield from _consume(w, i, case)
    for i in range(len(w.controllers)):
        yield from _control(w, i, case)
    for run in w.runs:
        yield from _execute(w, run, case)
    yield from _write_late(w, case)
    yield from _create_job_late(w)
    yield from _sweep(w, case)
    if state_of(w.item).spent_day == day(w.now) and case.cap < 1000:  # other nights change nothing
        yield "midnight", True, w._replace(now=w.now + DAY)


def _write_late(w: World, case: Case) -> Iterator[tuple[str, bool, World]]:
    for late in w.late_writes:
        rest = w._replace(late_writes=tuple(x for x in w.late_writes if x != late))
        yield f"late write of run {late.epoch}", True, _publish(rest, late, case)[0]


def _create_job_late(w: World) -> Iterator[tuple[str, bool, World]]:
    for epoch in w.late_jobs:
        landed = w._replace(
            jobs=(*w.jobs, epoch), broken="two trainings at once" if w.jobs else w.broken
        )
        yield f"late CreateTrainingJob of run {epoch}", True, landed._replace(late_jobs=())
        yield f"late CreateTrainingJob of run {epoch} fails", True, w._replace(late_jobs=())


def _consume(w: World, i: int, case: Case) -> Iterator[tuple[str, bool, World]]:
    def go(phase: str, world: World = w) -> World:
        return world._replace(
            consumers=tuple(sorted((*w.consumers[:i], phase, *w.consumers[i + 1 :])))
        )

    phase = w.consumers[i]
    if phase == "idle":
        if w.queue:
            yield "event received", True, go("received", w._replace(queue=w.queue - 1))
        return

    early = case.broken == "bump before ack"
    following = "done" if phase == "received" else "idle"
    # It raises the mark and then acknowledges; the broken one does it the other way round.
    acknowledges = (phase == "received") == early
    if acknowledges:
        yield "acknowledged", True, go(following)
    else:
        yield "mark raised", True, go(following, record_change(w))

    if (crashed := spend(w, "crash")) is not None:
        back = 0 if early and phase == "done" else 1
        yield "consumer crashes", False, go("idle", crashed._replace(queue=w.queue + back))


def _control(w: World, i: int, case: Case) -> Iterator[tuple[str, bool, World]]:  # noqa: C901 - a tick, phase by phase
    me = w.controllers[i]

    def go(controller: Controller, world: World = w) -> World:
        others = (*w.controllers[:i], *w.controllers[i + 1 :])
        both = (controller, *others)
        return world._replace(controllers=tuple(sorted(both, key=repr)) if others else both)

    one_shot = case.broken == "a periodic tick"
    if me.state is None and not me.step:
        if one_shot and not w.timer and not state_of(w.item).run:
            return
        state = state_of(w.item)
        peeked = w.peeked if state.run else w.bucket
        yield (
            "tick reads the state",
            True,
            go(Controller(state), w._replace(timer=False, peeked=peeked)),
        )
        return
    if (crashed := spend(w, "crash")) is not None:
        yield "tick crashes", False, go(Controller(), crashed)
    if me.state is not None:
        step = _decide(w, me.state, case)
        if isinstance(step, Wait):
            yield "tick has nothing to do", True, go(Controller())
        else:
            _STEPS[repr(step)] = step
            yield f"tick decides {type(step).__name__}", True, go(Controller(step=repr(step)))
        return
    step = _STEPS[me.step]
    if not isinstance(step, Tell):
        yield type(step).__name__, True, go(Controller(), _act(w, step, case))
        return
    early = case.broken == "news is sent before it is forgotten"
    if me.half_told:
        yield (
            "news, second half",
            True,
            go(Controller(), _publish_news(w, step) if early else _forget_news(w, step, case)),
        )
    else:
        half = me._replace(half_told=True)
        yield (
            "news, first half",
            True,
            go(half, _forget_news(w, step, case) if early else _publish_news(w, step)),
        )


def _publish_news(w: World, step: Tell) -> World:
    never = tuple(text for text in w.forgotten if text != step.text)
    return w._replace(sent=tuple(sorted({*w.sent, step.text})), forgotten=never)


def _forget_news(w: World, step: Tell, case: Case) -> World:
    after = _apply(w, step, case)
    if after is w or step.text in w.sent:
        return after._replace(
            sent=tuple(text for text in after.sent if text in state_of(after.item).news)
        )
    return after._replace(forgotten=(*w.forgotten, step.text))


def _decide(w: World, state: State, case: Case) -> Step:  # noqa: C901 - one line for each broken rule
    """The shipped rule, with what the broken rule would see or answer."""
    rule, pacing = (
        case.broken,
        Pacing(quiet=0, max_wait=0, backoff=0, runs_per_day=case.cap, max_pause=0),
    )
    facts = _facts(w, state)
    execution = facts.execution
    if rule == "finish only when the training has ended":
        facts = Facts(execution)
    if rule == "a stopped run settles" and execution:
        facts = Facts(replace(execution, stopped_at=0), facts.jobs)
    if rule == "every good end clears the mark" and execution and execution.outcome == "refused":
        facts = Facts(replace(execution, status="FAILED"), facts.jobs)
    if rule == "a name from before a restore is not ours" and execution:
        facts = Facts(replace(execution, started_at=w.now), facts.jobs)
    if rule == "the daily cap":
        pacing = replace(pacing, runs_per_day=1000)
    if rule == "only the training itself counts" and execution and execution.cause:
        facts = Facts(replace(execution, cause="AlgorithmError"), facts.jobs)
    if rule == "a fault of the account is told once":
        state = replace(state, told_faults=())
    step = decide(state, facts, w.now, pacing)
    if isinstance(step, Finish) and state.run:
        changes = dict(step.changes)
        if rule == "a failed run clears nothing":
            changes["covered"] = state.run.snap_gen
        if rule == "a lack of machines clears nothing" and execution:
            delayed = execution.outcome == NO_MACHINE
            changes |= {"covered": state.run.snap_gen} if delayed else {}
        if rule == "the same data set failing 3 times is blocked":
            changes.pop("blocked_digest", None)
        return replace(step, changes=changes)
    return step


def _facts(w: World, state: State) -> Facts:
    if state.run is None:
        return Facts()
    run = next((run for run in w.runs if run.epoch == state.run.epoch), None)
    jobs = {f"job-{epoch}": "InProgress" for epoch in w.jobs if epoch == state.run.epoch}
    if run is None:
        return Facts(None, jobs)
    ended = run.phase in EXECUTION_ENDED
    outcome = run.outcome if run.phase == "SUCCEEDED" else ""
    status = run.phase if ended else "RUNNING"
    # no call is on its way for longer than that
    stopped_at = w.now if run.epoch in w.late_jobs else w.now - SETTLE
    execution = Execution(status, run.born, stopped_at, outcome, str(run.seen) if outcome else "")
    return Facts(replace(execution, cause=_cause(run)), jobs)


def _cause(run: Run) -> str:
    """Of a failure: only that of the poisoned training is its own."""
    if run.phase != "FAILED":
        return ""
    if run.outcome == REFUSED:
        return "ResourceLimitExceeded"
    return "AlgorithmError" if run.seen == POISON and not run.outcome else "InternalServerError"


def _act(w: World, step: Step, case: Case) -> World:
    match step:
        case Start():
            copies = sum(run.epoch == step.epoch for run in w.runs)
            if copies and case.broken != "the execution's name is the epoch":
                return w
            broken = "" if copies or step.epoch > w.highest else "the epochs do not increase"
            run = Run(step.epoch, copies, w.now, seen=w.peeked)
            return w._replace(
                runs=(*w.runs, run), highest=max(w.highest, step.epoch), broken=broken
            )
        case StopTraining():
            return w._replace(
                jobs=tuple(epoch for epoch in w.jobs if f"job-{epoch}" not in step.jobs)
            )
        case _:
            return _apply(w, step, case)


def _apply(w: World, step: Step, case: Case) -> World:
    """The shipped conditional write; then what it says about the promise."""
    before = state_of(w.item)
    if (
        case.broken == "completion covers snap_gen"
        and isinstance(step, Finish)
        and "covered" in step.changes
    ):
        step = replace(step, changes={**step.changes, "covered": before.gen})
    table = FakeTable(
        thaw(w.item),
        ignore_conditions=case.broken == f"{type(step).__name__} is a conditional write",
    )
    if not table.state.apply(step):
        return w
    w = w._replace(item=freeze(table.item))
    if isinstance(step, Acquire):
        times = w.acquired[1] + 1 if w.acquired[0] == step.day else 1
        broken = "more runs than the daily cap" if times > case.cap else w.broken
        w = w._replace(
            acquired=(step.day, times),
            broken="the lease was taken from its run" if before.run else broken,
        )
    if isinstance(step, Finish):
        w = _conclude(w, before, step)
    return w


def _conclude(w: World, before: State, step: Finish) -> World:
    if before.run is None or before.run.epoch != step.epoch:
        return w._replace(broken="a run was ended by the proof of another's end")
    if "blocked_digest" in step.changes and step.changes["blocked_digest"] and w.poisoned < 3:
        return w._replace(broken="a data set is blocked whose training did not fail three times")
    run = next(run for run in w.runs if run.epoch == step.epoch)
    if "covered" in step.changes:
        w = w._replace(told=())
    elif run.outcome in (REFUSED, NO_MACHINE) and "told_faults" in step.changes:
        twice = run.outcome in w.told
        w = w._replace(
            told=(*w.told, run.outcome),
            broken="the same fault of the account is told twice" if twice else w.broken,
        )
    if run.phase == "SUCCEEDED" and run.outcome in JUDGED:
        w = w._replace(judged=run.seen)
    concluded = run.phase == "SUCCEEDED" and run.outcome != NO_MACHINE  # which settles nothing
    if "covered" not in step.changes or not concluded:
        return w
    old = run.born < before.run.started_at
    return w._replace(
        concluded=run.seen,
        broken="concluded by a snapshot from before its lease" if old else w.broken,
    )


def _execute(w: World, run: Run, case: Case) -> Iterator[tuple[str, bool, World]]:  # noqa: C901 - one branch for each phase
    def go(phase: str, outcome: str = "", world: World = w, **changes: Any) -> World:
        return become(world, run, run._replace(phase=phase, outcome=outcome, **changes))

    item = thaw(w.item)
    holds = item.get("run", {}).get("epoch") == run.epoch
    label = f"run {run.epoch}: {run.phase}"
    if run.phase == "snapshot":
        early = case.broken == "the snapshot is taken after the lease"
        yield label, True, go("assemble", seen=run.seen if early else w.bucket)
    elif run.phase == "assemble":
        if not holds:
            yield label, True, go("FAILED", run.phase)
        elif str(run.seen) == item.get("digest") or run.seen == w.live[1]:
            yield label, True, go("SUCCEEDED", "nothing-new")
        elif str(run.seen) == item.get("blocked_digest"):
            yield label, True, go("SUCCEEDED", "blocked")
        else:
            there = (run.seen, w.live[0]) == w.trained
            rule_kept = case.broken != "a failure after the verdict trains nothing again"
            after = "judge" if there and rule_kept else "train"
            noted = edit(w, run={**item["run"], "digest": str(run.seen)})
            yield label, True, go(after, world=noted)
    elif run.phase == "train":
        broken = "a judged data set is trained again" if run.seen == w.judged else ""
        broken = (
            "a data set is trained after failing 3 times"
            if run.seen == POISON and w.poisoned >= 3
            else broken
        )
        there = (run.seen, w.live[0]) == w.trained
        broken = "what has a model already is trained again" if there else broken
        broken = "two trainings at once" if w.jobs else broken
        yield (
            label,
            True,
            go("training", world=w._replace(jobs=(*w.jobs, run.epoch), broken=broken)),
        )
    elif run.phase == "training":
        bad = run.seen == POISON
        phase = "FAILED" if bad else "judge"
        yield (
            label,
            True,
            without_job(w._replace(poisoned=w.poisoned + bad), run, run._replace(phase=phase)),
        )
        if w.bucket != run.seen:
            ended = run._replace(phase="SUCCEEDED", outcome=PICTURES_DELETED)
            yield f"{label}, pictures are gone", True, without_job(w, run, ended)
    elif run.phase == "judge":
        if not holds:
            yield label, True, go("FAILED", run.phase)
            return
        broken = "a judged data set is judged again" if run.seen == w.judged else w.broken
        noted = w._replace(trained=(run.seen, w.live[0]), broken=broken)
        yield f"{label} refuses", True, go("SUCCEEDED", "refused", noted)
        yield label, True, go("publish", world=noted)
    elif run.phase == "publish":
        published, moved = _publish(w, run, case)
        yield (
            label,
            True,
            go("SUCCEEDED", "released", published) if moved else go("FAILED", run.phase, published),
        )
    elif run.epoch in w.jobs:
        yield f"the orphaned training of run {run.epoch} ends", True, without_job(w, run, run)


def _publish(w: World, run: Run, case: Case) -> tuple[World, bool]:
    holds = thaw(w.item).get("run", {}).get("epoch") == run.epoch
    if not holds and case.broken != "the pointer moves only if run.epoch":
        return w, False
    broken = w.broken if holds else "the live pointer was moved by a run without the lease"
    return w._replace(live=(run.epoch, run.seen), broken=broken), True


def _sweep(w: World, case: Case) -> Iterator[tuple[str, bool, World]]:
    """Daily; the days on which it changes anything are those
    on which everything else believes to be done.
    """
    if case.broken == "the daily sweep" or not case.sweep or w.queue or w.bucket == w.concluded:
        return
    state = state_of(w.item)
    if set(w.consumers) == {"idle"} and state.run is None and state.gen == state.covered:
        yield "daily sweep", True, record_change(w)
