"""How are strangers' pictures opened safely?
In a child process that may die; this side watches and replaces it.

Pipes only: Lambda has no shared memory, so multiprocessing's pools and queues do not work there.
"""

import base64
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

from lambdas.decoding.seal import hide
from lambdas.decoding.worker import CONVERT, COPY, LOOK, MEMORY_MB, SAMPLE

ROOT = Path(__file__).parents[2]
_WORKER = "lambdas.decoding.worker"
CPU_SECONDS = 10
# A child that has computed in this time is only slow, and what it may compute is limited; one that
# has not is stuck.
WALL_SECONDS = 30.0
PATIENCE_SECONDS = 120.0  # for one picture, however slowly it goes on; the chunk has 15 minutes
# What a Python needs to start, and by what the local cloud finds what it has left behind.
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "TZ", "TMPDIR", "LENSLOOP_CLOUD_OF")
START_SECONDS = 60.0  # a cold function loads Python and Pillow first


@dataclass(frozen=True)
class Unreadable:
    reason: str
    may_pass: bool = False  # worth another look in the next run


class Decoder:
    """One child at a time; it looks at many pictures
    and is replaced when one of them was its last.
    """

    def __init__(self, memory_mb: int = MEMORY_MB) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._memory_mb = memory_mb  # for one picture
        self._cpu_seconds = CPU_SECONDS
        self._was_hidden = False

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
        return self._ask(content, SAMPLE if sample else LOOK)

    def copy(self, content: bytes) -> bytes | Unreadable:
        """The picture as a JPEG to learn from."""
        made = self._ask(content, COPY)
        return made if isinstance(made, Unreadable) else base64.b64decode(made["copy"])

    def convert(self, content: bytes) -> bytes | Unreadable:
        """A picture in a format that a training does not read, as a JPEG."""
        made = self._ask(content, CONVERT)
        return made if isinstance(made, Unreadable) else base64.b64decode(made["converted"])

    def _ask(self, content: bytes, wanted: int) -> dict[str, Any] | Unreadable:
        child = self._child or self._start()
        assert child.stdin is not None
        try:
            child.stdin.write(struct.pack(">IB", len(content), wanted) + content)
            child.stdin.flush()
        except BrokenPipeError:
            return self._reason_of_death(child)
        answer = _line(child, WALL_SECONDS, PATIENCE_SECONDS)
        if answer is None:
            self.close()
            return Unreadable(
                "It did not open in time, as this machine is too busy; the next run tries again.",
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
            hide(self._was_hidden)

    def _start(self) -> subprocess.Popen[bytes]:
        # Nothing of ours that a taken-over child could use: no credentials, no addresses.
        environment = {}
        for name, value in os.environ.items():
            if name in PASSED_ON or name.startswith(("PYTHON", "LC_")):
                environment[name] = value
        # Pillow warns about large pictures before we reject them.
        environment["PYTHONWARNINGS"] = "ignore"
        child = subprocess.Popen(
            [sys.executable, "-m", _WORKER, str(CPU_SECONDS), str(self._memory_mb)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._child = child
        # The credentials that this side holds are in its own environment. Only while a child is
        # there: the local cloud finds a function's process by its environment.
        self._was_hidden = hide(True)
        word, _, budget = (_line(child, START_SECONDS, START_SECONDS) or b"").partition(b" ")
        if word != b"ready":
            self.close()
            raise RuntimeError(
                "The process that opens pictures does not start; its own words are above in this"
                " log."
            )
        self._cpu_seconds = int(budget)
        return child

    def _reason_of_death(self, child: subprocess.Popen[bytes]) -> Unreadable:
        child.wait()
        self.close()
        if child.returncode == -signal.SIGXCPU:
            return Unreadable(
                f"It takes more than {self._cpu_seconds} s of computing to open. Save it again, or"
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


def _line(child: subprocess.Popen[bytes], seconds: float, patience: float) -> bytes | None:
    """The child's next line; nothing when it died, None when it took too long: it did not compute
    for `seconds`, or not answer within `patience`.

    Read past any buffer, so that select sees all there is.
    """
    assert child.stdout is not None
    pipe, text, end = child.stdout.fileno(), b"", time.monotonic() + patience
    computed = _computed(child.pid)
    while not text.endswith(b"\n"):
        left = min(seconds, end - time.monotonic())
        ready, _, _ = select.select([pipe], [], [], max(0.0, left))
        if not ready:
            before, computed = computed, _computed(child.pid)
            if left < seconds or computed == before:
                return None
            continue
        part = os.read(pipe, 1 << 16)
        if not part:
            return b""
        text += part
    return text


def _computed(pid: int) -> int:
    """How much the process has computed so far, in the kernel's ticks. Nothing where there is no
    /proc: there every wait looks like being stuck.
    """
    try:
        # Behind the program's name, which may hold anything: fields 14 and 15 of proc(5).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
