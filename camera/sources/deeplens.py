"""What does a stock DeepLens see? Its own software keeps the last frame."""

from __future__ import annotations

import time
from typing import Any

from camera.frames import Frame, Frames, SourceError, of_image
from camera.layout import Layout
from camera.sources.newest import Camera, Device
from lensloop.wire.errors import PictureError

SPACING = 1 / 30  # seconds; its camera's


def frames() -> Frames:
    try:
        import awscam
    except ImportError:
        raise SourceError(
            "There is no awscam here; it exists on an AWS DeepLens with its own software only."
        ) from None
    return Camera("awscam", lambda: _Last(awscam), "Restart the DeepLens.").frames()


class _Last(Device):
    def __init__(self, awscam: Any) -> None:
        self._awscam, self._layout = awscam, Layout()

    def skip(self) -> bool:
        time.sleep(SPACING)
        return True

    def take(self, name: str) -> Frame:
        grabbed, array = self._awscam.getLastFrame()
        if not grabbed:
            raise PictureError("awscam gives no picture. If this stays, restart the DeepLens.")
        return of_image(name, self._layout.to_image(array))

    def close(self) -> None:
        pass
