"""Has a wave of cameras proved a release? Decided from what each camera answered, with the names of
those that speak against it.

A camera has proved a release when its AWS IoT Job execution SUCCEEDED and its answer names this
release's epoch and sha256; "succeeded" alone may be an agent that did something else.

Canaries, and the whole fleet, are counted. A share of the fleet is a draw from it: it stops a
release only with more failures than a fleet that just bears it would often show by chance.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from lensloop.model.intervals import chance_of_so_few_drawn
from lensloop.reasons import counted, listed, shortened

WAITING, PROVEN, FAILED, SUPERSEDED = "waiting", "proven", "failed", "superseded"
UNANSWERED = "unanswered"  # all cameras of a wave seem to be offline: nothing is decided
PAUSED = "paused"  # a person has paused rollouts: nothing is decided
HELD = "held"  # it may not begin yet: lensloop.window
SKIPPED = "skipped"  # no camera of it has answered, and a person wants it to go on without them
GOES_ON = "goes-on"  # a share of the fleet is proven or skipped: the next one's turn comes
TRIED = "tried"  # of a candidate: a rollout has it, and cameras have not proved it yet
TAKEN_BACK = "taken-back"  # of a candidate: a person has withdrawn it
_OPEN = ("QUEUED", "IN_PROGRESS")
# How often a share of a fleet in which just as many fail as may is so bad by chance, at most, where
# it stops the release. Of 200 cameras in shares of 10 and 50 in 100, with one in ten borne: what
# fails on one in twenty is stopped in 1 rollout of 95, on three in ten at the first share in 9 of
# 10. Below 0.12 the latter is found in 8 of 10 only; above 0.32 the former is stopped in 1 of 15.
BY_CHANCE = 0.25
_NAMED = 5  # cameras; a message to a person names as many and counts the others
# A workflow's history ends at 25,000 events; a look every 30 seconds for a day would pass that.
# Waiting a twentieth of the time passed, the answer is at most 5 % late and a week takes 162 looks.
_PART_OF_ELAPSED = 20


@dataclass(frozen=True)
class Release:
    epoch: int
    sha256: str  # of its model


@dataclass(frozen=True)
class Answer:
    """What one camera reports about the job; QUEUED also stands for "not asked yet"."""

    thing: str
    status: str = "QUEUED"
    details: Mapping[str, str] = field(default_factory=dict)
    at: int = 0  # epoch seconds of its last word about the job, by the cloud's clock


@dataclass(frozen=True, kw_only=True)
class Patience:
    elapsed: int  # seconds since the wave began
    timeout: int
    min_proven_share: float
    decide_now: bool = False  # a person wants those to decide who have answered
    least: int = 1  # answers, without which the wave after it does not begin by itself
    is_last: bool = False  # no other wave comes after it
    fleet: int = 0  # cameras, of which the wave is a share; 0 where it is all that is judged

    @property
    def over(self) -> bool:
        return self.decide_now or self.elapsed >= self.timeout


@dataclass(frozen=True)
class WaveState:
    state: str
    reasons: tuple[str, ...]
    proven: int
    cameras: int
    cancel: bool  # whether cameras that have not answered must not take the release any more


def place_taken(epoch: int, live_epoch: int, candidate_epoch: int, state: str) -> str:
    """Why the rollout of this release goes no further; nothing when it does. Epochs are 0 for none,
    `state` is the candidate's.

    The live release goes on to the fleet while canaries try a later one.
    """
    if live_epoch > epoch:
        return f"release {live_epoch} is live now"
    if live_epoch == epoch:
        return ""
    if candidate_epoch > epoch:
        return f"release {candidate_epoch} is tried now"
    if state in (PROVEN, TAKEN_BACK):  # live has gone back since, or the cameras that tried it
        return f"release {epoch} was taken back"
    return ""


def paused(by: str = "", note: str = "") -> WaveState:
    why = f"{by or 'a person'} has paused rollouts{f': {note}' if note else ''}"
    return WaveState(PAUSED, (why,), 0, 0, cancel=False)


def held(why: str) -> WaveState:
    return WaveState(HELD, (why,), 0, 0, cancel=False)


def superseded(why: str) -> WaveState:
    """The cameras of the wave have an order for another release, or will get one."""
    return WaveState(SUPERSEDED, (why,), 0, 0, cancel=False)


def wave_state(
    release: Release, answers: Sequence[Answer], patience: Patience, *, aborted: bool, wave: str
) -> WaveState:
    """`aborted`: a person has cancelled the job."""
    cameras = len(answers)
    needed = max(_needed(cameras, patience), min(patience.least, cameras))
    proven = sum(_proved(answer, release) for answer in answers)
    failures = _failures(answers, release)
    named = shortened(failures, _NAMED, "more failed")
    of_all = counted(cameras, "camera", "cameras")
    too_few = f"{proven} of {of_all} proved the release, {needed} must"

    def state(name: str, *reasons: str, cancel: bool) -> WaveState:
        return WaveState(name, reasons, proven, cameras, cancel)

    if not cameras:
        return state(FAILED, f"no {wave} camera is left to prove the release", cancel=True)
    if proven >= needed:
        return state(PROVEN, *named, *_offline(answers), cancel=False)
    if aborted and not failures:
        cancelled = "the job was cancelled before enough cameras had proved the release"
        return state(FAILED, cancelled, cancel=True)
    if aborted or len(failures) > cameras - needed:
        return state(FAILED, too_few, *named, cancel=True)
    if patience.over:
        minutes = min(patience.elapsed, patience.timeout) // 60
        late = f"{too_few} after {counted(minutes, 'minute', 'minutes')}"
        name = _in_the_end(proven, len(failures), min(patience.least, cameras), patience)
        why = () if name == PROVEN else (late,)
        return state(name, *why, *named, *_offline(answers), cancel=name == FAILED)
    have = "has" if cameras == 1 else "have"
    waiting = f"{proven} of {of_all} {have} proved release {release.epoch}"
    return state(WAITING, waiting, cancel=False)


def _in_the_end(proven: int, failed: int, least: int, patience: Patience) -> str:
    """Who is offline says nothing against a release: the others decide, and their order stays. Too
    few of them speak against it all the same, but for it only where a person wants it so.
    """
    answered = proven + failed
    if not answered:
        return SKIPPED if patience.decide_now and not patience.is_last else UNANSWERED
    if proven < _needed(answered, patience):
        return FAILED
    return PROVEN if answered >= least or patience.decide_now else UNANSWERED


def _needed(cameras: int, patience: Patience) -> int:
    if cameras >= patience.fleet:
        return needed_of(cameras, patience.min_proven_share)
    return max(1, cameras - most_failing(cameras, patience.fleet, patience.min_proven_share))


def most_failing(cameras: int, fleet: int, min_proven_share: float) -> int:
    """Of so many that were drawn from the fleet, how many may fail without stopping the release."""
    proving = needed_of(fleet, min_proven_share)

    def is_chance(failing: int) -> bool:
        return chance_of_so_few_drawn(cameras - failing, cameras, proving, fleet) > BY_CHANCE

    return bisect_left(range(1, cameras + 1), True, key=lambda failing: not is_chance(failing))


def needed_of(cameras: int, min_proven_share: float) -> int:
    """At least one, whatever the share. 0.07 of 100 cameras are 7, not the 8 of floating point."""
    return max(1, math.ceil(Fraction(str(min_proven_share)) * cameras))


def next_look(base: int, patience: Patience) -> int:
    """Seconds until the next look, the last one exactly at the timeout."""
    left = patience.timeout - patience.elapsed
    if left <= 0:
        return base
    return min(max(base, patience.elapsed // _PART_OF_ELAPSED), left)


def to_cancel(jobs: Sequence[str], job: str, wave: str) -> list[str]:
    """Which of the project's open jobs make way for `job`, which orders a whole wave: older ones of
    its own wave.

    A new canary does not touch the fleet,
    which keeps its release until the canary has proved the new one.
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


def _failures(answers: Sequence[Answer], release: Release) -> tuple[str, ...]:
    failed = [answer for answer in answers if _has_failed(answer, release)]
    return tuple(_failure(answer, release) for answer in failed)


def _failure(answer: Answer, release: Release) -> str:
    if answer.status == "SUCCEEDED":
        epoch, sha256 = answer.details.get("epoch", "?"), answer.details.get("sha256", "?")
        return (
            f"{answer.thing} reports release {epoch} ({sha256[:12]}), not release {release.epoch}"
            f" ({release.sha256[:12]})"
        )
    if answer.status == "TIMED_OUT":
        return f"{answer.thing} began but did not finish in time"
    return f"{answer.thing}: {answer.details.get('reason', 'it failed and gave no reason')}"


def _offline(answers: Sequence[Answer]) -> tuple[str, ...]:
    things = [answer.thing for answer in answers if answer.status in _OPEN]
    return (f"no answer (offline?) from {listed(things, _NAMED)}",) if things else ()
