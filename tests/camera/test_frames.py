"""Frames come from folders, videos and devices; what cannot be opened is said in a sentence."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy
import pytest

from camera.frames import Frame, SourceError, Wait
from camera.model import Model, load
from camera.sources.opening import open_source
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


def seen(source: str) -> list[Frame]:
    """All frames of a source that ends."""
    return [frame for frame in open_source(source, loop=False) if isinstance(frame, Frame)]


def named(frame: Frame | Wait) -> str:
    return frame.name if isinstance(frame, Frame) else ""


def test_a_folder_is_walked_once_in_order_with_its_pictures_only(
    pictures: Path, model: Model
) -> None:
    frames = seen(str(pictures))
    assert [frame.name for frame in frames] == ["a/1.jpg", "b/2.PNG"]
    assert [frame.predict(model).predicted for frame in frames] == ["green", "green"]


def test_a_loop_sees_pictures_that_come_later(pictures: Path) -> None:
    frames = filter(None, map(named, open_source(str(pictures), loop=True)))
    assert [next(frames) for _ in range(3)] == ["a/1.jpg", "b/2.PNG", "a/1.jpg"]
    (pictures / "a" / "0.png").write_bytes(picture("red"))
    assert [next(frames) for _ in range(2)] == ["b/2.PNG", "a/0.png"]


def test_a_picture_that_is_none_or_has_gone_is_a_picture_error(
    pictures: Path, model: Model
) -> None:
    (pictures / "a" / "1.jpg").write_text("this is not a picture")
    broken, gone = seen(str(pictures))
    (pictures / "b" / "2.PNG").unlink()
    for frame in (broken, gone):
        with pytest.raises(PictureError):
            frame.predict(model)
        with pytest.raises(PictureError):
            frame.picture()


def test_probabilities_add_up_and_the_likeliest_comes_first(model: Model) -> None:
    prediction = model.predict_file(picture("blue"))
    answer = prediction.probabilities
    assert prediction.predicted == next(iter(answer)) == "blue"
    assert sum(answer.values()) == pytest.approx(1)
    assert sorted(answer.values(), reverse=True) == list(answer.values())


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("/nowhere", "no folder"),
        ("awscam", "AWS DeepLens"),
        ("rpicam", "apt install rpicam-apps"),
        ("ftp://me:secret@host/a", "camera device ftp://host;"),
    ],
)
def test_a_source_that_is_not_there_is_said(source: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        open_source(source, loop=False)


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no JPEG, PNG or WebP"):
        open_source(str(tmp_path), loop=False)


@pytest.mark.parametrize("source", ["/dev/video7", "0", "rtsp://host/a"])
def test_without_opencv_a_camera_device_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SourceError, match="pip install opencv-python-headless"):
        open_source(source, loop=False)


BLUE_FIRST = numpy.full((48, 64, 3), (230, 20, 20), dtype=numpy.uint8)


class Video:
    """What cv2.VideoCapture gives of a file."""

    def __init__(self, frames: list[Any]) -> None:
        self.frames, self.released = list(frames), False

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, Any]:
        return (True, self.frames.pop(0)) if self.frames else (False, None)

    def release(self) -> None:
        self.released = True


def opencv(monkeypatch: pytest.MonkeyPatch, *rounds: list[Any]) -> list[Video]:
    """One video for each time that the file is opened."""
    opened: list[Video] = []

    def open_video(_: str) -> Video:
        opened.append(Video(rounds[min(len(opened), len(rounds) - 1)]))
        return opened[-1]

    monkeypatch.setitem(sys.modules, "cv2", types.SimpleNamespace(VideoCapture=open_video))
    return opened


@pytest.fixture
def video(tmp_path: Path) -> str:
    (tmp_path / "street.mp4").touch()
    return str(tmp_path / "street.mp4")


def test_a_video_gives_its_frames_in_the_right_colours(
    video: str, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = opencv(monkeypatch, [BLUE_FIRST, BLUE_FIRST])
    frames = seen(video)
    assert [frame.name for frame in frames] == ["street.mp4#1", "street.mp4#2"]
    assert frames[0].predict(model).predicted == "blue"
    assert frames[0].picture().getpixel((0, 0)) == (20, 20, 230)
    assert [one.released for one in opened] == [True]


def test_a_video_that_loops_begins_again_and_waits_when_it_shows_nothing(
    video: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opencv(monkeypatch, [BLUE_FIRST], [], [BLUE_FIRST])
    frames = open_source(video, loop=True)
    first, wait, second = next(frames), next(frames), next(frames)
    assert (named(first), named(second)) == ("street.mp4#1", "street.mp4#2")
    assert isinstance(wait, Wait)
    assert "gives no picture" in wait.sentence
    assert wait.seconds > 0
