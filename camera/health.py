"""Does the model that proved itself also work on what the camera sees? And when not, is it the
model's fault, or the camera's, which is busy, hot or blind?

A picture that cannot be read says nothing about a model and is never counted.
"""

from __future__ import annotations

import collections
from typing import Deque, NamedTuple, Optional

# In a row: at five frames a second this is two seconds without an answer, and no passing accident.
FAILURES = 10
WINDOW = 15  # answers whose median is looked at: half of them may be held up by something else
# A camera that is hot or busy becomes two or three times slower. Models can become far slower by
# what they look at: black frames make numbers so small that some processors count them by hand.
SLOWER = 5.0
# Below it nobody waits for an answer, however much faster the proof was.
LEAST_SLOW_SECONDS = 1.0


class Fault(NamedTuple):
    reason: str
    seconds: Optional[float] = None  # the median frame; None: not slow, but without an answer


class Health:
    """Of one running release."""

    def __init__(self, proof_seconds: float) -> None:
        self._proof_seconds = proof_seconds
        self._failures = 0
        self._answers: Deque[float] = collections.deque(maxlen=WINDOW)
        self.excused = False  # it failed often enough, and there was nothing better

    def failed(self, why: str) -> Optional[Fault]:
        self._failures += 1
        if self._failures < FAILURES:
            return None
        return Fault(f"it failed on {self._failures} frames in a row: {why}")

    def answered(self, seconds: float) -> Optional[Fault]:
        self._failures, self.excused = 0, False
        self._answers.append(seconds)
        median = sorted(self._answers)[len(self._answers) // 2]
        if len(self._answers) < WINDOW or median <= slowest(self._proof_seconds):
            return None
        return Fault(
            f"it takes {median:.1f} seconds for a frame and took {self._proof_seconds:.3f} when it"
            " was proved",
            median,
        )

    def excuse(self, fault: Fault) -> None:
        """It was not the model, or there is nothing better: looks again when it fails as often once
        more, or becomes that much slower once more.
        """
        self._failures, self.excused = 0, True
        self._answers.clear()
        if fault.seconds is not None:
            self._proof_seconds = fault.seconds


def slowest(proof_seconds: float) -> float:
    """What the median frame may take for a model whose proof took this for the median picture."""
    return max(SLOWER * proof_seconds, LEAST_SLOW_SECONDS)
