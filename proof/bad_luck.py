"""What can happen to the trigger from outside:
changes, lost events, failing and aborted runs, operators, restores?
"""

from collections.abc import Iterator

from lensloop.record import NO_MACHINE
from lensloop.trigger.terms import EXECUTION_ENDED
from proof.world import (
    POISON,
    REFUSED,
    Run,
    World,
    become,
    edit,
    record_change,
    spend,
    state_of,
    without_job,
)

Luck = Iterator[tuple[str, bool, World]]  # as successors() yields them; never by the system itself


def bad_luck(w: World) -> Luck:
    yield from _in_the_bucket(w)
    if w.item:
        yield from _in_the_table(w)
    for run in w.runs:
        yield from _in_a_run(w, run)


def _in_the_bucket(w: World) -> Luck:
    for value in (v for v in (0, 1, 2) if v != w.bucket):
        if (changed := spend(w, "change")) is not None:
            changed = changed._replace(bucket=value)
            yield f"bucket becomes {value}", False, changed._replace(queue=w.queue + 1)
            if (lost := spend(changed, "lose")) is not None:
                yield f"bucket becomes {value}, its event is lost", False, lost
    if (poisoned := spend(w, "poison")) is not None:
        yield "bucket becomes poison", False, poisoned._replace(bucket=POISON, queue=w.queue + 1)
    if (swept := spend(w, "stray_sweep")) is not None:
        yield "sweep", False, record_change(swept)


def _in_the_table(w: World) -> Luck:
    if (taken := spend(w, "takeover")) is not None and state_of(w.item).run:
        yield "the lease is taken away after some time", False, edit(taken, run={})
    if (restored := spend(w, "restore")) is not None:
        emptied = restored._replace(item=(), now=w.now + 1000, judged=-1, trained=(-1, 0))
        yield "the table is restored, empty", False, emptied


def _in_a_run(w: World, run: Run) -> Luck:
    if run.phase not in EXECUTION_ENDED:
        if (failed := spend(w, "fail")) is not None:
            fallen = run._replace(phase="FAILED", outcome=run.phase)
            yield f"run {run.epoch} fails in {run.phase}", False, without_job(failed, run, fallen)
        if (aborted := spend(w, "abort")) is not None:
            yield f"run {run.epoch} is aborted in {run.phase}", False, _aborted(aborted, run)
        if run.phase == "train" and (refused := spend(w, "refuse")) is not None:
            fallen = run._replace(phase="FAILED", outcome=REFUSED)
            yield f"AWS refuses to train run {run.epoch}", False, become(refused, run, fallen)
        if run.phase == "training" and (lacking := spend(w, "shortage")) is not None:
            what, another = f"AWS has no machine for run {run.epoch}", run._replace(phase="train")
            yield f"{what}, but another", False, without_job(lacking, run, another)
            delayed = run._replace(phase="SUCCEEDED", outcome=NO_MACHINE)
            yield what, False, without_job(lacking, run, delayed)
    elif run.phase == "FAILED" and (redriven := spend(w, "redrive")) is not None:
        phase = "train" if run.outcome == "training" else run.outcome
        again = become(redriven, run, run._replace(phase=phase))
        yield f"operator redrives run {run.epoch}", False, again


def _aborted(w: World, run: Run) -> World:
    after = become(w, run, run._replace(phase="ABORTED"))
    if run.phase == "publish":  # its Lambda does not hear of the abort
        return after._replace(late_writes=(run,))
    if run.phase == "train":  # nor does a CreateTrainingJob that is on its way
        return after._replace(late_jobs=(run.epoch,))
    return after
