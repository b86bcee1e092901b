"""What can the live view show? The newest frame with its answer, and the last uncertain ones."""

from __future__ import annotations

import collections
import io
import threading
import time
from typing import Any, Deque, Dict, NamedTuple, Optional

from camera.frames import Frame
from lensloop.wire.errors import PictureError
from lensloop.wire.prediction import Prediction

KEPT = 6  # uncertain frames: two rows on a telephone
# Between two of them: what stands before a camera stays for a while, and each costs a JPEG.
UNCERTAIN_SECONDS = 3.0
RATE_OVER = 20  # frames whose rate is shown
_WIDTH, _SMALL = 800, 240  # pixels; what a page shows


class Uncertain(NamedTuple):
    number: int
    jpeg: bytes
    answer: Dict[str, Any]


class View:
    """Filled by the agent, read by the server's threads."""

    def __init__(self, thing: str) -> None:
        self._thing = thing
        self._lock = threading.Lock()
        self._encoding = threading.Lock()
        self._number = 0
        self._newest: Optional[Frame] = None
        self._answer: Optional[Dict[str, Any]] = None
        self._times: Deque[float] = collections.deque(maxlen=RATE_OVER)
        self._uncertain: Deque[Uncertain] = collections.deque(maxlen=KEPT)
        self._kept_at = float("-inf")
        self._encoded = (0, b"")

    def saw(self, frame: Frame, prediction: Prediction, epoch: int) -> None:
        answer = {"frame": frame.name, "epoch": epoch, "words": prediction.words}
        answer.update(prediction.content())
        now = time.monotonic()
        with self._lock:
            self._number += 1
            number, self._newest, self._answer = self._number, frame, answer
            self._times.append(now)
        uncertain = prediction.unsure or prediction.unfamiliar
        if uncertain and now - self._kept_at >= UNCERTAIN_SECONDS:
            self._kept_at = now
            kept = Uncertain(number, jpeg(frame, _SMALL), answer)
            with self._lock:
                self._uncertain.appendleft(kept)

    def state(self) -> Dict[str, Any]:
        with self._lock:
            times, uncertain = list(self._times), list(self._uncertain)
            number, answer = self._number, self._answer
        age = time.monotonic() - times[-1] if times else None
        return {
            "thing": self._thing,
            "number": number,
            "answer": answer,
            "fps": round(_rate(times), 1),
            "age": None if age is None else round(age, 1),
            "uncertain": [{"number": one.number, "answer": one.answer} for one in uncertain],
        }

    def picture(self) -> bytes:
        """The newest, encoded when somebody looks, and once for all who do."""
        with self._lock:
            number, frame = self._number, self._newest
        if frame is None:
            return b""
        with self._encoding:
            if self._encoded[0] != number:
                self._encoded = (number, jpeg(frame, _WIDTH))
            return self._encoded[1]

    def uncertain(self, number: int) -> bytes:
        with self._lock:
            found = [one.jpeg for one in self._uncertain if one.number == number]
        return found[0] if found else b""


def jpeg(frame: Frame, width: int) -> bytes:
    """Empty when the picture has gone meanwhile."""
    try:
        image = frame.picture().copy()
    except PictureError:
        return b""
    image.thumbnail((width, width))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def _rate(times: Any) -> float:
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
