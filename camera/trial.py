"""Does a release prove itself? Asked in a process of its own, with limits on time and memory, that
can open no file once it has begun: what a model does there ends there.

`python -m camera.trial FOLDER` is that process. It answers with one line of JSON.

Python 3.7 and every Linux: limits of the kernel, and no sandbox that a camera may not have.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

from camera import model
from camera.prove import Proof, prove
from lensloop.wire.errors import BadArtifact
from lensloop.wire.picture import read_input
from lensloop.wire.reading import Reader

SECONDS = 50  # a camera answers within a minute
# Of them for golden pictures, of which there are 2,000 at most; a slower camera tries fewer, and at
# least a dozen (camera/prove.py).
TRYING = 20
# A computer that has just started has much else to do, and nobody waits for an answer.
SECONDS_AT_START = 300
# Of addresses: Python and onnxruntime take 0.3 GB, the largest network that a camera takes is four
# times in memory while it is loaded.
MEMORY = 2 * 1024**3
ANSWER = "The answer of the process in which the model was tried"
# What a program needs to find itself and its libraries, and nothing that a person set.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
_NOBODY = 65534
_INT8 = "int8"
REFUSED = 3  # the exit status of a child that says why


def prove_apart(
    folder: Path,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    int8: bool = False,
    trying: float = TRYING,
) -> Proof:
    """Of the model, or with `int8` of the same in eight bits. Raises BadArtifact, also when it
    hangs or the process dies of it.
    """
    command = [sys.executable, "-m", "camera.trial", str(folder.resolve()), str(memory)]
    command += [str(max(1, int(seconds))), str(trying), *([_INT8] if int8 else [])]
    return ask(command, folder, seconds)


def ask(command: List[str], folder: Path, seconds: float) -> Proof:
    """How a process proves the release in the folder. Raises BadArtifact."""
    top = said(command, folder, seconds)
    found = Proof(top.whole("right"), top.whole("pictures"), top.number("milliseconds", 0, 1e6))
    top.check(BadArtifact, ANSWER)
    return found


def said(
    command: List[str], folder: Path, seconds: float, given: bytes = b"", do: str = "prove itself"
) -> Reader:
    """What a process says of the release in the folder, once it has read what it is `given`. Raises
    BadArtifact: the model did not `do` that.
    """
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # of onnxruntime; what matters is in the answer
            cwd=str(folder),
            env=_environment(),
        )
    except OSError as error:
        raise BadArtifact(
            f"this camera cannot start a process to try the model in: {error}"
        ) from error
    try:
        text, _ = child.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise BadArtifact(_too_slow(do, seconds)) from error
    finally:
        child.kill()
        child.wait()
    if child.returncode in (-signal.SIGALRM, -signal.SIGXCPU):
        raise BadArtifact(_too_slow(do, seconds))
    return _read(text, child.returncode)


def _environment() -> Dict[str, str]:
    """Our own modules are found where they were found here."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    # Each of glibc's arenas reserves addresses, and they are counted.
    return {**kept, "PYTHONPATH": path, "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}


def _read(text: bytes, status: int) -> Reader:
    if status not in (0, REFUSED):
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        raise BadArtifact(
            f"the process in which the model was tried was ended {how}: it crashed, or needs more"
            " memory than this camera gives it"
        )
    try:
        top = Reader(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadArtifact(f"the process in which the model was tried answers {error}") from error
    if status == REFUSED:
        raise BadArtifact(top.text("refused"))
    return top


def _too_slow(do: str, seconds: float) -> str:
    return f"the model did not {do} within {seconds:.0f} s on this camera"


# In the child


def main(arguments: List[str]) -> int:
    folder, memory, seconds = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    trying = float(arguments[3])
    signal.alarm(seconds)  # also when nobody waits any more, because the agent was killed
    return tell(lambda: _proved(folder, memory, trying, arguments[4:] == [_INT8])._asdict())


def tell(found: Callable[[], Dict[str, Any]]) -> int:
    """Says what the process was asked for, or why there is no answer; returns its exit status."""
    status = 0
    answer: Dict[str, Any] = {}
    try:
        answer = found()
    except (BadArtifact, MemoryError, OSError) as error:
        status, answer = REFUSED, {"refused": (str(error) or "memory is used up")[:1000]}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    return status


def _proved(folder: Path, memory: int, trying: float, int8: bool) -> Proof:
    warm_up()
    checked = model.read_checked(folder, int8)
    with open(str(folder / checked.manifest.golden.file), "rb") as golden:
        shut(memory)
        return prove(model.opened(checked), golden, trying=trying)


def warm_up() -> None:
    """All modules that are only loaded where they are needed, as long as that is allowed."""
    import encodings.cp437  # noqa: F401  # of names in zips

    import onnxruntime  # noqa: F401
    from PIL import Image

    Image.init()
    example = io.BytesIO()
    Image.new("RGB", (64, 64)).save(example, "JPEG")
    read_input(example.getvalue(), 32, 32)


def shut(memory: int) -> None:
    """From here on this process opens no file and writes none, whatever the model says; should
    memory be short, it is the first to go. An agent of root's is tried as nobody.
    """
    with contextlib.suppress(OSError):  # not every container shows it
        Path("/proc/self/oom_score_adj").write_text("1000")
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    if os.geteuid() == 0:
        with contextlib.suppress(PermissionError):  # a container's root may not be allowed to
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
