"""How does the work of another program's code end when it becomes too much? A look at it now and
then, on a thread beside it, and a signal where it is too much.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from importers.source import SourceError

_PAUSE = 0.25  # seconds between two looks, and as much more as ten looks take
_SIGNAL = signal.SIGUSR1  # not Ctrl-C's, which a program in the background may be told to ignore


class _TooMuchError(BaseException):
    """No `except Exception` of the other code keeps it."""


@contextmanager
def watched(look: Callable[[], None]) -> Iterator[None]:
    """What `look` raises as a SourceError ends the block with it, whatever it is at. Only the main
    thread can be ended so, as a command's is; another one's is not watched."""
    main = threading.main_thread()
    if threading.current_thread() is not main or main.ident is None:
        yield
        return
    watch = _Watch(look, main.ident)
    before = signal.signal(_SIGNAL, _end)
    thread = threading.Thread(target=watch.run, name="watch", daemon=True)
    try:
        try:
            thread.start()  # which may be ended already
            yield
        finally:
            watch.end()
    except _TooMuchError:
        raise SourceError(watch.reason) from None
    finally:
        watch.done.set()
        thread.join()
        signal.signal(_SIGNAL, before)


class _Watch:
    def __init__(self, look: Callable[[], None], thread: int) -> None:
        self._look, self._thread = look, thread
        self.done, self._lock, self.reason = threading.Event(), threading.Lock(), ""

    def run(self) -> None:
        pause = _PAUSE
        while not self.done.wait(pause):
            begun = time.monotonic()
            try:
                self._look()
            except SourceError as error:
                self._stop(str(error))
                return
            pause = _PAUSE + 10 * (time.monotonic() - begun)

    def end(self) -> None:
        with self._lock:
            self.done.set()

    def _stop(self, reason: str) -> None:
        with self._lock:  # what has ended is not ended once more
            if not self.done.is_set():
                self.reason = reason
                signal.pthread_kill(self._thread, _SIGNAL)


def _end(*_: object) -> None:
    raise _TooMuchError
