"""Where can people watch the story in a browser? At the page that `lensloop review` serves, in a
process of its own: it goes on after the demo where the cloud does.
"""

import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

from demo.errors import DemoFailed
from local import leftovers
from local.tools import PROJECT

PATIENCE = 30.0  # seconds, beside everything else that starts
STOP_SECONDS = 5.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S+")


class Page:
    def __init__(self, state: Path) -> None:
        self._state, self._log, self._kept = state, state / "page.log", state / "page"
        self._server: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Its address; DemoFailed where there is none."""
        # What it keeps of pictures goes with the cloud.
        mark = {
            "LENSLOOP_LOCAL": str(self._state),
            "XDG_CACHE_HOME": str(self._kept),
            leftovers.MARK: str(self._state),
        }
        command = [sys.executable, "-m", "cli", "review", "--local", "--no-open", "--port", "0"]
        with self._log.open("w") as log:
            self._server = subprocess.Popen(
                command,
                cwd=PROJECT,
                env={**os.environ, **mark, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        found = _ADDRESS.search(self._first_line())
        if found is None:
            self.stop()
            raise DemoFailed("The page could not be served.", self._log)
        return found[0]

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._server.wait(STOP_SECONDS)
        self._server.kill()
        self._server.wait()
        self._server = None
        shutil.rmtree(self._kept, ignore_errors=True)

    def _first_line(self) -> str:
        assert self._server is not None
        assert self._server.stdout is not None
        ready, _, _ = select.select([self._server.stdout], [], [], PATIENCE)
        return self._server.stdout.readline() if ready else ""
