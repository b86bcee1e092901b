"""Does memory that was freed go back to the computer?"""

import subprocess
import sys

import pytest

from camera import memory

# What glibc keeps: a large heap of small pieces of which one at the end is still used.
HELD = """
import pathlib
from camera import memory
def mb():
    words = pathlib.Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) / 1024
pieces = [bytes(1000) for _ in range(100_000)]
last = pieces[-1]
del pieces
before = mb()
memory.trim()
print(before - mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_what_was_freed_goes_back_to_the_computer() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HELD], capture_output=True, text=True, check=True, timeout=60
    )
    assert float(ended.stdout) > 50


def test_a_library_without_that_function_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    memory.trim()
