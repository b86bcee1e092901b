"""Which cameras get the live release ordered again, and of which is a person told?

What a camera reports it runs is the truth, an order only a wake-up: one whose file has rotted, that
runs an older release or one that was taken back, whose job was cancelled half-way, or that joined
when no order was open, is ordered again; and so is one that does not believe the newest release
keys, which every order brings. One that gave the live release back is not: it would only
fail again. Nor is one that runs an older release, where too many cameras failed the live one, or
where its share of the fleet is still to come.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lensloop.fleet.terms import (
    GAVE_BACK,
    NEWER,
    OTHER,
    RIGHT,
    Camera,
    Live,
    Ordered,
    lacks_keys,
    runs,
)

HOUR, DAY, WEEK = 3600, 86_400, 604_800
FIRST_PAUSE = HOUR  # a camera reports hourly: by then it has said what became of the order
LONGEST_PAUSE = WEEK  # what fails for a month is for a person, who sees it in `lensloop fleet`
# What goes wrong this long after the last order is other trouble, and gets its order at once.
FORGOTTEN_AFTER = DAY


@dataclass(frozen=True)
class OrderAgain:
    thing: str
    ordered: Ordered  # what is noted with the camera


@dataclass(frozen=True)
class TellGivenBack:
    thing: str
    epoch: int
    reason: str


Step = OrderAgain | TellGivenBack


def steps(live: Live, cameras: Sequence[Camera], now: int, *, may_order: bool = True) -> list[Step]:
    """A rollout that runs orders by itself; what was given back is told all the same."""
    found: list[Step] = []
    for camera in sorted(cameras, key=lambda one: one.thing):
        step = _step(live, camera, now)
        if step and (may_order or isinstance(step, TellGivenBack)):
            found.append(step)
    return found


def without_open_orders(found: Sequence[Step], busy: Collection[str]) -> list[Step]:
    """A camera that has an order and has not answered it needs no second one."""
    return [step for step in found if isinstance(step, TellGivenBack) or step.thing not in busy]


def waves_to_lead_back(live: Live, failed: int, cameras: Sequence[Camera]) -> list[str]:
    """Where a camera runs the candidate that has failed, and no statement leads back from it: the
    rollout broke before it could make one.
    """
    stranded = [camera for camera in cameras if runs(camera, live) == NEWER]
    return sorted({camera.wave for camera in stranded if camera.report.epoch == failed})


def pause(times: int) -> int:
    """Seconds after so many orders until the next; twice as long each time."""
    return min(FIRST_PAUSE * 2 ** (times - 1), LONGEST_PAUSE) if times else 0


def _step(live: Live, camera: Camera, now: int) -> Step | None:
    found = runs(camera, live)
    if found == GAVE_BACK:
        return _tell(live, camera)
    if found == OTHER or (found == RIGHT and lacks_keys(camera, live)):
        return _order(live, camera, now)
    # A newer one than live is tried by canaries: only a signed statement leads back from it.
    return None


def _tell(live: Live, camera: Camera) -> TellGivenBack | None:
    given_back = camera.report.given_back
    if given_back is None or camera.told == live.epoch:
        return None
    return TellGivenBack(camera.thing, live.epoch, given_back.reason)


def _order(live: Live, camera: Camera, now: int) -> OrderAgain | None:
    if live.held_back and camera.report.epoch and camera.report.epoch < live.epoch:
        return None  # it keeps the good one that it runs
    times, last = _so_far(live, camera)
    if now < last + pause(times):
        return None
    return OrderAgain(camera.thing, Ordered(live.epoch, times + 1, now))


def _so_far(live: Live, camera: Camera) -> tuple[int, int]:
    before = camera.ordered
    if before is None or before.epoch != live.epoch:
        return 0, 0
    if camera.since > before.at + FORGOTTEN_AFTER:
        return 0, 0
    return before.times, before.at
