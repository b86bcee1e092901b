"""Which frames has a video file? All of them in order; with a loop, from the beginning again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camera.frames import Frames, SourceError, Wait, of_array
from camera.layout import Layout
from camera.sources import opencv

TRY_AGAIN_SECONDS = 5.0  # for a file that somebody replaces


def frames(path: Path, loop: bool) -> Frames:
    cv2 = opencv.module()
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise SourceError(f"{path} cannot be opened; is it a video, and may this user read it?")
    return _played(cv2, capture, path, loop)


def _played(cv2: Any, capture: Any, path: Path, loop: bool) -> Frames:
    """Opened anew for each round: not every format can be wound back."""
    number, layout = 0, Layout()
    while True:
        before = number
        try:
            for array in _arrays(capture):
                number += 1
                yield of_array(f"{path.name}#{number}", array, layout)
        finally:
            capture.release()
        if not loop:
            return
        if number == before:
            yield Wait(f"{path} gives no picture; is it a whole video?", TRY_AGAIN_SECONDS)
        capture = cv2.VideoCapture(str(path))


def _arrays(capture: Any) -> Any:
    while True:
        grabbed, array = capture.read()
        if not grabbed:
            return
        yield array
