"""Every source of frames yields or pauses, ends when it is told to, says once what is wrong, and
what it gives is of now.
"""

import contextlib
import itertools
import logging
import math
import os
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from camera.broker import Broker
from camera.frames import Frame, Frames, SourceError, Wait
from camera.model import Model
from camera.sources import newest
from camera.sources.opening import open_source
from camera.sources.rpicam import from_the_beginning, picture_length
from lensloop.wire.prediction import Prediction
from tests.camera.conftest import Shelf
from tests.camera.small_release import picture
from tests.camera.stand_in_cv2 import StandIn
from tests.camera.test_agent import agent_on, eventually, recorded, status
from tests.camera.test_update import install

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: Patch) -> None:
    for step in ("start", "stop"):  # these tests have no broker, and to end its thread takes 1 s
        monkeypatch.setattr(Broker, step, lambda _: None)
    monkeypatch.setattr(newest, "FIRST_PAUSE", 0.05)


def opencv(monkeypatch: Patch, *behaviours: str, array: Any = None, fourcc: str = "") -> StandIn:
    module = StandIn(*behaviours, array=array, fourcc=fourcc)
    monkeypatch.setitem(sys.modules, "cv2", module)
    return module


def first(frames: Frames, kind: Any, seconds: float = 10) -> Any:
    """The first of this kind; a Wait counts when it says something."""
    deadline = time.monotonic() + seconds
    for got in frames:
        assert time.monotonic() < deadline, "it never came"
        if isinstance(got, kind) and (isinstance(got, Frame) or got.sentence):
            return got
    raise AssertionError("the frames ended")


def rpicam(monkeypatch: Patch, folder: Path, script: str) -> None:
    """A program of that name on the path."""
    program = folder / "bin" / "rpicam-vid"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport os, sys, time\n{script}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def jpeg(colour: str) -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.open(io.BytesIO(picture(colour))).convert("RGB").resize((64, 48)).save(file, "JPEG")
    return file.getvalue()


def streaming(folder: Path, *pictures: bytes) -> str:
    """A script that writes them over and over, in pieces that cut them anywhere."""
    (folder / "stream").write_bytes(b"".join(pictures))
    return f"""
data = open({str(folder / "stream")!r}, "rb").read()
while True:
    for at in range(0, len(data), 700):
        os.write(1, data[at:at + 700])
    time.sleep(0.03)
"""


# -- As a class: each source in a state in which it could spin -------------------------------


def emptied(folder: Path, _: Patch) -> str:
    (folder / "pictures").mkdir()
    return str(folder / "pictures")


def gone(folder: Path, _: Patch) -> str:
    source = emptied(folder, _)
    frames = open_source(source, loop=True)
    assert isinstance(next(frames), Wait)
    return source


def blank_video(folder: Path, monkeypatch: Patch) -> str:
    capture = types.SimpleNamespace(
        isOpened=lambda: True, read=lambda: (False, None), release=lambda: None
    )
    module = types.SimpleNamespace(VideoCapture=lambda _: capture)
    monkeypatch.setitem(sys.modules, "cv2", module)
    (folder / "a.mp4").touch()
    return str(folder / "a.mp4")


def device(behaviour: str, source: str, array: Any = None) -> Callable[[Path, Patch], str]:
    def made(_: Path, monkeypatch: Patch) -> str:
        opencv(monkeypatch, behaviour, array=array)
        return source

    return made


def blind_deeplens(_: Path, monkeypatch: Patch) -> str:
    module = types.SimpleNamespace(getLastFrame=lambda: (False, None))
    monkeypatch.setitem(sys.modules, "awscam", module)
    return "awscam"


def program(script: str) -> Callable[[Path, Patch], str]:
    def made(folder: Path, monkeypatch: Patch) -> str:
        rpicam(monkeypatch, folder, script)
        return "rpicam"

    return made


def live_rpicam(folder: Path, monkeypatch: Patch) -> str:
    rpicam(monkeypatch, folder, streaming(folder, jpeg("red")))
    return "rpicam"


