"""Until when does `watch` look on, and how did what it watched end?"""

from dataclasses import dataclass

from cli.faults import DONE, INCOMPLETE, RUN_FAILED
from cli.records import UNREADABLE
from cli.status import RELEASES, RUNNING, WAITING, End, Status
from lensloop.model.approval import REJECTED, SUPERSEDED
from lensloop.model.approval import WAITING as WAITING_FOR_PERSON
from lensloop.record import CANARY_FAILED, FAILURES, ROLLOUT_FAILURES, WAITS_FOR_APPROVAL


@dataclass(frozen=True)
class Ending:
    code: int
    sentence: str


def target(status: Status) -> int | None:
    """The run to watch: the one that works, the one whose release is on its way, or the one that is
    about to begin. None when nothing happens.
    """
    if status.trigger.doing == RUNNING:
        return status.trigger.epoch
    if status.rollout:
        return status.rollout.epoch
    return status.trigger.epoch + 1 if status.trigger.doing == WAITING else None


def ending(status: Status, epoch: int) -> Ending | None:
    """How the run of this epoch and its rollout ended; None while one of them goes on."""
    if _goes_on(status, epoch):
        return None
    for end in status.ends:
        if end.epoch == epoch:
            return _of(end)
    return Ending(RUN_FAILED, f"Run {epoch} ended, and nothing says how.")


def _goes_on(status: Status, epoch: int) -> bool:
    newest = status.trigger.epoch
    if newest < epoch or (newest == epoch and status.trigger.doing == RUNNING):
        return True
    return status.rollout is not None and status.rollout.epoch == epoch


def _of(end: End) -> Ending:
    why = "; ".join(end.rollout_reasons or end.reasons)
    because = f": {why}" if why else ""
    if end.outcome in FAILURES or end.outcome in ("", UNREADABLE):
        outcome = end.outcome or "without an outcome"
        return Ending(RUN_FAILED, f"Run {end.epoch} ended {outcome}{because}")
    if end.outcome == WAITS_FOR_APPROVAL and end.approval == WAITING_FOR_PERSON:
        return Ending(INCOMPLETE, _how_to_decide(end.epoch))
    if end.outcome not in RELEASES or end.approval in (REJECTED, SUPERSEDED):
        outcome = end.approval or end.outcome
        return Ending(INCOMPLETE, f"Run {end.epoch} ended {outcome}{because}")
    code = RUN_FAILED if end.rollout in ROLLOUT_FAILURES else DONE
    rollout = end.rollout or "not recorded"
    became = "did not become" if end.rollout == CANARY_FAILED else "is"
    return Ending(code, f"Release {end.epoch} {became} live; its rollout: {rollout}{because}")


def _how_to_decide(epoch: int) -> str:
    return (
        f"Release {epoch} waits for your approval: `lensloop approve {epoch}` rolls it out,"
        f" `lensloop reject {epoch}` leaves it unused."
    )
