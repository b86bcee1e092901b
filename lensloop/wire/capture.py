"""How does a person have a camera take pictures, so that it is taught from what it will see?

deeplens/<thing>/capture   cloud → camera   how many frames to hand over, and for how long at most

The frames come back as uncertain ones do (lensloop.wire.review). Python 3.7 syntax: cameras run
this.
"""

from __future__ import annotations

import re
from typing import Any, Dict, NamedTuple

from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import Reader

FORMAT = 1
ID = re.compile(r"[0-9a-f]{8}")
MOST_FRAMES = 200  # of one session: more of one scene teach little, and take the camera's disk
MOST_SECONDS = 3600


class CaptureError(LensloopError):
    """A wish for pictures cannot be read."""


class Wanted(NamedTuple):
    """`id`: of the session; the camera takes each for the same however often it hears of it."""

    id: str
    frames: int
    seconds: int

    def content(self) -> Dict[str, Any]:
        return {"format": FORMAT, **self._asdict()}


def mark(session: str) -> str:
    """What stands in the names of all frames of a session."""
    return f"-capture-{session}-"


def read(content: Any) -> Wanted:
    """Raises CaptureError with every mistake."""
    top = Reader(content)
    top.expect_format(FORMAT)
    wanted = Wanted(
        top.matching("id", ID, "8 hexadecimal digits"),
        top.whole("frames", 1, MOST_FRAMES),
        top.whole("seconds", 1, MOST_SECONDS),
    )
    top.check(CaptureError, "A wish for pictures cannot be read")
    return wanted
