"""What can happen to the trigger from outside: changes, lost events, failing and aborted runs,
operators, restores?
"""

from collections.abc import Iterator

from lensloop.trigger.terms import EXECUTION_ENDED
from proof.world import POISON, World, become, edit, record_change, spend, state_of, without_job


def bad_luck(w: World) -> Iterator[tuple[str, bool, World]]:
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
    if w.item and (taken := spend(w, "takeover")) is not None and state_of(w.item).run:
        yield "the lease is taken away after some time", False, edit(taken, run={})
    if w.item and (restored := spend(w, "restore")) is not None:
        yield (
            "the table is restored, empty",
            False,
            restored._replace(item=(), now=w.now + 1000, judged=-1),
        )
    for run in w.runs:
        fallen = run._replace(phase="FAILED", outcome=run.phase)
        if run.phase not in EXECUTION_ENDED:
            if (failed := spend(w, "fail")) is not None:
                yield (
                    f"run {run.epoch} fails in {run.phase}",
                    False,
                    without_job(failed, run, fallen),
                )
            if (aborted := spend(w, "abort")) is not None:
                aborted = become(aborted, run, run._replace(phase="ABORTED"))
                if run.phase == "publish":  # its Lambda does not hear of the abort
                    aborted = aborted._replace(late_writes=(run,))
                if run.phase == "train":  # nor does a CreateTrainingJob that is on its way
                    aborted = aborted._replace(late_jobs=(run.epoch,))
                yield f"run {run.epoch} is aborted in {run.phase}", False, aborted
        elif run.phase == "FAILED" and (redriven := spend(w, "redrive")) is not None:
            phase = "train" if run.outcome == "training" else run.outcome
            yield (
                f"operator redrives run {run.epoch}",
                False,
                become(redriven, run, run._replace(phase=phase)),
            )
