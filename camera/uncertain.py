"""Which frames wait on this camera for a person? DIR/uncertain/: for each a picture and its answer,
and sent.json, which remembers what went. The rules are lensloop.wire.uncertain's.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from camera import disk
from lensloop.wire import capture, uncertain
from lensloop.wire.errors import LensloopError
from lensloop.wire.picture import phash
from lensloop.wire.reading import Reader
from lensloop.wire.review import ANSWER, NAME, PICTURE, File, Wish
from lensloop.wire.uncertain import Budget, Kept, Sent

FOLDER, SENT = "uncertain", "sent.json"
LONGEST_SIDE = 1280  # pixels: a person sees what it is, and a model is taught from less
QUALITY = 85
REMEMBERED = 200  # of those sent, so that tomorrow's are not of the same scene
REASONS = (
    uncertain.RANDOM,
    uncertain.UNSURE,
    uncertain.DISAGREES,
    uncertain.UNFAMILIAR,
    uncertain.CAPTURED,
)


class WaitingError(LensloopError):
    """A frame that waits cannot be read any more."""


class Files(NamedTuple):
    picture: bytes
    answer: bytes

    def wish(self, name: str) -> Wish:
        picture, answer = (
            File(len(content), hashlib.sha256(content).hexdigest()) for content in self
        )
        return Wish(name, picture, answer)


class Waiting:
    """Several threads use it: the one that looks at frames, the one that sends, and the one that
    asks the release before.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._lock = threading.Lock()
        self._sent = _read_sent(disk.read_json(self._folder / SENT))
        self._kept: Dict[str, Kept] = {}
        for path in sorted(self._folder.glob("*" + ANSWER)):
            kept = _read_kept(path)
            if kept is not None:
                self._kept[kept.name] = kept
        self._clear()

    def keep(
        self,
        image: Any,
        answer: Dict[str, Any],
        reason: str,
        score: float,
        now: float,
        session: str = "",
    ) -> bool:
        """False for one like those that wait or went, and where better ones fill the disk.
        `session`: of those that a person asked for.
        """
        seen = int(phash(image), 16)
        with self._lock:
            if uncertain.known(seen, list(self._kept.values()), self._sent):
                return False
            picture = _jpeg(image)
            mark = capture.mark(session) if session else f"-{reason}-"
            name = f"{int(now)}{mark}{hashlib.sha256(picture).hexdigest()[:12]}"
            described = {"at": now, "reason": reason, "score": score, "phash": f"{seen:016x}"}
            text = json.dumps({"format": 1, **described, **answer}, indent=1).encode("utf-8")
            new = Kept(name, reason, score, seen, len(picture) + len(text))
            given_up = uncertain.room(list(self._kept.values()), new)
            if given_up is None or len(picture) > uncertain.MOST_BYTES:
                return False
            for each in given_up:
                self._forget(each.name)
            self._folder.mkdir(exist_ok=True)
            # The answer last: without it the picture does not count.
            disk.write(self._folder / (name + PICTURE), picture)
            disk.write(self._folder / (name + ANSWER), text)
            self._kept[name] = new
            return True

    def knows(self, image: Any) -> bool:
        """Is it like one that waits or went?"""
        seen = int(phash(image), 16)
        with self._lock:
            return uncertain.known(seen, list(self._kept.values()), self._sent)

    def next(self, budget: Budget, now: float) -> Optional[Kept]:
        with self._lock:
            return uncertain.pick(list(self._kept.values()), self._sent, budget, now)

    def somebody_waits(self) -> bool:
        with self._lock:
            return bool(uncertain.captured(list(self._kept.values())))

    def files(self, kept: Kept) -> Files:
        """Raises WaitingError, and then it does not wait any more."""
        path = self._folder / kept.name
        try:
            return Files(
                path.with_name(kept.name + PICTURE).read_bytes(),
                path.with_name(kept.name + ANSWER).read_bytes(),
            )
        except OSError as error:
            self.drop(kept)
            raise WaitingError(f"{kept.name} cannot be read: {error}") from error

    def gone(self, kept: Kept, now: float) -> None:
        """It was sent. Remembered before it is forgotten: a cut between sends nothing twice."""
        with self._lock:
            sent = Sent(now, kept.phash, kept.size, kept.reason == uncertain.CAPTURED)
            self._sent = [*self._sent, sent][-REMEMBERED:]
            lines = [_line(each) for each in self._sent]
            disk.write_json(self._folder / SENT, {"sent": lines})
            self._forget(kept.name)

    def drop(self, kept: Kept) -> None:
        with self._lock:
            self._forget(kept.name)

    def _forget(self, name: str) -> None:
        self._kept.pop(name, None)
        for ending in (ANSWER, PICTURE):
            disk.remove(self._folder / (name + ending))

    def _clear(self) -> None:
        """What a cut left half."""
        for path in self._folder.glob("*"):
            if path.name != SENT and path.stem not in self._kept:
                disk.remove(path)


def _jpeg(image: Any) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _read_kept(path: Path) -> Optional[Kept]:
    """None for what is damaged."""
    top = Reader(disk.read_json(path))
    picture = path.with_suffix(PICTURE)
    if not NAME.fullmatch(path.stem) or not picture.is_file():
        return None
    kept = Kept(
        path.stem,
        str(top.value("reason", lambda value: value in REASONS, "a reason", uncertain.RANDOM)),
        top.number("score", -1e9),
        _hash(top),
        path.stat().st_size + picture.stat().st_size,
    )
    return None if top.mistakes else kept


def _line(sent: Sent) -> Dict[str, Any]:
    return {**sent._asdict(), "phash": f"{sent.phash:016x}", "captured": int(sent.captured)}


def _read_sent(content: Any) -> List[Sent]:
    """Damaged lines are passed over: they cost a frame too many, once."""
    if not isinstance(content, dict):
        return []
    found = []
    for part in Reader(content).parts("sent"):
        asked_for = part.has("captured") and bool(part.whole("captured", 0, 1))
        sent = Sent(part.number("at", high=1e11), _hash(part), part.whole("size"), asked_for)
        found.append(sent)
        if part.mistakes:
            return []
    return found


def _hash(part: Reader) -> int:
    text = part.value("phash", _is_hash, "16 hexadecimal digits", "0")
    return int(text, 16)


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 16 and set(value) <= set("0123456789abcdef")
