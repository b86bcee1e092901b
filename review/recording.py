"""Where does it stand how many frames were labelled on the page? In the record of the camera, the
person and the day. No label waits for it: it is written a moment later, and a cloud that does not
take it is asked again with the next label.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from cli.faults import OF_THE_CLOUD
from lensloop.importing import provenance, takings
from lensloop.review.places import FrameId
from lensloop.wire.errors import LensloopError
from review.bucket import Bucket, Gone

_PAUSE = 1.0  # seconds, in which somebody quick labels dozens
_TRIES = 5  # where others label at the same time
_FAULTS = (LensloopError, OSError, *OF_THE_CLOUD)

_Page = tuple[str, str]  # camera and day: one record


class NotRecorded(LensloopError):
    """The record could not be written, and is tried again with the next label."""


class Recorder:
    def __init__(self, bucket: Bucket, who: str, now: Callable[[], datetime]) -> None:
        self._bucket, self._who, self._now = bucket, who, now
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._given: dict[FrameId, tuple[_Page, str]] = {}
        self._changes: dict[_Page, Counter[str]] = {}
        self._is_writing = False  # soon, or now

    def gave(self, frame: FrameId, label: str) -> None:
        """An empty label: none fits."""
        with self._lock:
            if frame not in self._given:
                page = frame.thing, self._now().date().isoformat()
                self._given[frame] = page, label
                self._change(page, label, 1)
        self._write_soon()

    def took_back(self, frame: FrameId) -> None:
        """What was given in another life of this program stays in its record."""
        with self._lock:
            if frame in self._given:
                page, label = self._given.pop(frame)
                self._change(page, label, -1)
        self._write_soon()

    def write(self) -> None:
        """All that is not written yet. Raises what the cloud says."""
        with self._writing:
            while waiting := self._next():
                try:
                    self._add(*waiting)
                except _FAULTS:
                    self._put_back(*waiting)
                    raise

    def end(self, seconds: float) -> None:
        """Waits so long for what is not written, and no longer."""
        last = threading.Thread(target=self._try, daemon=True)
        last.start()
        last.join(seconds)

    def _change(self, page: _Page, label: str, by: int) -> None:
        self._changes.setdefault(page, Counter())[label] += by

    def _next(self) -> tuple[_Page, Counter[str]] | None:
        with self._lock:
            return self._changes.popitem() if self._changes else None

    def _put_back(self, page: _Page, changes: Counter[str]) -> None:
        with self._lock:
            for label, by in changes.items():
                self._change(page, label, by)

    def _write_soon(self) -> None:
        with self._lock:
            if not self._is_writing:
                self._is_writing = True
                threading.Thread(target=self._later, daemon=True).start()

    def _later(self) -> None:
        while True:
            time.sleep(_PAUSE)
            written = self._try()
            with self._lock:
                if not (written and self._changes):
                    self._is_writing = False
                    return

    def _try(self) -> bool:
        try:
            self.write()
        except _FAULTS:
            return False
        return True

    def _add(self, page: _Page, changes: Counter[str]) -> None:
        if not any(changes.values()):
            return  # given, and taken back
        thing, date = page
        now = self._now().isoformat(timespec="seconds")
        new = takings.day(thing, self._who, date, now)
        key, sent = provenance.key(new["id"]), b""
        for _ in range(_TRIES):
            etag = self._bucket.etag(key)
            try:
                there = self._bucket.read(key, etag) if etag else b""
            except Gone:  # another page writes as well
                continue
            if sent and there == sent:
                return  # written before, and only the answer was lost
            sent = provenance.written(takings.counted(provenance.read(there) or new, changes, now))
            if self._bucket.write(key, sent, etag):
                return
        raise NotRecorded(f"{key} is written by others all the time.")
