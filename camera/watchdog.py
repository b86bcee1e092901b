"""Does the frame loop still move? If not, systemd's watchdog ends the agent and starts it anew;
without systemd the agent does so itself.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import socket
import sys
import threading
from typing import Callable, Mapping

# No camera, proof or model takes that long for one step; a network camera is given up before.
HANG_SECONDS = 60.0
log = logging.getLogger(__name__)


class Pulse:
    """The frame loop's. Only seconds in which the agent itself ran count, so that a computer that
    was asleep finds no loop hanging.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = float("inf")  # the loop has not begun: there is no release yet

    def beat(self, rest: float = 0.0) -> None:
        """The loop moved, and will do so again after resting for so many seconds."""
        with self._lock:
            self._left = HANG_SECONDS + rest

    def elapse(self, seconds: float) -> bool:
        """False when the loop hangs."""
        with self._lock:
            self._left -= seconds
            return self._left > 0


class Watchdog:
    def __init__(self, environment: Mapping[str, str], restart: Callable[[], None]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watched = bool(self._address and environment.get("WATCHDOG_USEC"))
        self._restart = restart
        self._told = False

    def ready(self) -> None:
        self._say("READY=1")

    def look(self, alive: bool) -> None:
        """To be called every second or so, with what the pulse says."""
        if alive:
            self._told = False
            if self._watched:
                self._say("WATCHDOG=1")
            return
        if not self._told:
            self._told = True
            log.critical(
                "the frame loop hangs since over %.0f seconds; starting anew", HANG_SECONDS
            )
        if not self._watched:
            self._restart()

    def _say(self, state: str) -> None:
        """A plain datagram, as sd_notify(3) describes it; systemd's library is not needed."""
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # a socket without a file
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.settimeout(1.0)
                to.sendto(state.encode("ascii"), address)
        except OSError as error:
            log.warning("systemd cannot be told that the agent is well: %s", error)


def start_anew() -> None:
    """The same command in the same process: locks, sockets and devices are let go. Where it hung is
    in the log.
    """
    faulthandler.dump_traceback()
    os.execv(sys.executable, [sys.executable, "-m", "camera", *sys.argv[1:]])  # noqa: S606 - itself