STATES = {
    "a folder that was emptied": emptied,
    "a folder that is taken away": gone,
    "a video without frames": blank_video,
    "a camera": device("live", "/dev/video0"),
    "a camera that is away": device("absent", "/dev/video0"),
    "a camera that gives nothing": device("dead", "0"),
    "a camera that breaks off": device("unplugged", "/dev/video0"),
    "a camera of an unknown layout": device("live", "0", array=numpy.zeros((48, 64, 7))),
    "a network camera": device("live", "rtsp://host/a"),
    "a network camera that is away": device("absent", "http://host/a"),
    "a DeepLens that gives nothing": blind_deeplens,
    "a ribbon camera": live_rpicam,
    "a ribbon camera that is silent": program("time.sleep(1000)"),
    "a ribbon camera that is not there": program("sys.exit('no cameras available')"),
    "a ribbon camera that writes nonsense": program("while True: os.write(1, b'nonsense' * 99)"),
}


@pytest.mark.parametrize("state", STATES)
def test_no_source_spins_and_each_ends_within_a_second_of_stop(
    state: str, home: Path, shelf: Shelf, tmp_path: Path, monkeypatch: Patch
) -> None:
    """In the agent as it runs: what it asks of the source is counted, and its time on a core."""
    install(home, shelf, 7)
    source = STATES[state](tmp_path, monkeypatch)
    asked, ended = 0, math.inf

    def counted() -> Frames:
        nonlocal asked, ended
        try:
            with contextlib.closing(open_source(source, loop=True)) as frames:
                for got in frames:
                    asked += 1
                    yield got
        finally:
            ended = time.monotonic()

    camera = agent_on(home)
    camera._spacing = 0.1
    running = threading.Thread(target=camera.run, args=(counted,))
    running.start()
    eventually(lambda: asked > 0)
    before, cpu = asked, time.process_time()
    time.sleep(0.7)
    spent, came = time.process_time() - cpu, asked - before
    camera.stop()
    told = time.monotonic()
    running.join(5)
    assert not running.is_alive()
    assert ended - told < 1
    assert came <= 20
    assert spent < 0.6


# -- A frame is of now ------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["/dev/video0", "rtsp://host/a"])
def test_a_slow_agent_still_answers_about_what_is_there_now(
    source: str, home: Path, shelf: Shelf, monkeypatch: Patch
) -> None:
    """At a frame in a second, each of which takes half a second, with a driver that hands out its
    oldest buffer first. The frame's own time and a second is the most that an answer is late.
    """
    install(home, shelf, 7)
    module = opencv(monkeypatch, "live")
    taken, answered = [], []
    predict = Model.predict

    def slowly(model: Model, image: Any) -> Prediction:
        time.sleep(0.5)
        return predict(model, image)

    def timed() -> Frames:
        for got in open_source(source, loop=False):
            if isinstance(got, Frame):
                taken.append(module.age(got.picture()))
            yield got

    camera = agent_on(home)
    monkeypatch.setattr(Model, "predict", slowly)
    camera.show_to(lambda frame, *_: answered.append(module.age(frame.picture())))
    camera._spacing = 1.0
    camera.run(timed, enough=3)
    assert len(recorded(home)) == len(answered) == 3
    assert max(taken) < 0.5
    assert max(answered) < 0.5 + 1


def test_a_frame_that_nobody_took_in_time_is_not_given(monkeypatch: Patch) -> None:
    module = opencv(monkeypatch, "unplugged", "absent")
    monkeypatch.setattr(newest, "MOST_AGE", 0.2)
    monkeypatch.setattr(newest, "ASK_SECONDS", 0.001)
    frames = open_source("/dev/video0", loop=False)
    next(frames)  # asks, and does not wait for the answer
    eventually(lambda: len(module.opened) > 1)
    time.sleep(0.3)
    assert all(isinstance(next(frames), Wait) for _ in range(20))


def test_a_camera_is_opened_only_when_there_is_a_release(
    home: Path, shelf: Shelf, monkeypatch: Patch
) -> None:
    module = opencv(monkeypatch, "live")
    camera = agent_on(home)
    running = threading.Thread(target=camera.run, args=(lambda: open_source("0", loop=False),))
    running.start()
    time.sleep(0.3)
    assert module.opened == []
    camera.stop()
    running.join(5)
    install(home, shelf, 7)
    agent_on(home).run(lambda: open_source("0", loop=False), enough=2)
    assert module.opened == [(0,)]
    eventually(lambda: module.open_now == 0)


# -- Cameras that go and come ------------------------------------------------------------------


