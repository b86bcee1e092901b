"""How long does a camera wait for a weak link? Pauses that grow, a least rate, and an end.

The end is the order's own. Whatever the other side does – silence, a byte a second, headers without
end –, the thread that carries out jobs is free again within `SLOW_SECONDS`.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import Any, Iterator, Optional

from lensloop.wire.errors import LensloopError

CONNECT_SECONDS = 10.0  # for one of a server's addresses; S3 names eight, and the next one may work
SLOW_SECONDS = 30.0  # as long as this a connection may lag behind; then another one is tried
LEAST_RATE = 1000  # bytes a second in that time: a poor mobile link has five times as much
LONGEST_PAUSE = 60.0  # between attempts on one address
LONGEST_WAIT = 300.0  # until the cloud is asked for the job again; the job may have been taken back
REFUSALS = 6  # of addresses that were fresh: then it is no expiry
TICK = 0.1  # how soon an agent that must end, does
# The cloud ends the job by itself at the order's end, and then the reason is lost.
SHARE_OF_TIME = 0.95


class Later(LensloopError):
    """Neither failed nor finished; what has arrived is kept. To go on, ask the cloud for the job
    again: with it come fresh addresses.
    """


class TooLate(LensloopError):
    """The order's time is over. What has arrived is kept for the next order of this release."""


class Line:
    """The patience of one order."""

    def __init__(self, stop: Optional[threading.Event] = None) -> None:
        self._stop = stop or threading.Event()
        self._ends: Optional[float] = None
        self._minutes = 0
        self._waits = 0
        self._refusals = 0
        self.trouble = ""  # the last one
        self.busy = False  # nothing is lost when the agent ends now

    def until(self, minutes: int) -> None:
        """The order's time, counted from when it was first begun here."""
        if self._ends is None:
            self._minutes = minutes
            self._ends = time.monotonic() + minutes * 60 * SHARE_OF_TIME

    def progressed(self) -> None:
        self._waits = self._refusals = 0

    def refused(self) -> bool:
        """True when fresh addresses were refused too often for it to be their age."""
        self._refusals += 1
        return self._refusals >= REFUSALS

    def check(self) -> None:
        if self._stop.is_set():
            raise Later("the agent was told to stop")
        if self._ends is not None and time.monotonic() >= self._ends:
            trouble = f" (the last trouble: {self.trouble})" if self.trouble else ""
            raise TooLate(
                f"the release did not arrive within the {self._minutes} minutes that its order has"
                f"{trouble}; what is here is kept"
            )

    def pause(self, attempt: int) -> None:
        """Ends early when the agent is told to stop."""
        self._stop.wait(grown(attempt, LONGEST_PAUSE))

    def wait_for(self, reason: Later) -> float:
        """Seconds until the cloud is asked for the job again; more each time that nothing came."""
        self.trouble = str(reason)
        self._waits += 1
        return grown(self._waits, LONGEST_WAIT)

    @contextlib.contextmanager
    def watched(self) -> Iterator[Watch]:
        """While a connection is in use. It is cut when it is too slow or time is up."""
        watch = Watch(self._stop, self._ends)
        thread = threading.Thread(target=watch.look, name="line", daemon=True)
        self.busy = True
        thread.start()
        try:
            yield watch
        finally:
            self.busy = False
            watch.done.set()


def grown(attempt: int, most: float) -> float:
    """1 to 2 seconds, then 2 to 4, 4 to 8 …: by chance, so that a fleet that lost its link together
    does not come back together.
    """
    seconds: float = min(2.0 ** min(attempt, 20), most) * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
    return seconds


class Watch:
    """Over one connection. A timeout of the socket would not do: a byte now and then starts it
    anew.
    """

    def __init__(self, stop: threading.Event, ends: Optional[float]) -> None:
        self.done = threading.Event()
        self.received = 0
        self.slow = ""  # why the connection was cut, if for that
        self._stop, self._ends = stop, ends
        self._socket: Optional[socket.socket] = None

    def connect(self, address: Any, _timeout: Any = None, source: Any = None) -> socket.socket:
        """In the place of `socket.create_connection`."""
        connected = socket.create_connection(address, CONNECT_SECONDS, source)
        connected.settimeout(SLOW_SECONDS)
        # A second handle on the same connection: TLS takes the first one away.
        self._socket = connected.dup()
        return connected

    def look(self) -> None:
        counted, until = 0, time.monotonic() + SLOW_SECONDS
        while not self.done.wait(TICK):
            now = time.monotonic()
            if now >= until:
                came, counted, until = self.received - counted, self.received, now + SLOW_SECONDS
                if came < LEAST_RATE * SLOW_SECONDS:
                    self.slow = self.slow or f"{came} bytes came in {SLOW_SECONDS:.0f} seconds"
            if self.slow or self._stop.is_set() or (self._ends is not None and now >= self._ends):
                self._cut()
        if self._socket is not None:
            self._socket.close()

    def check(self) -> None:
        """The cloud hears of a server or a link that is as slow as that."""
        if self.slow:
            raise Later(f"the link is too slow: {self.slow}")

    def _cut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is gone already
                self._socket.shutdown(socket.SHUT_RDWR)
