"""Where do the pictures come from? A folder, a video file,
a camera device, or a stock DeepLens' own camera.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

from camera.model import Model
from lensloop.wire.errors import LensloopError, PictureError
from lensloop.wire.formats import ENDINGS, READ
from lensloop.wire.prediction import Prediction


class SourceError(LensloopError):
    """There are no frames to be had; the message says what to do."""


class Frame(NamedTuple):
    name: str
    predict: Callable[[Model], Prediction]  # may raise PictureError


def open_source(text: str, loop: bool) -> Iterator[Frame]:
    """`text` is what the person wrote after --frames.
    Raises SourceError at once when it cannot work.
    """
    path = Path(text)
    if text == "awscam":
        return _awscam()
    if text.isdigit() or text.startswith("/dev/"):
        return _video(text, loop=False)
    if path.is_dir():
        return _folder(path, loop)
    if path.is_file():
        return _video(text, loop)
    raise SourceError(f"There is no folder, video file or camera device {text}.")


def _folder(folder: Path, loop: bool) -> Iterator[Frame]:
    if not any(_pictures(folder)):
        raise SourceError(f"There is no {READ} picture in {folder}.")
    return _walk(folder, loop)


def _walk(folder: Path, loop: bool) -> Iterator[Frame]:
    while True:
        for path in _pictures(folder):
            yield Frame(path.relative_to(folder).as_posix(), _file_reader(path))
        if not loop:
            return


def _pictures(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in ENDINGS and path.is_file():
            yield path


def _file_reader(path: Path) -> Callable[[Model], Prediction]:
    def predict(model: Model) -> Prediction:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PictureError(f"{path.name} cannot be read: {error}") from error
        return model.predict_file(data)

    return predict


def _video(source: str, loop: bool) -> Iterator[Frame]:
    try:
        import cv2
    except ImportError:
        raise SourceError(
            "Video files and camera devices need OpenCV: `pip install opencv-python-headless`. "
            "Folders of pictures work without it."
        ) from None
    capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
    if not capture.isOpened():
        raise SourceError(f"{source} cannot be opened; is it a video, and may this user read it?")
    return _captured(cv2, capture, source, loop)


def _captured(cv2: Any, capture: Any, source: str, loop: bool) -> Iterator[Frame]:
    number = 0
    try:
        while True:
            grabbed, array = capture.read()
            if grabbed:
                number += 1
                yield _array_frame(f"{Path(source).name}#{number}", array)
            elif loop and number:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            elif source.startswith("/dev/") or source.isdigit():
                raise SourceError(
                    f"{source} gives no more pictures; is the camera still plugged in?"
                )
            else:
                return
    finally:
        capture.release()


def _awscam() -> Iterator[Frame]:
    try:
        import awscam
    except ImportError:
        raise SourceError(
            "There is no awscam here; it exists on an AWS DeepLens with its own software only."
        ) from None

    def frames() -> Iterator[Frame]:
        number = 0
        while True:
            grabbed, array = awscam.getLastFrame()
            if not grabbed:
                time.sleep(0.5)
                continue
            number += 1
            yield _array_frame(f"awscam#{number}", array)

    return frames()


def _array_frame(name: str, array: Any) -> Frame:
    """OpenCV and awscam give blue first."""

    def predict(model: Model) -> Prediction:
        from PIL import Image

        return model.predict(Image.fromarray(array[:, :, ::-1].copy()))

    return Frame(name, predict)
