"""How does the demo tell what it does? One plain line for each thing that was seen, with the time
since the start.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO, TypeVar

from demo.errors import DemoFailed

Seen = TypeVar("Seen")
POLL_SECONDS = 0.3
STILL_THERE_SECONDS = 10.0
TICK_SECONDS = 0.5
AT_IT = "at it"


class Show:
    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._bold = (
            ("\033[1m", "\033[0m") if out.isatty() and "NO_COLOR" not in os.environ else ("", "")
        )
        self._started = self._last_said = time.monotonic()
        self._doing = AT_IT
        self.stages: dict[str, float] = {}
        # raises when something that must run has ended
        self.guard: Callable[[], None] = lambda: None

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        self._last_said = time.monotonic()
        minutes, seconds = divmod(int(self.elapsed), 60)
        print(f"  {minutes}:{seconds:02d}  {text}", file=self._out, flush=True)

    @contextmanager
    def stage(self, name: str, title: str) -> Iterator[None]:
        """A part of the story; how long it took goes into the table and demo.json.

        Whatever it does, after ten silent seconds it says that it goes on.
        """
        print(f"\n{self._bold[0]}{title}{self._bold[1]}", file=self._out, flush=True)
        begun = self._last_said = time.monotonic()
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(ended,), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            ended.set()
            ticker.join()
        self.stages[name] = round(time.monotonic() - begun, 1)

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(TICK_SECONDS):
            if time.monotonic() - self._last_said > STILL_THERE_SECONDS:
                self.say(f"… still {self._doing}")

    def until(self, what: str, check: Callable[[], Seen | None], seconds: float) -> Seen:
        """What `check` returns as soon as it returns something."""
        end = time.monotonic() + seconds
        self._doing = f"waiting for {what}"
        try:
            while (seen := check()) is None:
                self.guard()
                if time.monotonic() > end:
                    raise DemoFailed(f"Within {seconds:.0f} s there was no {what}.")
                time.sleep(POLL_SECONDS)
        finally:
            self._doing = AT_IT
        return seen

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """The first row is the head."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        print(file=self._out)
        for number, row in enumerate(rows):
            line = "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            ).rstrip()
            print(
                f"  {self._bold[0]}{line}{self._bold[1]}" if number == 0 else f"  {line}",
                file=self._out,
            )
            if number == 0:
                print("  " + "  ".join("─" * width for width in widths), file=self._out)
        print(file=self._out, flush=True)

    def plain(self, text: str) -> None:
        print(text, file=self._out, flush=True)
