"""How is a camera, and what does it run? The report that it publishes on its own topic: made by the
agent, read by the function that keeps it.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

import re
from typing import Any, Dict, NamedTuple, Optional, Tuple

from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import Reader, one_line
from lensloop.wire.succession import MOST_KEYS

FORMAT = 1
EVERY_SECONDS = 3600  # so often at least; who was not heard of for longer is silent
MOST_CHARACTERS = 500  # of an error or a reason: a person reads it in one line of a table
# A report of the largest fields in UTF-8 stays below this; what is larger is not read at all.
MOST_BYTES = 8 * 1024
_SENTENCE = re.compile(rf"[^\x00-\x1f\x7f-\x9f]{{1,{MOST_CHARACTERS}}}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_GOLDEN = re.compile(r"\d{1,6}/\d{1,6}")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_PRECISION = re.compile(r"[a-z0-9]{1,16}")
_COLDEST, _HOTTEST = -100, 200  # °C; what a sensor says beyond is no temperature


class ReportError(LensloopError):
    """A message on a report topic is not a report."""


class GivenBack(NamedTuple):
    """A release that this camera took, and gave up by itself while it ran."""

    epoch: int
    reason: str


class Report(NamedTuple):
    at: str  # by the camera's own clock, which may be wrong
    agent: int
    # What classifies frames now, as this camera proved it; None: no release yet.
    epoch: Optional[int] = None
    sha256: Optional[str] = None
    golden: Optional[str] = None
    latency_ms: Optional[float] = None  # the median golden picture
    precision: Optional[str] = None
    fps: float = 0.0  # measured over the last frames
    temperature: Optional[float] = None  # °C, of the hottest sensor; None: the machine has none
    disk_free_mb: int = 0
    last_error: Optional[str] = None
    # Until a newer release runs: what was given back and will not be taken again.
    given_back: Optional[GivenBack] = None
    # Which release keys it believes: the number of the change that named them, and their
    # fingerprints, the one that signs first. None: its agent is from before keys could be changed.
    key_number: Optional[int] = None
    keys: Optional[Tuple[str, ...]] = None


def make(report: Report) -> Dict[str, Any]:
    """As JSON. Texts are cut and cleaned, so that `parse` takes whatever a camera has to say."""
    content: Dict[str, Any] = {"format": FORMAT}
    content.update(report._asdict())
    content["last_error"] = (
        one_line(report.last_error, MOST_CHARACTERS) if report.last_error else None
    )
    if report.given_back:
        reason = one_line(report.given_back.reason, MOST_CHARACTERS)
        content["given_back"] = {"epoch": report.given_back.epoch, "reason": reason}
    if report.keys is not None:
        content["keys"] = list(report.keys)
    return content


def parse(content: Any) -> Report:
    """Raises ReportError naming every mistake. Fields that this version does not know are passed
    over.
    """
    top = Reader(content)
    top.expect_format(FORMAT)
    given_back = top.maybe("given_back")
    found = Report(
        at=top.matching("at", _TIME, "a time like 2026-11-22T12:00:00Z"),
        agent=top.whole("agent", 1, 10**6),
        epoch=top.whole("epoch", low=1) if top.has("epoch") else None,
        sha256=top.sha256("sha256") if top.has("sha256") else None,
        golden=_matching(top, "golden", _GOLDEN, "right/all"),
        latency_ms=top.number("latency_ms") if top.has("latency_ms") else None,
        precision=_matching(top, "precision", _PRECISION, "a precision like fp32"),
        fps=top.number("fps", 0, 1e6),
        temperature=_temperature(top),
        disk_free_mb=top.whole("disk_free_mb"),
        last_error=_matching(top, "last_error", _SENTENCE, "one line of text"),
        given_back=_given_back(given_back) if given_back else None,
        key_number=top.whole("key_number") if top.has("key_number") else None,
        keys=_keys(top) if top.has("keys") else None,
    )
    if (found.epoch is None) != (found.sha256 is None):
        top.mistake("`epoch` and `sha256` must be there both or neither")
    top.check(ReportError, "The camera's report is wrong")
    return found


def _matching(top: Reader, name: str, pattern: Any, called: str) -> Optional[str]:
    return top.matching(name, pattern, called) if top.has(name) else None


def _temperature(top: Reader) -> Optional[float]:
    if not top.has("temperature"):
        return None
    return top.number("temperature", _COLDEST, _HOTTEST)


def _keys(top: Reader) -> Tuple[str, ...]:
    """A camera that knows none has an empty list."""
    found: Any = top.value("keys", _are_fingerprints, "a list of fingerprints of keys", [])
    return tuple(found)


def _are_fingerprints(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MOST_KEYS:
        return False
    return all(isinstance(one, str) and _FINGERPRINT.fullmatch(one) for one in value)


def _given_back(part: Reader) -> GivenBack:
    return GivenBack(
        part.whole("epoch", low=1), part.matching("reason", _SENTENCE, "one line of text")
    )
