"""How is the computer that the agent runs on? Its temperature, its room, and how fast frames are
answered.
"""

from __future__ import annotations

import collections
import threading
import time
from pathlib import Path
from typing import Callable, Deque, Optional

from camera import disk

SENSORS = Path("/sys/class/thermal")  # Linux's own, on PCs and boards alike
PLAUSIBLE = (-50.0, 150.0)  # °C; sensors that are not wired say -274 or 255 or 65261
MEASURED = 30  # frames: six seconds at the default rate, so that one slow frame does not show


def temperature(sensors: Path = SENSORS) -> Optional[float]:
    """Of the hottest sensor; None where there is none, as in most virtual machines."""
    found = []
    for file in sensors.glob("thermal_zone*/temp"):
        try:
            degrees = int(file.read_text("ascii")) / 1000
        except (OSError, ValueError):  # a sensor that sleeps answers with an error
            continue
        if PLAUSIBLE[0] <= degrees <= PLAUSIBLE[1]:
            found.append(round(degrees, 1))
    return max(found, default=None)


def free_mb(folder: Path) -> int:
    """0 when the disk does not say: then nothing can be put there either."""
    try:
        return disk.free_bytes(folder) // 10**6
    except OSError:
        return 0


class Speed:
    """Frames answered per second, over the last of them and until now: it falls when they cease."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: Deque[float] = collections.deque(maxlen=MEASURED)

    def frame(self) -> None:
        with self._lock:
            self._times.append(self._clock())

    @property
    def fps(self) -> float:
        with self._lock:
            if len(self._times) < 2:
                return 0.0
            # The newest frame has just begun its own interval, so that it is not counted.
            seconds = max(self._clock() - self._times[0], 1e-3)
            return round((len(self._times) - 1) / seconds, 2)
