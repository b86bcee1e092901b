"""When does a camera say how it is? At every connect, when what it runs has changed, and hourly."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from camera import AGENT_VERSION, machine
from lensloop.wire import report
from lensloop.wire.key_chain import Believed
from lensloop.wire.report import GivenBack, Report
from lensloop.wire.succession import MOST_KEYS, fingerprint

LEAST_SECONDS = 5.0  # between two reports, whatever happens: a weak link carries more than these
ERROR_SECONDS = 300.0  # an error that changes with every frame costs twelve messages an hour


class Reporting:
    def __init__(
        self,
        topic: str,
        publish: Callable[[str, Any], bool],
        now: Callable[[], Report],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`publish` answers whether the message is on its way; otherwise it is tried again."""
        self._topic, self._publish = topic, publish
        self._now, self._clock = now, clock
        self._sent: Optional[Report] = None
        self._sent_at = float("-inf")
        self._connected_anew = True

    def connected(self) -> None:
        """Called in the network's thread."""
        self._connected_anew = True

    def look(self) -> None:
        """To be called every second or so."""
        elapsed = self._clock() - self._sent_at
        if elapsed < LEAST_SECONDS:
            return
        current, anew = self._now(), self._connected_anew
        if elapsed < patience(self._sent, current, anew):
            return
        self._connected_anew = False
        if self._publish(self._topic, report.make(current)):
            self._sent, self._sent_at = current, self._clock()
        elif anew:
            self._connected_anew = True


def patience(sent: Optional[Report], current: Report, anew: bool) -> float:
    """How many seconds after the last report the next one is due."""
    if anew or sent is None or _what_runs(sent) != _what_runs(current):
        return LEAST_SECONDS
    return ERROR_SECONDS if sent.last_error != current.last_error else report.EVERY_SECONDS


def _what_runs(said: Report) -> Any:
    runs = said.epoch, said.sha256, said.golden, said.precision, said.given_back
    return runs, said.key_number, said.keys


def of_now(facts: Mapping[str, Any], home: Path, believed: Believed) -> Report:
    """`facts` are those of status.json."""
    given_back = facts["given_back"]
    return Report(
        at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        agent=AGENT_VERSION,
        epoch=facts["epoch"],
        sha256=facts["sha256"],
        golden=facts["golden"],
        latency_ms=facts["latency_ms"],
        precision=facts["precision"],
        fps=facts["fps"],
        temperature=machine.temperature(),
        disk_free_mb=machine.free_mb(home),
        last_error=facts["last_error"],
        given_back=GivenBack(**given_back) if given_back else None,
        key_number=believed.number,
        keys=tuple(fingerprint(key) for key in believed.keys[:MOST_KEYS]),
    )
