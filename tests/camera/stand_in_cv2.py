"""A stand-in for OpenCV's captures. A driver fills four buffers at 30 frames a second and drops
what finds none free; a grab takes the oldest full one, as the V4L2 backend does.

Each frame is filled with the number of its moment, so that a test can ask how old it is.
"""

import threading
import time
from typing import Any

import numpy

BUFFERS, SPACING = 4, 1 / 30
PATIENCE = 0.4  # seconds until a grab gives up; the real one's are ten


class StandIn:
    """The module `cv2`. `behaviours` says what each opening meets in turn, the last one for ever:
    "live", "dead" (opens and gives nothing), "absent", or "unplugged" (gives three frames).
    """

    CAP_FFMPEG, CAP_PROP_FOURCC = 1900, 6

    class error(Exception):
        pass

    def __init__(self, *behaviours: str, array: Any = None, fourcc: str = "") -> None:
        self.behaviours = list(behaviours)
        # Every frame, or what gives the next; None: filled with its moment's number.
        self.array = array
        self.fourcc = fourcc
        self.moments: list[float] = []
        self.opened: list[tuple[Any, ...]] = []
        self.open_now = 0

    def VideoCapture(self, *where: Any) -> "Capture":
        self.opened.append(where)
        at = min(len(self.opened), len(self.behaviours)) - 1
        return Capture(self, self.behaviours[at])

    def age(self, image: Any) -> float:
        """Of a frame with one grey value; moments are counted to 256 and from the end."""
        value: int = image.getpixel((0, 0))[0]
        last = len(self.moments) - 1
        return time.monotonic() - self.moments[last - (last - value) % 256]


class Capture:
    def __init__(self, module: StandIn, behaviour: str) -> None:
        self._module, self._behaviour = module, behaviour
        self._full: list[int] = []
        self._changed = threading.Condition()
        self._on, self._given = True, 0
        if behaviour != "absent":
            module.open_now += 1
            threading.Thread(target=self._drive, daemon=True).start()

    def isOpened(self) -> bool:
        return self._behaviour != "absent"

    def release(self) -> None:
        if self._on and self._behaviour != "absent":
            self._module.open_now -= 1
        self._on = False

    def _drive(self) -> None:
        while self._on and self._behaviour != "dead":
            time.sleep(SPACING)
            with self._changed:
                if len(self._full) < BUFFERS:
                    self._module.moments.append(time.monotonic())
                    self._full.append(len(self._module.moments) - 1)
                    self._changed.notify()

    def grab(self) -> bool:
        if self._behaviour == "unplugged" and self._given == 3:
            return False
        with self._changed:
            if not self._changed.wait_for(lambda: self._full, PATIENCE):
                return False
            self._last = self._full.pop(0)
        self._given += 1
        return True

    def get(self, what: int) -> float:
        """-1, as of a driver that does not say."""
        named = self._module.fourcc
        return float(int.from_bytes(named.encode(), "little")) if named and what == 6 else -1.0

    def retrieve(self) -> tuple[bool, Any]:
        array = self._module.array
        if array is not None:
            return True, array() if callable(array) else array
        return True, numpy.full((48, 64, 3), self._last % 256, numpy.uint8)
