"""What is known of a camera? The words in which the rules of the fleet are asked."""

from dataclasses import dataclass, replace

from lensloop.wire.report import Report

# What a camera runs, next to the live release.
RIGHT, OTHER, NEWER, GAVE_BACK = "right", "other", "newer", "gave-back"


@dataclass(frozen=True)
class Live:
    epoch: int
    sha256: str  # of its model
    released_at: int = 0  # epoch seconds
    back_from: int = 0  # the highest release from which a signed statement leads back to this one
    # Too many cameras of the fleet failed it: a person decides who else gets it.
    stopped: bool = False
    keys: int = 0  # the number of the newest change of release keys
    # The fleet gets it share by share, and the last one's turn has not come.
    by_shares: bool = False
    tried: int = 0  # the epoch of a release that canaries are to prove; 0 for none

    @property
    def held_back(self) -> bool:
        """Whether a camera of the fleet with an older release keeps that for now."""
        return self.stopped or self.by_shares


@dataclass(frozen=True)
class Ordered:
    """How often a camera was ordered one release again, and when last."""

    epoch: int
    times: int
    at: int  # epoch seconds


@dataclass(frozen=True)
class Camera:
    """`since`: epoch seconds of the first report, of an unbroken row, that names what it runs."""

    thing: str
    wave: str
    report: Report
    seen_ms: int  # by the cloud's clock: a camera's own may be wrong
    since: int
    ordered: Ordered | None = None
    told: int = 0  # the epoch that people were told of as given back
    silence_told: int = 0  # `seen_ms` of the last report before a silence that people were told of

    @property
    def seen_at(self) -> int:
        return self.seen_ms // 1000


def runs(camera: Camera, live: Live) -> str:
    report = camera.report
    if (report.epoch, report.sha256) == (live.epoch, live.sha256):
        return RIGHT
    if report.given_back and report.given_back.epoch == live.epoch:
        return GAVE_BACK
    if report.epoch is not None and report.epoch > live.epoch:
        return NEWER if report.epoch > live.back_from else OTHER
    return OTHER


def lacks_keys(camera: Camera, live: Live) -> bool:
    """It can follow to the newest release keys, and has not. An agent from before cannot."""
    number = camera.report.key_number
    return number is not None and number < live.keys


def deviates_since(camera: Camera, live: Live) -> int:
    """Of a camera that does not run the live release: from when on the release has waited."""
    return max(camera.since, live.released_at)


def after(before: Camera | None, now: Camera) -> Camera:
    """The newest report, with what is remembered of those before it."""
    if before is None:
        return now
    same = _installed(before) == _installed(now)
    since = before.since if same else now.since
    return replace(
        now,
        since=since,
        ordered=before.ordered,
        told=before.told,
        silence_told=before.silence_told,
    )


def _installed(camera: Camera) -> tuple[int | None, str | None]:
    return camera.report.epoch, camera.report.sha256