def test_a_camera_that_is_unplugged_is_waited_for_said_once_and_read_again(
    home: Path, shelf: Shelf, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    install(home, shelf, 7)
    monkeypatch.setattr(newest, "FIRST_PAUSE", 0.4)  # long enough to be noticed
    module = opencv(monkeypatch, "unplugged", "absent", "absent", "live")
    with caplog.at_level(logging.INFO):
        agent_on(home).run(lambda: open_source("/dev/video0", loop=False), enough=6)
    said = [r.getMessage() for r in caplog.records if "frames" in r.getMessage()]
    assert len(module.opened) == 4
    assert [sum(words in line for line in said) for words in ("cannot be opened", "again")] == [
        1,
        1,
    ]
    assert status(home)["waiting"] is None
    assert status(home)["errors"] == 0


def test_pauses_grow_while_a_camera_is_away(monkeypatch: Patch) -> None:
    module = opencv(monkeypatch, "absent")
    monkeypatch.setattr(newest, "FIRST_PAUSE", 0.1)
    frames = open_source("/dev/video0", loop=False)
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        next(frames)
    assert 2 <= len(module.opened) <= 4  # after 0, 0.2, 0.6 and 1.4 seconds


@pytest.mark.parametrize(
    ("behaviour", "source", "sentence"),
    [
        ("absent", "/dev/video0", "cannot be opened; is the camera plugged in"),
        ("dead", "/dev/video0", "opens but gives no picture. If it is a ribbon camera"),
        ("absent", "rtsp://me:secret@host/a", "rtsp://host cannot be reached"),
        ("dead", "rtsp://me:secret@host/a", "rtsp://host opens but gives no picture"),
    ],
)
def test_away_and_silent_are_told_apart(
    behaviour: str, source: str, sentence: str, monkeypatch: Patch
) -> None:
    opencv(monkeypatch, behaviour)
    wait = first(open_source(source, loop=False), Wait)
    assert sentence in wait.sentence
    assert not wait.stuck  # it is tried again


def test_a_camera_that_hangs_while_it_is_read_is_said(monkeypatch: Patch) -> None:
    module = opencv(monkeypatch, "live")
    monkeypatch.setattr(newest, "SILENT_SECONDS", 0.1)
    stuck = types.SimpleNamespace(
        isOpened=lambda: True, grab=lambda: time.sleep(3), release=lambda: None
    )
    monkeypatch.setattr(module, "VideoCapture", lambda *_: stuck)
    wait = first(open_source("0", loop=False), Wait)
    assert "opens but gives no picture" in wait.sentence
    assert wait.stuck


def with_and_without_glare() -> Callable[[], Any]:
    """Frames of 10 bits in turn, of which every second one has a bright pixel."""
    wall = numpy.full((48, 64), 200, numpy.uint16)
    glare = wall.copy()
    glare[0, 0] = 1000
    turns = itertools.cycle([glare, wall])
    return lambda: next(turns)


def of_awscam(monkeypatch: Patch, array: Callable[[], Any]) -> None:
    module = types.SimpleNamespace(getLastFrame=lambda: (True, array()))
    monkeypatch.setitem(sys.modules, "awscam", module)


@pytest.mark.parametrize("source", ["/dev/video0", "awscam"])
def test_a_camera_of_16_bits_is_as_bright_in_each_frame(source: str, monkeypatch: Patch) -> None:
    opencv(monkeypatch, "live", array=with_and_without_glare())
    of_awscam(monkeypatch, with_and_without_glare())
    frames = open_source(source, loop=False)
    found = [first(frames, Frame).picture().getpixel((63, 47)) for _ in range(4)]
    assert found == [(50, 50, 50)] * 4


@pytest.mark.parametrize("fourcc", ["UYVY", "YUYV", ""])
def test_two_channels_are_read_in_the_order_that_opencv_names(
    fourcc: str, monkeypatch: Patch
) -> None:
    red = numpy.zeros((48, 64, 2), numpy.uint8)
    red[:, :, 0], red[:, 0::2, 1], red[:, 1::2, 1] = 76, 85, 255
    if fourcc == "UYVY":
        red = red[:, :, ::-1]
    opencv(monkeypatch, "live", array=red, fourcc=fourcc)
    found = first(open_source("/dev/video0", loop=False), Frame).picture().getpixel((3, 3))
    assert numpy.allclose(found, (254, 0, 0), atol=2)


def test_a_monochrome_camera_is_classified_and_a_strange_one_named(
    home: Path, shelf: Shelf, monkeypatch: Patch
) -> None:
    install(home, shelf, 7)
    opencv(monkeypatch, "live", array=numpy.full((48, 64), 128, numpy.uint8))
    agent_on(home).run(lambda: open_source("0", loop=False), enough=2)
    assert len(recorded(home)) == 2
    opencv(monkeypatch, "live", array=numpy.zeros((48, 64, 7), numpy.uint8))
    wait = first(open_source("0", loop=False), Wait)
    assert "uint8 48 × 64 × 7" in wait.sentence


def test_a_surprise_in_the_reading_thread_is_an_error_of_the_source(monkeypatch: Patch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    module = opencv(monkeypatch, "live")
    monkeypatch.setattr(module, "VideoCapture", lambda *_: 1 / 0)
    with pytest.raises(SourceError, match="broke off"):
        list(open_source("0", loop=False))


# -- Passwords ---------------------------------------------------------------------------------

SECRETS = [
    "rtsp://admin:s3cret@192.168.1.9:554/stream",
    "rtsp://192.168.1.9:554/user=admin_password=s3cret_channel=1.sdp",
    "http://192.168.1.9:554/video.mjpg?user=admin&pwd=s3cret",
    "rtsp://admin:s3cret@192.168.1.9:554/a#s3cret",
]


@pytest.mark.parametrize("url", SECRETS)
@pytest.mark.parametrize("behaviours", [("live",), ("unplugged", "absent", "live"), ("dead",)])
def test_no_password_is_ever_shown(
    url: str,
    behaviours: tuple[str, ...],
    home: Path,
    shelf: Shelf,
    monkeypatch: Patch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(home, shelf, 7)
    module = opencv(monkeypatch, *behaviours)
    camera = agent_on(home)
    running = threading.Thread(target=camera.run, args=(lambda: open_source(url, loop=False), 5))
    with caplog.at_level(logging.DEBUG):
        running.start()
        eventually(lambda: bool(recorded(home)) or "waiting for frames" in caplog.text)
        running.join(0.5)
        camera.stop()
        running.join(10)
    assert module.opened[0] == (url, module.CAP_FFMPEG)
    written = caplog.text + (home / "status.json").read_text() + str(recorded(home))
    assert "192.168.1.9:554" in written
    assert "s3cret" not in written
    assert "admin" not in written


@pytest.mark.parametrize("url", ["rtsp://", "rtsp://admin:s3/cret@host/a", "http://[s3cret@a/"])
def test_an_address_that_cannot_be_read_is_said_without_it(url: str, monkeypatch: Patch) -> None:
    opencv(monkeypatch, "live")
    with pytest.raises(SourceError, match="cannot be read") as found:
        open_source(url, loop=False)
    assert "s3" not in str(found.value)


# -- A ribbon camera's pipe ---------------------------------------------------------------------


def test_a_ribbon_cameras_jpegs_are_frames(tmp_path: Path, monkeypatch: Patch) -> None:
    rpicam(monkeypatch, tmp_path, streaming(tmp_path, jpeg("red")))
    frames = open_source("rpicam", loop=False)
    one, two = first(frames, Frame), first(frames, Frame)
    assert (one.name, two.name) == ("rpicam#1", "rpicam#2")
    red, green, _ = two.picture().getpixel((30, 20))
    assert red > 200
    assert green < 60


def test_a_ribbon_cameras_program_is_asked_for_jpegs_without_an_end_and_ended_with_the_frames(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    note = tmp_path / "note"
    script = f"open({str(note)!r}, 'w').write(repr((os.getpid(), sys.argv)))\n"
    rpicam(monkeypatch, tmp_path, script + streaming(tmp_path, jpeg("red")))
    frames: Any = open_source("rpicam", loop=False)
    first(frames, Frame)
    frames.close()
    process, argv = eval(note.read_text())
    line = " ".join(argv[1:])
    for asked in ("--codec mjpeg", "--timeout 0", "--output -", "--nopreview"):
        assert asked in line
    eventually(lambda: not alive(process))


def alive(process: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", str(process)], capture_output=True, text=True)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def test_a_jpeg_ends_behind_its_scan_and_not_in_a_table_or_thumbnail() -> None:
    plain = jpeg("blue")
    thumbnail = b"\xff\xe1" + (len(plain) + 2).to_bytes(2, "big") + plain
    whole = plain[:2] + thumbnail + plain[2:]
    assert picture_length(whole + plain) == len(whole)
    assert all(picture_length(whole[:cut]) == 0 for cut in range(len(whole)))
    assert from_the_beginning(b"half a picture" + whole) == whole
    assert from_the_beginning(b"noise\xff" + b"\xd8" + whole[2:]) == whole
    assert from_the_beginning(b"noise\xff") == b"\xff"
