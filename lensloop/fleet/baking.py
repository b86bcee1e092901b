"""Does a release hold that cameras have proved? For the bake time they run it before others get it:
a camera that gave it back, fell silent, or does not run it after all counts as one that failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lensloop.fleet.look import SILENT_AFTER, span
from lensloop.fleet.terms import Camera
from lensloop.reasons import counted
from lensloop.rollout import PROVEN, WAITING, Answer, Release, WaveState

# A report follows a proof within seconds, and takes its way through a queue and a function.
REPORT_TAKES = 60


@dataclass(frozen=True)
class Bake:
    """`proved_at`: since when enough cameras have proved it, in epoch seconds; 0 while they have
    not. `minutes`: 0 where no wave comes after this one. `enough`: a person waits no longer.
    """

    minutes: int
    proved_at: int
    now: int
    enough: bool = False

    @property
    def runs(self) -> bool:
        return bool(self.minutes and self.proved_at)

    @property
    def over(self) -> bool:
        return not self.minutes or self.enough or (self.runs and self.left <= 0)

    @property
    def left(self) -> int:
        return self.proved_at + self.minutes * 60 - self.now


def as_they_run_it(
    answers: Sequence[Answer], cameras: Sequence[Camera], release: Release, bake: Bake
) -> list[Answer]:
    """Who proved it and has trouble with it since has failed. A camera whose agent is too old to
    report is believed what it answered.
    """
    known = {camera.thing: camera for camera in cameras}
    found = []
    for answer in answers:
        camera = known.get(answer.thing)
        why = _trouble(answer, camera, release, bake) if camera else ""
        failed = replace(answer, status="FAILED", details={"reason": why})
        found.append(failed if why else answer)
    return found


def baked(found: WaveState, release: Release, bake: Bake) -> WaveState:
    """A wave that has proved the release waits until the time is up."""
    if found.state != PROVEN or bake.over:
        return found
    minutes = counted(bake.minutes, "minute", "minutes")
    waiting = (
        f"{found.proven} of {found.cameras} cameras have proved release {release.epoch}, and run it"
        f" for {minutes} before others get it"
    )
    return replace(found, state=WAITING, reasons=(waiting,))


def _trouble(answer: Answer, camera: Camera, release: Release, bake: Bake) -> str:
    if answer.status != "SUCCEEDED":
        return ""
    report = camera.report
    runs_it = (report.epoch, report.sha256) == (release.epoch, release.sha256)
    if not runs_it and report.given_back and report.given_back.epoch == release.epoch:
        return f"it proved the release and gave it back: {report.given_back.reason}"
    silence = bake.now - camera.seen_at
    if bake.runs and silence > SILENT_AFTER:
        return f"it proved the release and is silent for {span(silence)}"
    if runs_it or not bake.runs or not bake.over or answer.at + REPORT_TAKES > bake.now:
        return ""
    if camera.seen_at < answer.at:
        return "it proved the release and has not reported since"
    return f"it proved the release and reports that it runs {_what(report.epoch)}"


def _what(epoch: int | None) -> str:
    return f"release {epoch}" if epoch else "none"
