"""How are strangers' pictures opened safely?
In a child process that may die; this side watches and replaces it.

Pipes only: Lambda has no shared memory, so multiprocessing's pools and queues do not work there.
"""

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
CPU_SECONDS = 10
WALL_SECONDS = 30.0  # generous: a slow machine is not the picture's fault
START_SECONDS = 60.0  # a cold function loads Python and Pillow first


@dataclass(frozen=True)
class Unreadable:
    reason: str
    may_pass: bool = False  # worth another look in the next run


class Decoder:
    """One child at a time; it looks at many pictures
    and is replaced when one of them was its last.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def look(self, content: bytes, sample: bool = False) -> dict[str, Any] | Unreadable:
        child = self._child or self._start()
        assert child.stdin is not None
        try:
            child.stdin.write(struct.pack(">IB", len(content), sample) + content)
            child.stdin.flush()
        except BrokenPipeError:
            return self._reason_of_death(child)
        answer = _line(child, WALL_SECONDS)
        if answer is None:
            self.close()
            return Unreadable(
                f"It took longer than {WALL_SECONDS:.0f} s to open; the next run tries again.",
                may_pass=True,
            )
        if not answer:
            return self._reason_of_death(child)
        seen: dict[str, Any] = json.loads(answer)
        return Unreadable(seen["problem"]) if "problem" in seen else seen

    def close(self) -> None:
        if self._child:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _start(self) -> subprocess.Popen[bytes]:
        # Nothing of ours that a taken-over child could use: no credentials, no addresses.
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("AWS_")
        }
        # Pillow warns about large pictures before we reject them.
        environment["PYTHONWARNINGS"] = "ignore"
        child = subprocess.Popen(
            [sys.executable, "-m", "lambdas.decoding.worker", str(CPU_SECONDS)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._child = child
        if _line(child, START_SECONDS) != b"ready\n":
            self.close()
            raise RuntimeError(
                "The process that opens pictures does not start; its own words are above in this"
                " log."
            )
        return child

    def _reason_of_death(self, child: subprocess.Popen[bytes]) -> Unreadable:
        child.wait()
        self.close()
        if child.returncode == -signal.SIGXCPU:
            return Unreadable(
                f"It takes more than {CPU_SECONDS} s of computing to open. Save it again, or"
                " smaller."
            )
        # The system ran out of memory, and that may not be the picture's fault.
        if child.returncode == -signal.SIGKILL:
            return Unreadable(
                "The machine ran out of memory while opening it; the next run tries again.",
                may_pass=True,
            )
        return Unreadable(
            f"It stops the program that opens pictures (code {child.returncode}). Save it again."
        )


def _line(child: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The child's next line; nothing when it died, None when it took too long. Read past any
    buffer, so that select sees all there is."""
    assert child.stdout is not None
    pipe, text, end = child.stdout.fileno(), b"", time.monotonic() + seconds
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        part = os.read(pipe, 1 << 16)
        if not part:
            return b""
        text += part
    return text
