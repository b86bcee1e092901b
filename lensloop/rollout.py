"""Has a wave of cameras proved a release? Decided from what each camera answered, and said with the
cameras' names.

A camera has proved a release when its AWS IoT Job execution SUCCEEDED and its answer names this
release's epoch and sha256; "succeeded" alone may be an agent that did something else.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lensloop.reasons import listed, shortened

WAITING, PROVEN, FAILED, SUPERSEDED = "waiting", "proven", "failed", "superseded"
_OPEN = ("QUEUED", "IN_PROGRESS")
_NAMED = 5  # cameras; the others are counted


@dataclass(frozen=True)
class Release:
    epoch: int
    sha256: str  # of its model


@dataclass(frozen=True)
class Answer:
    """What one camera says about the job; QUEUED also stands for "not asked yet"."""

    thing: str
    status: str = "QUEUED"
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Patience:
    elapsed: int  # seconds since the wave began
    timeout: int
    min_proven_share: float


@dataclass(frozen=True)
class WaveState:
    state: str
    reasons: tuple[str, ...] = ()
    proven: int = 0
    cameras: int = 0
    cancel: bool = (
        False  # whether cameras that have not answered must not take the release any more
    )


def wave_state(
    release: Release, answers: Sequence[Answer], patience: Patience, *, aborted: bool, wave: str
) -> WaveState:
    """`aborted`: AWS IoT (too many failures) or a person has cancelled the job."""
    cameras, needed = len(answers), needed_of(len(answers), patience.min_proven_share)
    proven = [answer.thing for answer in answers if _proved(answer, release)]
    waiting = [answer for answer in answers if answer.status in _OPEN]
    failures = tuple(
        _failure(answer, release) for answer in answers if _has_failed(answer, release)
    )
    late = patience.elapsed >= patience.timeout

    def state(name: str, *reasons: str, cancel: bool = False) -> WaveState:
        return WaveState(name, reasons, len(proven), cameras, cancel)

    if not cameras:
        return state(FAILED, f"no {wave} camera is left to prove the release", cancel=True)
    if len(proven) >= needed:
        return state(PROVEN, *shortened(failures, _NAMED, "more failed"), *_offline(waiting))
    if aborted and not failures:
        return state(
            FAILED,
            "the job was cancelled before enough cameras had proved the release",
            cancel=True,
        )
    if aborted or len(failures) > cameras - needed:
        return state(
            FAILED,
            _too_few(proven, cameras, needed),
            *shortened(failures, _NAMED, "more failed"),
            cancel=True,
        )
    if late:
        # Cameras of the fleet that were only offline still get the release, which others have
        # proved, when they return.
        cancel = wave == "canary" or bool(failures)
        minutes = f"{patience.timeout // 60} minutes"
        return state(
            FAILED,
            f"{_too_few(proven, cameras, needed)} after {minutes}",
            *shortened(failures, _NAMED, "more failed"),
            *_offline(waiting),
            cancel=cancel,
        )
    return state(WAITING, f"{len(proven)} of {cameras} cameras have proved release {release.epoch}")


def needed_of(cameras: int, min_proven_share: float) -> int:
    """At least one, whatever the share."""
    return max(1, math.ceil(cameras * min_proven_share - 1e-9))


def next_look(base: int, patience: Patience) -> int:
    """Seconds until the next look: a twentieth of the time passed, so that a week's wait stays a
    short history.

    A workflow's history ends at 25,000 events; looking every 30 seconds for a day would pass that.
    """
    wait = max(base, patience.elapsed // 20)
    return (
        max(1, min(wait, patience.timeout - patience.elapsed))
        if patience.elapsed < patience.timeout
        else base
    )


def to_cancel(jobs: Sequence[str], job: str, wave: str) -> list[str]:
    """Which of the project's open jobs make way for `job`: older ones of its own wave.

    A new canary does not touch the fleet, which keeps its release until the canary has proved the
    new one.
    """
    return sorted(other for other in jobs if other != job and other.endswith(f"-{wave}"))


def _proved(answer: Answer, release: Release) -> bool:
    details = answer.details
    named = (details.get("epoch"), details.get("sha256")) == (str(release.epoch), release.sha256)
    return answer.status == "SUCCEEDED" and named


def _has_failed(answer: Answer, release: Release) -> bool:
    # CANCELED and REMOVED are neither proof nor failure of the camera.
    if answer.status == "SUCCEEDED":
        return not _proved(answer, release)
    return answer.status in ("FAILED", "REJECTED", "TIMED_OUT")


def _failure(answer: Answer, release: Release) -> str:
    if answer.status == "SUCCEEDED":
        runs = (
            f"release {answer.details.get('epoch', '?')} ({answer.details.get('sha256', '?')[:12]})"
        )
        return (
            f"{answer.thing} says that it runs {runs}, not release {release.epoch}"
            f" ({release.sha256[:12]})"
        )
    if answer.status == "TIMED_OUT":
        return f"{answer.thing} began but did not finish in time"
    return f"{answer.thing}: {answer.details.get('reason', 'it failed and gave no reason')}"


def _too_few(proven: Sequence[str], cameras: int, needed: int) -> str:
    return f"{len(proven)} of {cameras} cameras proved the release, {needed} must"


def _offline(waiting: Sequence[Answer]) -> tuple[str, ...]:
    if not waiting:
        return ()
    things = listed([answer.thing for answer in waiting], _NAMED)
    return (f"no answer (offline?) from {things}",)
