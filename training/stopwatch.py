"""How long did each part of the job take? For evaluation.json and the log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        spent = time.monotonic() - began
        self.seconds[part] = round(self.seconds.get(part, 0) + spent, 2)
