"""When do those who listen for a camera's whole answers hear one, where its results go elsewhere?
When the answer becomes another one, and now and then while it stays: few messages, for they cost.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Tuple

LEAST_SECONDS = 1.0  # between two
# While it stays. An indicator forgets what is older than fifteen seconds, and one may be lost.
MOST_SECONDS = 5.0


class Telling:
    def __init__(self) -> None:
        self._said: Tuple[Any, ...] = ()
        self._at = float("-inf")

    def due(self, answer: Dict[str, Any]) -> bool:
        """Of a prediction's content. True is said from now on."""
        now = time.monotonic()
        saying = (answer["predicted"], answer["unsure"], answer["unfamiliar"])
        pause = MOST_SECONDS if saying == self._said else LEAST_SECONDS
        if now - self._at < pause:
            return False
        self._said, self._at = saying, now
        return True
