"""Which processes does a local cloud leave behind, and how are they ended?

Every process below the cloud inherits a variable that names its state folder: the functions'
workers, the training jobs and what those start. So they are found even when their parent was
killed.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

MARK = "LENSLOOP_CLOUD_OF"


def end(state: Path, patience: float = 3.0) -> None:
    """Ends every process marked as of this state folder: politely first, then not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + patience
        for pid in marked(state):
            _send(pid, sign)
        while marked(state):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def marked(state: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter()
        if process.pid != os.getpid() and _mark_of(process) == str(state)
    ]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    # Another user's, gone meanwhile, or (on a Mac) the system's own.
    except (psutil.Error, OSError):
        return None


def _send(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)
