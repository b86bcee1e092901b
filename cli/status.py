"""What is going on? One value, read from the cloud; cli/picture.py shows it to people."""

from dataclasses import dataclass, replace

from cli import records, runs
from cli.fleet import Camera
from cli.health import known_cameras
from cli.place import Place
from cli.runs import Stand
from lambdas.aws.state import StateTable
from lensloop.model import approval
from lensloop.model.unfamiliar import unfamiliar
from lensloop.record import WAITS_FOR_APPROVAL, Record
from lensloop.trigger.decide import decide
from lensloop.trigger.terms import Facts, Pacing, State, Wait

RESTING, WAITING, RUNNING = "resting", "waiting", "running"
RELEASED = "released"
RELEASES = frozenset({RELEASED, WAITS_FOR_APPROVAL})  # ends after which there may be a rollout
ENDS = 5


@dataclass(frozen=True)
class Trigger:
    """`until`: epoch seconds when its waiting ends by itself, where that is known."""

    doing: str
    reason: str
    until: int | None
    blocked: str  # the digest of the data set that is not tried again; empty for none
    epoch: int  # of the newest run
    held: str = ""  # the digest of the data set whose model waits for a person; empty for none


@dataclass(frozen=True)
class End:
    """How a run ended; `rollout` is empty while there is none or it has not ended."""

    epoch: int
    outcome: str
    reasons: tuple[str, ...]
    ended_at: str
    rollout: str
    rollout_reasons: tuple[str, ...]
    approval: str = ""  # of a release that waited or waits


@dataclass(frozen=True)
class Live:
    """`unfamiliar`: what its cameras can say of things it was not taught, as a sentence."""

    epoch: int
    dataset: str
    unfamiliar: str = ""


@dataclass(frozen=True)
class Waiting:
    """A release that a person is to approve or reject."""

    epoch: int
    dataset: str


@dataclass(frozen=True)
class Status:
    project: str
    region: str
    at: int
    trigger: Trigger
    run: Stand | None
    rollout: Stand | None
    live: Live | None
    ends: tuple[End, ...]
    cameras: tuple[Camera, ...]
    waiting: Waiting | None = None
    paused: str = ""  # who has paused rollouts; empty while they are not


def look(place: Place, now: int) -> Status:
    """What ends is read last: a rollout that has ended by then has written its part."""
    state, live = _remembered(place)
    live = _with_ability(place, live) if live else None
    run = runs.stand(place, "retraining", state.run.epoch) if state.run else None
    return Status(
        project=place.prefix,
        region=place.region_name,
        at=now,
        trigger=_trigger(place, state, now),
        run=run,
        rollout=_rollout(place),
        live=live,
        cameras=tuple(known_cameras(place, now)),
        ends=_ends(place, state.epoch),
        waiting=waiting(place),
        paused=_paused(place),
    )


def _paused(place: Place) -> str:
    found = StateTable(place.table()).paused()
    return found.by or "somebody" if found else ""


def waiting(place: Place) -> Waiting | None:
    table = StateTable(place.table())
    found, live = table.for_approval(), table.live()
    if found is None or found.state != approval.WAITING:
        return None
    if live and live.epoch > found.release.epoch:
        return None
    return Waiting(found.release.epoch, found.release.dataset)


def look_at_trigger(place: Place, now: int) -> Trigger:
    state, _ = _remembered(place)
    return _trigger(place, state, now)


def newest_epoch(place: Place) -> int:
    state, _ = _remembered(place)
    return state.epoch


def _trigger(place: Place, state: State, now: int) -> Trigger:
    facts = runs.facts(place, state.run.epoch) if state.run else Facts()
    return trigger(state, facts, now, Pacing.from_settings(place.settings()))


def _remembered(place: Place) -> tuple[State, Live | None]:
    """What the state table says."""
    table = place.table()
    try:
        state, live = StateTable(table).trigger(), StateTable(table).live()
    except table.meta.client.exceptions.ResourceNotFoundException:
        raise place.nothing_here() from None
    return state, Live(live.epoch, live.dataset) if live else None


def _with_ability(place: Place, live: Live) -> Live:
    found = records.read(place, live.epoch)
    return replace(live, unfamiliar=unfamiliar(found)) if found else live


def trigger(state: State, facts: Facts, now: int, pacing: Pacing) -> Trigger:
    """What the tick would say now."""
    # A message that waits to be sent is the tick's next step, but not why nothing runs.
    step = decide(replace(state, news=()), facts, now, pacing)
    until = step.until if isinstance(step, Wait) else None
    return Trigger(_doing(state), step.reason, until, state.blocked_digest, state.epoch, state.held)


def _doing(state: State) -> str:
    if state.run:
        return RUNNING
    return WAITING if state.gen > state.covered else RESTING


def end(record: Record) -> End:
    rollout, decided = record["rollout"], record["approval"]
    return End(
        epoch=record["epoch"],
        outcome=record["outcome"],
        reasons=tuple(record["reasons"]),
        ended_at=record["ended_at"] or "",
        rollout=rollout["outcome"] if rollout else "",
        rollout_reasons=tuple(rollout["reasons"]) if rollout else (),
        approval=decided["decision"] if decided else "",
    )


def _ends(place: Place, newest: int) -> tuple[End, ...]:
    """By their records; by their executions where a run could leave none."""
    found = []
    for epoch in range(newest, max(0, newest - ENDS), -1):
        record = records.read(place, epoch)
        one = end(record) if record else _end_without_record(place, epoch)
        if one and one.outcome:
            found.append(one)
    return tuple(found)


def _end_without_record(place: Place, epoch: int) -> End | None:
    run = runs.ended(place, "retraining", epoch)
    if run is None:
        return None
    rollout = runs.ended(place, "rollout", epoch) if run.outcome in RELEASES else None
    return End(
        epoch=epoch,
        outcome=run.outcome,
        reasons=run.reasons,
        ended_at=run.at,
        rollout=rollout.outcome if rollout else "",
        rollout_reasons=rollout.reasons if rollout else (),
    )


def _rollout(place: Place) -> Stand | None:
    """That of the newest release that was handed to one, while it runs: an older one ends soon."""
    candidate = StateTable(place.table()).candidate()
    if candidate is None:
        return None
    found = runs.stand(place, "rollout", candidate.release.epoch, candidate.again)
    return None if found is None or found.ended else found
