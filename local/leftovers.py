"""Which processes does a local cloud leave behind, and how are they ended?

Every process below the cloud inherits a variable that names its state folder: the functions'
workers, the training jobs and what those start. So they are found even when their parent was
killed.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

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
    mark = f"{MARK}={state}"
    return [pid for pid, variables in _environments() if mark in variables and pid != os.getpid()]


def _environments() -> list[tuple[int, set[str]]]:
    if sys.platform != "linux":
        listing = subprocess.run(
            ["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True, check=False
        )
        lines = [line.split() for line in listing.stdout.splitlines() if MARK in line]
        return [(int(words[0]), set(words[1:])) for words in lines]
    found = []
    for folder in Path("/proc").iterdir():
        if re.fullmatch(r"\d+", folder.name):
            try:
                found.append(
                    (
                        int(folder.name),
                        set((folder / "environ").read_text(errors="replace").split("\0")),
                    )
                )
            except OSError:  # another user's, or gone meanwhile
                continue
    return found


def _send(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return
