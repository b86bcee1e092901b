"""What runs long says that it lives, and ends as it would have ended."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from stacks import patience

ALIVE = Path(__file__).parents[2] / "tools" / "alive.sh"


@pytest.mark.parametrize("code", [0, 1, 7])
def test_a_command_ends_with_its_own_code_and_nothing_outlives_it(code: int) -> None:
    began = time.monotonic()
    command = [str(ALIVE), sys.executable, "-c", f"print('a b'); raise SystemExit({code})"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "a b\n")
    assert time.monotonic() - began < 8, "the reader of its output waits for the ticker"


def test_a_silent_command_is_spoken_for(tmp_path: Path) -> None:
    hasty = tmp_path / "alive.sh"
    hasty.write_text(ALIVE.read_text().replace("sleep 10", "sleep 0.1"))
    command = ["sh", str(hasty), sys.executable, "-c", "import time; time.sleep(0.5)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "still at it" in done.stderr


def test_a_synthesis_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.02)
    with patience.shown("synthesizing"):
        time.sleep(0.2)
    assert "· still synthesizing (0 s)" in capsys.readouterr().err


def test_a_short_one_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with patience.shown("synthesizing"):
        pass
    assert capsys.readouterr().err == ""
