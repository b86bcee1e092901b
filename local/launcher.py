"""What is the process of the local cloud? The pinned emulator with our patches and SageMaker.

Started by local/cloud.py, which sets its environment. It ends on SIGTERM, and when the program that
started it is gone.
"""

import os
import signal
import sys
import threading
from pathlib import Path


def main() -> None:
    state = Path(os.environ["LENSLOOP_CLOUD_OF"])
    if not os.environ.get("LENSLOOP_DETACHED"):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _serve(state)
    finally:
        _tidy(state)


def _serve(state: Path) -> None:
    from ministack import app

    from local import old_python

    old_python.mend()
    from local.patches import apply_all, guard
    from local.patches.iam_record import decisions_are_recorded
    from local.state import StateDir

    guard()
    decisions_are_recorded(StateDir(state).permissions)
    # The tests run the emulator as it is, to see what a patch is for; unguarded it never runs.
    if os.environ.get("LENSLOOP_PATCHES") != "none":
        apply_all()
    sys.argv = ["ministack"]
    app.main()


def _end_with_parent() -> None:
    """Stdin is a pipe that only the parent holds:
    it closes when the parent ends, in whatever way.
    """
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _tidy(state: Path) -> None:
    """For the case that nobody else is left to do it."""
    from local import leftovers
    from local.state import StateDir

    leftovers.end(state)
    StateDir(state).clear()


if __name__ == "__main__":
    main()
