"""How is a camera, in plain words? For the table that people look at, and for the counts that the
alarms watch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lensloop.fleet.terms import GAVE_BACK, NEWER, RIGHT, Camera, Live, deviates_since, runs
from lensloop.reasons import counted
from lensloop.wire.report import EVERY_SECONDS

# A report that is five minutes late is on its way; one that is later is missing.
SILENT_AFTER = EVERY_SECONDS + 300
# So long a camera may run another release before somebody is woken: an order, a download over a
# weak link and a report take minutes.
WRONG_AFTER = 3600
DAY = 86_400

WELL, NO_RELEASE, NEVER_SEEN = "well", "no release live", "never seen"
SILENT, WRONG, WAITING = "silent", "wrong release", "release waiting"


@dataclass(frozen=True)
class Look:
    """`state` is one of the above; `words` say it to a person."""

    state: str
    words: str
    waiting_since: int = 0  # epoch seconds; 0 while nothing waits


@dataclass(frozen=True)
class Counts:
    cameras: int
    silent: int
    wrong: int


def look(camera: Camera | None, live: Live | None, now: int) -> Look:
    """Of a camera that is registered; None: it never reported."""
    if camera is None:
        return Look(NEVER_SEEN, "never seen: its agent has not reported yet")
    since = _waits_since(camera, live)
    silence = now - camera.seen_at
    if silence > SILENT_AFTER:
        return Look(SILENT, f"silent for {span(silence)}", since)
    if live is None:
        return Look(NO_RELEASE, "no release is live yet")
    if not since:
        verb = "tries" if _tries(camera, live) else "runs"
        return Look(WELL, f"{verb} release {camera.report.epoch}")
    state = WRONG if now - since >= WRONG_AFTER else WAITING
    return Look(state, f"{state}: {_instead(camera, live)}", since)


def counts(
    registered: Sequence[str], cameras: Sequence[Camera], live: Live | None, now: int
) -> Counts:
    """A camera that is silent is not counted as wrong as well: one cause, one alarm."""
    known = {camera.thing: camera for camera in cameras}
    states = [look(known.get(thing), live, now).state for thing in registered]
    return Counts(len(states), states.count(SILENT), states.count(WRONG))


def newly_silent(cameras: Sequence[Camera], now: int) -> list[Camera]:
    """Of whose silence nobody was told: once for each, until it reports again."""
    silent = [camera for camera in cameras if now - camera.seen_at > SILENT_AFTER]
    return [camera for camera in silent if camera.silence_told != camera.seen_ms]


def span(seconds: int) -> str:
    """Rounded down to what matters: `2 h`, `35 min`, `3 days`."""
    if seconds >= DAY:
        return counted(seconds // DAY, "day", "days")
    if seconds >= 3600:
        return f"{seconds // 3600} h"
    return f"{max(seconds, 0) // 60} min"


def _waits_since(camera: Camera, live: Live | None) -> int:
    if live is None or runs(camera, live) == RIGHT or _tries(camera, live):
        return 0
    return deviates_since(camera, live)


def _tries(camera: Camera, live: Live) -> bool:
    return bool(live.tried) and (runs(camera, live), camera.report.epoch) == (NEWER, live.tried)


def _instead(camera: Camera, live: Live) -> str:
    report, found = camera.report, runs(camera, live)
    has = f"runs release {report.epoch}" if report.epoch else "runs none"
    if found == GAVE_BACK and report.given_back:
        return f"{has}, gave release {live.epoch} back: {report.given_back.reason}"
    if found == NEWER:
        return f"{has}, newer than the live release {live.epoch}"
    if report.epoch == live.epoch:
        return f"{has}, but another file than is live"
    if live.stopped and report.epoch and report.epoch < live.epoch:
        return f"{has}, as the rollout of release {live.epoch} was stopped"
    if live.by_shares and report.epoch and report.epoch < live.epoch:
        return f"{has} until its share of the fleet gets release {live.epoch}"
    return f"{has} and must run {live.epoch}"
