"""Does a person want pictures of what this camera sees now? One session at a time."""

from __future__ import annotations

import logging
import threading
from typing import Any, Optional

from lensloop.wire import capture
from lensloop.wire.capture import CaptureError, Wanted

log = logging.getLogger(__name__)


class Capture:
    """The network's thread opens a session; the one that looks at frames takes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: Optional[Wanted] = None
        self._left = 0
        self._until = 0.0

    def received(self, content: Any, now: float) -> None:
        """`now`: of a clock that only runs forward."""
        try:
            wanted = capture.read(content)
        except CaptureError as error:
            log.error("passed over: %s", error)
            return
        with self._lock:
            if self._wanted is not None and self._wanted.id == wanted.id:
                return  # said again until the first picture arrives
            self._wanted, self._left = wanted, wanted.frames
            self._until = now + wanted.seconds
        log.info("a person wants %d pictures", wanted.frames)

    def session(self, now: float) -> Optional[str]:
        """The id of what is wanted now, if anything is."""
        with self._lock:
            if self._wanted is None or self._left <= 0 or now >= self._until:
                return None
            return self._wanted.id

    def took(self, session: str) -> None:
        """One of that session's, which another may have followed meanwhile."""
        with self._lock:
            if self._wanted is not None and self._wanted.id == session:
                self._left -= 1
