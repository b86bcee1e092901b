"""Frames come from folders, videos and devices; what cannot be opened is said in a sentence."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy
import pytest

from camera.frames import SourceError, open_source
from camera.model import Model, load
from lensloop.wire.errors import PictureError
from tests.camera.small_release import colour_model, make_release, picture


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder, files = tmp_path_factory.mktemp("release"), make_release(1, colour_model())
    (folder / "manifest.json").write_bytes(files.manifest_bytes)
    (folder / "model.onnx").write_bytes(files.model)
    return load(folder)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    for name in ("b/2.PNG", "a/1.jpg", "notes.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture("green"))
    return folder


def test_a_folder_is_walked_once_in_order_with_its_pictures_only(
    pictures: Path, model: Model
) -> None:
    frames = list(open_source(str(pictures), loop=False))
    assert [frame.name for frame in frames] == ["a/1.jpg", "b/2.PNG"]
    assert [frame.predict(model).predicted for frame in frames] == ["green", "green"]


def test_a_loop_sees_pictures_that_come_later(pictures: Path) -> None:
    frames = open_source(str(pictures), loop=True)
    assert [next(frames).name for _ in range(3)] == ["a/1.jpg", "b/2.PNG", "a/1.jpg"]
    (pictures / "a" / "0.png").write_bytes(picture("red"))
    assert [next(frames).name for _ in range(2)] == ["b/2.PNG", "a/0.png"]


def test_a_picture_that_is_none_or_has_gone_is_a_picture_error(
    pictures: Path, model: Model
) -> None:
    (pictures / "a" / "1.jpg").write_text("this is not a picture")
    broken, gone = open_source(str(pictures), loop=False)
    (pictures / "b" / "2.PNG").unlink()
    for frame in (broken, gone):
        with pytest.raises(PictureError):
            frame.predict(model)


def test_probabilities_add_up_and_the_likeliest_comes_first(model: Model) -> None:
    prediction = model.predict_file(picture("blue"))
    answer = prediction.probabilities
    assert prediction.predicted == next(iter(answer)) == "blue"
    assert sum(answer.values()) == pytest.approx(1)
    assert sorted(answer.values(), reverse=True) == list(answer.values())


@pytest.mark.parametrize(
    ("source", "sentence"), [("/nowhere", "no folder"), ("awscam", "AWS DeepLens")]
)
def test_a_source_that_is_not_there_is_said(source: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        open_source(source, loop=False)


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no JPEG, PNG or WebP"):
        open_source(str(tmp_path), loop=False)


@pytest.mark.parametrize("source", ["/dev/video7", "0"])
def test_without_opencv_a_camera_device_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SourceError, match="pip install opencv-python-headless"):
        open_source(source, loop=False)


class FakeCapture:
    """What cv2.VideoCapture gives: blue comes first."""

    def __init__(self, frames: list[Any]) -> None:
        self.frames, self.at, self.released = frames, 0, False

    def isOpened(self) -> bool:
        return bool(self.frames)

    def read(self) -> tuple[bool, Any]:
        self.at += 1
        return (True, self.frames[self.at - 1]) if self.at <= len(self.frames) else (False, None)

    def set(self, _property: int, position: int) -> None:
        self.at = position

    def release(self) -> None:
        self.released = True


def opencv(monkeypatch: pytest.MonkeyPatch, frames: list[Any]) -> FakeCapture:
    capture = FakeCapture(frames)
    fake = types.SimpleNamespace(VideoCapture=lambda _: capture, CAP_PROP_POS_FRAMES=1)
    monkeypatch.setitem(sys.modules, "cv2", fake)
    return capture


BLUE_FIRST = numpy.full((48, 64, 3), (230, 20, 20), dtype=numpy.uint8)


def test_a_video_gives_its_frames_in_the_right_colours(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = opencv(monkeypatch, [BLUE_FIRST, BLUE_FIRST])
    video = tmp_path / "street.mp4"
    video.touch()
    frames = list(open_source(str(video), loop=False))
    assert [frame.name for frame in frames] == ["street.mp4#1", "street.mp4#2"]
    assert frames[0].predict(model).predicted == "blue"
    assert capture.released


def test_a_camera_that_is_unplugged_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    opencv(monkeypatch, [BLUE_FIRST])
    frames = open_source("/dev/video0", loop=False)
    next(frames)
    with pytest.raises(SourceError, match="plugged in"):
        next(frames)


def test_a_camera_that_cannot_be_opened_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    opencv(monkeypatch, [])
    with pytest.raises(SourceError, match="cannot be opened"):
        open_source("/dev/video0", loop=False)


def test_a_stock_deeplens_gives_its_last_frame(
    monkeypatch: pytest.MonkeyPatch, model: Model
) -> None:
    monkeypatch.setitem(
        sys.modules, "awscam", types.SimpleNamespace(getLastFrame=lambda: (True, BLUE_FIRST))
    )
    frame = next(open_source("awscam", loop=False))
    assert frame.predict(model).predicted == "blue"
