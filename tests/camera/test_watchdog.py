"""A frame loop that hangs is restarted, by systemd or by the agent itself; one that moves or rests
is left alone.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from camera import config
from camera.assembly import assemble
from camera.frames import Frames, Wait
from camera.watchdog import HANG_SECONDS, Pulse, Watchdog
from tests.camera.conftest import Shelf
from tests.camera.small_release import picture
from tests.camera.test_agent import eventually, recorded, status
from tests.camera.test_update import install

UNIT = Path("camera/deploy/lensloop-camera.service")


class Systemd:
    """Its end of the socket."""

    def __init__(self, address: str) -> None:
        self.environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0"))
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(100).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    named = str(tmp_path / "s") if request.param == "file" else f"@lensloop-test-{os.getpid()}"
    manager = Systemd(named)
    yield manager
    manager.close()


def test_a_loop_that_moves_is_alive_and_one_that_stops_hangs_after_a_minute() -> None:
    pulse = Pulse()
    assert all(pulse.elapse(1000) for _ in range(10))  # no release yet
    pulse.beat()
    assert pulse.elapse(HANG_SECONDS - 1)
    pulse.beat()
    assert pulse.elapse(HANG_SECONDS - 1)
    assert not pulse.elapse(1)
    pulse.beat()
    assert pulse.elapse(1)


def test_a_loop_that_rests_between_two_frames_does_not_hang() -> None:
    pulse = Pulse()
    pulse.beat(rest=100)
    assert pulse.elapse(HANG_SECONDS + 99)
    assert not pulse.elapse(1)


def test_systemd_hears_that_the_agent_is_up_and_that_its_frames_move(systemd: Systemd) -> None:
    restarts: list[int] = []
    dog = Watchdog(systemd.environment, lambda: restarts.append(1))
    dog.ready()
    dog.look(alive=True)
    assert systemd.heard() == ["READY=1", "WATCHDOG=1"]
    dog.look(alive=False)
    assert systemd.heard() == []
    dog.look(alive=True)
    assert systemd.heard() == ["WATCHDOG=1"]
    assert not restarts  # systemd does that


def test_without_a_watchdog_the_agent_restarts_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    restarts: list[int] = []
    dog = Watchdog({}, lambda: restarts.append(1))
    dog.ready()
    dog.look(alive=True)
    assert not restarts
    dog.look(alive=False)
    assert restarts == [1]
    assert "the frame loop hangs" in caplog.text


def test_a_systemd_that_does_not_listen_is_no_reason_to_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "1"}
    Watchdog(nobody, lambda: None).look(alive=True)
    assert "systemd cannot be told" in caplog.text


def test_the_unit_expects_what_the_agent_says() -> None:
    lines = UNIT.read_text().splitlines()
    assert {"Type=notify", "WatchdogSec=60", "Restart=always"} <= set(lines)


@pytest.mark.parametrize(("stuck", "restarted"), [(True, True), (False, False)])
def test_a_driver_that_does_not_come_back_is_a_hang_and_a_source_that_waits_is_none(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, stuck: bool, restarted: bool
) -> None:
    install(home, shelf, 7)
    monkeypatch.setattr("camera.watchdog.HANG_SECONDS", 0.3)
    monkeypatch.setattr("camera.agent.WATCH_SECONDS", 0.05)
    restarts: list[int] = []
    monkeypatch.setattr("camera.assembly.start_anew", lambda: restarts.append(1))
    agent = assemble(config.read(home))

    def source() -> Frames:
        for _ in range(20):
            yield Wait("no picture", seconds=0.05, stuck=stuck)
            time.sleep(0.05)

    agent.run(source)
    assert bool(restarts) == restarted


# Hangs once, on the second frame, for as long as it is let.
HANGING = """
import pathlib, sys, time
import camera.watchdog, camera.__main__
camera.watchdog.HANG_SECONDS = 2.0
from camera.sources import folder
hung = pathlib.Path(sys.argv[sys.argv.index("--home") + 1]) / "hung"
reader = folder._reader
def once(path):
    predict = reader(path)
    def hanging(model):
        if path.name == "b.png" and not hung.exists():
            hung.write_text("")
            time.sleep(1000)
        return predict(model)
    return hanging
folder._reader = once
sys.exit(camera.__main__.main())
"""


def test_a_real_agent_whose_loop_hangs_begins_anew_in_the_same_process(
    home: Path, shelf: Shelf, tmp_path: Path
) -> None:
    install(home, shelf, 7)
    frames = tmp_path / "pictures"
    frames.mkdir()
    for name in ("a", "b", "c"):
        (frames / f"{name}.png").write_bytes(picture("red"))
    options = ["--home", str(home), "--frames", str(frames), "--loop", "--record"]
    log = tmp_path / "log"
    with log.open("w") as errors:
        process = subprocess.Popen([sys.executable, "-c", HANGING, *options], stderr=errors)
        try:
            eventually(lambda: "c.png" in [line["frame"] for line in recorded(home)], 30)
            assert (home / "hung").exists()
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(20)
    assert ended == 0
    assert "the frame loop hangs" in log.read_text()
    assert "in hanging" in log.read_text()  # where


def test_a_real_agent_tells_systemd_until_its_loop_hangs(
    home: Path, shelf: Shelf, tmp_path: Path
) -> None:
    install(home, shelf, 7)
    frames = tmp_path / "pictures"
    frames.mkdir()
    (frames / "b.png").write_bytes(picture("red"))
    manager = Systemd(str(tmp_path / "s"))
    options = ["--home", str(home), "--frames", str(frames), "--loop"]
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, *options],
        stderr=subprocess.DEVNULL,
        env={**os.environ, **manager.environment},
    )
    try:
        eventually((home / "hung").exists)
        time.sleep(4)  # two for the loop to count as hanging
        heard = manager.heard()
        assert heard[:2] == ["READY=1", "WATCHDOG=1"]
        time.sleep(2)
        assert manager.heard() == []
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        manager.close()


# In every Python that the agent starts: release 8 never comes back from a black frame.
HANGING_MODEL = """
import time
import camera.watchdog
from camera import model
camera.watchdog.HANG_SECONDS = 1.0
opened = model.opened
class Hanging:
    def __init__(self, session): self.session = session
    def run(self, outputs, inputs):
        while not inputs["image"].any():
            time.sleep(1)
        return self.session.run(outputs, inputs)
def hanging(checked):
    found = opened(checked)
    if found.installed.epoch == 8:
        found._session = Hanging(found._session)
    return found
model.opened = hanging
"""


def test_a_real_agent_whose_model_hangs_goes_back_after_three_restarts(
    home: Path, shelf: Shelf, tmp_path: Path
) -> None:
    install(home, shelf, 7, 8)
    frames, customized = tmp_path / "pictures", tmp_path / "customized"
    frames.mkdir()
    customized.mkdir()
    Image.new("RGB", (40, 30)).save(frames / "black.png")
    (customized / "sitecustomize.py").write_text(HANGING_MODEL)
    options = ["--home", str(home), "--frames", str(frames), "--loop", "--record"]
    process = subprocess.Popen(
        [sys.executable, "-m", "camera", *options],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": f"{customized}{os.pathsep}{Path.cwd()}"},
    )
    try:
        eventually(lambda: len(recorded(home)) > 0, 60)
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(20)
    assert ended == 0
    assert {line["epoch"] for line in recorded(home)} == {7}
    given_back = status(home)["given_back"]
    assert given_back["reason"] == "its model did not come back from a frame 3 times"
