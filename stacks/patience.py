"""What does a synthesis show while it lasts? A line now and then: it may take half a minute."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 10.0  # of silence that a person bears


@contextmanager
def shown(doing: str) -> Iterator[None]:
    """On standard error, which the CDK CLI passes on."""
    began, ended = time.monotonic(), threading.Event()

    def tick() -> None:
        while not ended.wait(SECONDS):
            print(
                f"· still {doing} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True
            )

    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
