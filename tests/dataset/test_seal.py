"""What can a picture reach that has taken over the decoder's child? Each probe is a way out, tried
by a process that is sealed as the child is.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from lambdas.decoding import decoder, seal, worker
from lambdas.decoding.decoder import Decoder, Unreadable
from tests.dataset.conftest import Picture

ROOT = Path(__file__).parents[2]
SEALABLE = sys.platform == "linux" and platform.machine() in seal._PROCESSORS

WAYS_OUT = {
    "a socket of the internet": "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "a socket for datagrams": "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
    "a socket of this machine": "socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "socket.socketpair()",
    "a program": "os.execv('/bin/true', ['true'])",
    "a child": "os.fork()",
    "a child by another name": "os.posix_spawn('/bin/true', ['true'], {})",
    "a signal to its parent": "os.kill(os.getppid(), 0)",
    "a new file": "open(folder + '/new', 'w')",
    "a file written over": "open(folder + '/there', 'r+')",
    "a file cut off": "os.truncate(folder + '/there', 0)",
    "a file cut off as it is opened": "os.open(folder + '/there', os.O_RDONLY | os.O_TRUNC)",
    "a file deleted": "os.unlink(folder + '/there')",
    "a file renamed": "os.rename(folder + '/there', folder + '/gone')",
    "a file that all may read": "os.chmod(folder + '/there', 0o666)",
    "the environment of its parent": "open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "the memory of its parent": "open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "the files of its parent": "os.readlink(f'/proc/{os.getppid()}/fd/0')",
    "being traced": "call('ptrace', 16, os.getppid(), 0, 0)",
}
TRY = """
import ctypes, os, socket, sys
from lambdas.decoding.seal import seal

def call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)

folder = sys.argv[1]
if sys.argv[2] == "sealed":
    assert seal() == ()
try:
    {way}
except OSError as error:
    print(error.errno)
else:
    print("open", flush=True)
"""


def tried(way: str, folder: Path, sealed: str) -> str:
    (folder / "there").write_text("mine")
    was_hidden = seal.hide(True)
    try:
        run = subprocess.run(
            [sys.executable, "-c", TRY.format(way=way), str(folder), sealed],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        seal.hide(was_hidden)
    return run.stdout.strip()


@pytest.mark.skipif(not SEALABLE, reason="only Linux on these processors seals")
@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_child_that_was_taken_over_has_no_way_out(tmp_path: Path, way: str) -> None:
    assert tried(WAYS_OUT[way], tmp_path, "sealed") in {"1", "13"}
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not SEALABLE, reason="only Linux on these processors seals")
@pytest.mark.parametrize("way", ["a socket of the internet", "a program", "a new file"])
def test_these_ways_are_open_to_others(tmp_path: Path, way: str) -> None:
    assert tried(WAYS_OUT[way], tmp_path, "as it is") in {"open", ""}


@pytest.mark.skipif(not SEALABLE, reason="only Linux on these processors seals")
@pytest.mark.parametrize(
    "way", ["threading.Thread(target=list).start()", "open('/dev/null', 'rb').read()", "bytes(9)"]
)
def test_what_a_codec_needs_stays_open(tmp_path: Path, way: str) -> None:
    assert tried(f"import threading; {way}", tmp_path, "sealed") == "open"


def test_each_processor_has_a_filter_that_knows_its_own_calls() -> None:
    for processor in seal._PROCESSORS.values():
        program = seal.filter_program(processor)
        assert len(program) % 8 == 0
        # jumps are one byte long and reach their target; the kernel takes up to 4096 instructions
        assert len(program) // 8 < 4096
    assert seal._PROCESSORS["x86_64"].refused >= {41, 42, 59, 101}
    assert seal._PROCESSORS["aarch64"].refused >= {198, 203, 221, 117}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_nobody_reads_the_credentials_while_a_picture_is_open(picture: Picture) -> None:
    before = seal.hide(False)
    try:
        with Decoder() as opened:
            opened.look(picture(1))
            assert seal.hide(True), "the parent is hidden while its child lives"
        assert not seal.hide(False), "and can be found again afterwards"
    finally:
        seal.hide(before)


def test_the_child_knows_nothing_of_its_surroundings(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "BUCKET", "SETTINGS", "MY_SECRET"):
        monkeypatch.setenv(name, "secret")
    with Decoder() as opened:
        opened.look(picture(1))
        environment = Path(f"/proc/{opened.pid}/environ").read_bytes()
    assert b"secret" not in environment


@pytest.mark.parametrize(
    ("seconds_to_open", "times"),
    [(0.0, 1.0), (0.013, 1.0), (0.02, 1.0), (0.03, 1.5), (0.12, 6.0), (5.0, 6.0)],
)
def test_a_slow_machine_gets_as_many_times_as_long(seconds_to_open: float, times: float) -> None:
    assert worker.slowness(seconds_to_open) == pytest.approx(times)


WAITS = "import time; time.sleep(60)"
COMPUTES = "import time\nwhile time.process_time() < {seconds}: pass\nprint('done', flush=True)\n"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize(
    ("program", "patience", "line"),
    [
        (COMPUTES.format(seconds=1.5), 60.0, b"done\n"),
        (COMPUTES.format(seconds=60), 1.0, None),
        (WAITS, 60.0, None),
    ],
    ids=["slow but going on", "slow for too long", "stuck"],
)
def test_a_child_that_computes_is_waited_for_and_one_that_is_stuck_is_not(
    program: str, patience: float, line: bytes | None
) -> None:
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert decoder._line(child, 0.5, patience) == line
    finally:
        child.kill()
        child.communicate()


def test_a_picture_that_did_not_open_in_time_is_looked_at_again(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Decoder() as opened:
        opened.look(picture(1))
        assert opened.pid
        monkeypatch.setattr(decoder, "WALL_SECONDS", 0.3)
        os.kill(opened.pid, 19)
        assert opened.look(picture(2)) == Unreadable(
            "It did not open in time, as this machine is too busy; the next run tries again.",
            may_pass=True,
        )
        assert isinstance(opened.look(picture(3)), dict)
