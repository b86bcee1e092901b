"""What follows when a training job did not train: another machine, a delay, or the end of the run?

A machine that is lacking or not allowed is no failure as long as there is another on the ladder. A
failure of the training itself, of its data or of a permission would come again on every machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

from lensloop import quota
from lensloop.failure import Failure, sentence
from lensloop.machines.ladder import MOST_ATTEMPTS, OURS, Rung
from lensloop.trigger.blame import (
    CAPACITY,
    MISSING,
    NOBODY_NEEDS_TO_ACT,
    QUOTA,
    REQUEST,
    SERVICE,
    TRAINING,
    UNKNOWN,
    Fault,
    fault,
)

# What the workflow does next; it asks for these words.
TRAIN, PICTURES, NO_MACHINE, FAIL = "train", "pictures", "no machine", "fail"
# A training job says this when what it found in the feature cache is not what was written there.
CACHE_DAMAGED = "The feature cache is damaged"
# SageMaker refuses the request by the name of its machine, which this region may not have.
NOT_OFFERED = "not offered"
# This machine cannot be had; that says nothing about the next.
_LACKING = frozenset({CAPACITY, QUOTA, NOT_OFFERED})
# An accident: worth one more job in a run, and not one on each machine.
_ACCIDENTS = frozenset({SERVICE, UNKNOWN})
# It may have come of pictures that were deleted meanwhile.
_OF_PICTURES = frozenset({MISSING, TRAINING})


class Tried(TypedDict):
    """A machine, and why it did not train: the fault's kind, and what was said."""

    instance: str
    spot: bool
    fault: str
    said: str


class Machine(TypedDict):
    """What the workflow keeps: the machine of the next job, or why there is none.

    `everything`: the job is given every picture, whatever the feature cache holds.
    """

    then: str
    instance: str
    spot: bool
    attempt: int
    everything: bool
    job: str  # which of the run's: lensloop.machines.ladder
    tried: list[Tried]
    reasons: list[str]


@dataclass(frozen=True)
class Choice:
    machine: Machine
    failure: Failure  # of which the run ends, if it ends of one


def first(ladder: Sequence[Rung], job: str = OURS) -> Machine:
    return Machine(
        then=TRAIN,
        instance=ladder[0].instance,
        spot=ladder[0].spot,
        attempt=1,
        everything=False,
        job=job,
        tried=[],
        reasons=[],
    )


def after(machine: Machine, failure: Failure, ladder: Sequence[Rung]) -> Choice:
    """Where to go on after the job on `machine` ended in `failure`."""
    found, said = fault(**failure), sentence(failure)
    if CACHE_DAMAGED in said and not machine["everything"]:
        again: Machine = {**machine, "attempt": machine["attempt"] + 1, "everything": True}
        return Choice(again, failure)
    of_its_machine = found.kind == REQUEST and machine["instance"] in said
    kind = NOT_OFFERED if of_its_machine else found.kind
    failed = Tried(instance=machine["instance"], spot=machine["spot"], fault=kind, said=said)
    tried: Machine = {**machine, "tried": [*machine["tried"], failed]}
    following = _next(tried, ladder) if _goes_on(tried["tried"]) else None
    if following:
        return Choice({**tried, **following}, failure)
    return _ended(tried, found, failure)


def _goes_on(tried: Sequence[Tried]) -> bool:
    """Whether another machine is worth a job."""
    kinds = [one["fault"] for one in tried]
    if kinds[-1] in _ACCIDENTS:
        return sum(kind in _ACCIDENTS for kind in kinds) == 1
    return kinds[-1] in _LACKING


def _next(machine: Machine, ladder: Sequence[Rung]) -> Machine | None:
    """The first rung that was not tried; a deployment may have changed the ladder meanwhile."""
    before = {Rung(one["instance"], one["spot"]) for one in machine["tried"]}
    left = [rung for rung in ladder if rung not in before]
    attempt = machine["attempt"] + 1
    if not left or attempt > MOST_ATTEMPTS:
        return None
    return {**machine, "instance": left[0].instance, "spot": left[0].spot, "attempt": attempt}


def _ended(machine: Machine, found: Fault, failure: Failure) -> Choice:
    tried = machine["tried"]
    kinds = {one["fault"] for one in tried}
    if tried[-1]["fault"] in _LACKING and CAPACITY in kinds:
        reasons = [*_reasons(tried)]
        return Choice({**machine, "then": NO_MACHINE, "reasons": reasons}, failure)
    if tried[-1]["fault"] in _LACKING and QUOTA in kinds:
        return Choice({**machine, "then": FAIL}, _refusal(tried))
    return Choice({**machine, "then": PICTURES if found.kind in _OF_PICTURES else FAIL}, failure)


def _refusal(tried: Sequence[Tried]) -> Failure:
    """Of the quota that is best raised: that of the machine one would rather have, on demand."""
    refused = [one for one in tried if one["fault"] == QUOTA]
    usual = [one for one in refused if not one["spot"]]
    return Failure(error="ResourceLimitExceeded", cause=(usual or refused)[0]["said"])


def _reasons(tried: Sequence[Tried]) -> Iterator[str]:
    """A sentence for each kind, with its machines; then what a person can do."""
    yield f"AWS has none at the moment: {_machines(tried, CAPACITY)}."
    if refused := _machines(tried, QUOTA):
        yield f"The account may have none: {refused}."
    if unknown := _machines(tried, NOT_OFFERED):
        yield f"SageMaker has none here: {unknown}."
    if refused:
        name = quota.named_in(_refusal(tried)["cause"])
        yield f"{NOBODY_NEEDS_TO_ACT} {quota.how_to_raise(name)}"
    else:
        yield (
            f"{NOBODY_NEEDS_TO_ACT} If it lasts, name more types in `training_instance_type` in"
            " cdk.json and deploy."
        )


def _machines(tried: Sequence[Tried], kind: str) -> str:
    """Each type once: “ml.m5.xlarge on spot capacity and on demand”."""
    found: dict[str, list[str]] = {}
    for one in tried:
        if one["fault"] == kind:
            where = "on spot capacity" if one["spot"] else "on demand"
            found.setdefault(one["instance"], []).append(where)
    return ", ".join(f"{name} {' and '.join(where)}" for name, where in found.items())
