"""What does OpenCV read? Camera devices of the machine, and cameras on the network."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from camera.frames import Frame, Frames, SourceError, of_image
from camera.layout import Layout
from camera.sources import address
from camera.sources.newest import Camera, Device
from lensloop.wire.errors import PictureError

_RIBBON = (
    "If it is a ribbon camera of a Raspberry Pi, use --frames rpicam; otherwise try another"
    " /dev/video… or another plug."
)
_NETWORK = "Check the path of its address, and that a player such as VLC shows it from here."


def module() -> Any:
    """Raises SourceError where there is no OpenCV."""
    # OpenCV's and FFmpeg's own messages name the whole address, with its password.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError:
        raise SourceError(
            "Video files, camera devices and network cameras need OpenCV: `pip install"
            " opencv-python-headless`. Folders of pictures work without it."
        ) from None
    return cv2


def device(source: str) -> Frames:
    """`source` is a number or a path below /dev."""
    cv2 = module()
    name = Path(source).name
    where = int(source) if source.isdigit() else source
    absent = (
        f"{source} cannot be opened; is the camera plugged in, and may this user read it (group"
        " video)?"
    )
    opened = functools.partial(_opened, cv2, lambda: cv2.VideoCapture(where), absent)
    return Camera(name, opened, _RIBBON).frames()


def network(url: str) -> Frames:
    cv2 = module()
    name = address.shown(url)
    if not address.host_of(url):
        raise SourceError(
            "The network camera's address cannot be read: it is rtsp://user:password@host/path,"
            " with %2F for a / in the password, %40 for an @."
        )
    absent = f"{name} cannot be reached, or refuses the password or path of its address."
    # Named, because OpenCV's other readers would look for a file of that name, and say so.
    opened = functools.partial(_opened, cv2, lambda: cv2.VideoCapture(url, cv2.CAP_FFMPEG), absent)
    return Camera(name, opened, _NETWORK).frames()


def _opened(cv2: Any, make: Any, absent: str) -> Device:
    capture = make()
    if not capture.isOpened():
        capture.release()
        raise SourceError(absent)
    return _Capture(cv2, capture)


class _Capture(Device):
    def __init__(self, cv2: Any, capture: Any) -> None:
        self._cv2, self._capture, self._layout = cv2, capture, Layout()

    def skip(self) -> bool:
        return bool(self._capture.grab())

    def take(self, name: str) -> Frame:
        try:
            whole, array = self._capture.retrieve()
        except self._cv2.error as error:
            raise PictureError(f"The camera gives a damaged picture: {error}") from error
        if not whole:
            raise PictureError("The camera gives a picture that OpenCV cannot decode.")
        return of_image(name, self._layout.to_image(array, self._fourcc()))

    def _fourcc(self) -> str:
        """The format's name, such as UYVY; what no driver names becomes no name."""
        code = int(self._capture.get(self._cv2.CAP_PROP_FOURCC))
        return "".join(chr(code >> bits & 255) for bits in (0, 8, 16, 24))

    def close(self) -> None:
        self._capture.release()
