"""How do two processes of this machine make or fetch a thing once? The second waits."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """For what is made in `folder` once: of two processes, the second waits, and finds what the
    first one made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".making.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
