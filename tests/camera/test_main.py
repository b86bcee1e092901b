"""`python -m camera` ends with a sentence and 2 when a person must do something, and with 0 when
told to stop.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from camera.disk import only_one
from tests.camera.conftest import Shelf
from tests.camera.small_release import picture
from tests.camera.test_update import install


def run(home: Path, frames: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "camera", "--home", str(home), "--frames", str(frames), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [("nowhere", "There is no folder"), ("empty", "camera add"), ("camera", "no JPEG")],
)
def test_a_person_is_told_what_to_do(
    home: Path, tmp_path: Path, folder: str, sentence: str
) -> None:
    (tmp_path / "empty").mkdir()
    ended = run(tmp_path / folder, tmp_path / "empty")
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_second_agent_on_the_same_folder_is_refused(home: Path, tmp_path: Path) -> None:
    with only_one(home):
        ended = run(home, tmp_path)
    assert ended.returncode == 2
    assert "Another agent is running" in ended.stderr


@pytest.mark.slow
def test_sigterm_ends_a_camera_in_order(home: Path, shelf: Shelf, tmp_path: Path) -> None:
    install(home, shelf, 7)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "red.png").write_bytes(picture("red"))
    command = [
        sys.executable,
        "-m",
        "camera",
        "--home",
        str(home),
        "--frames",
        str(tmp_path / "pictures"),
        "--loop",
    ]
    agent = subprocess.Popen([*command, "--record"], env={**os.environ, "PYTHONUNBUFFERED": "1"})
    deadline = time.monotonic() + 30
    while not (home / "results.jsonl").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(20) == 0
