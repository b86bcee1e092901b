"""Cameras that have reported, as the rules of the fleet know them."""

from dataclasses import replace

from lensloop.fleet.terms import Camera, Live
from lensloop.wire.report import GivenBack, Report

DAY, HOUR = 86_400, 3600
NOW = 1_800_000_000
LIVE = Live(7, "7" * 64, released_at=NOW - DAY, back_from=8)
BARE = Report(at="2026-11-22T12:00:00Z", agent=1)


def camera(epoch: int | None, *, thing: str = "deeplens_a", sha256: str = "") -> Camera:
    """What reported a minute ago that it runs this."""
    file = sha256 or str(epoch) * 64
    report = BARE._replace(epoch=epoch, sha256=file if epoch else None)
    return Camera(thing, "fleet", report, (NOW - 60) * 1000, since=NOW - 60)


def gave_back(epoch: int, runs: int = 6) -> Camera:
    one = camera(runs)
    return replace(one, report=one.report._replace(given_back=GivenBack(epoch, "dark frames")))
