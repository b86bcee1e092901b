"""Which source did the person mean with --frames?"""

from __future__ import annotations

from pathlib import Path

from camera.frames import Frames, SourceError
from camera.sources import address, deeplens, folder, opencv, rpicam, video


def open_source(text: str, loop: bool) -> Frames:
    """Raises SourceError at once where it can never work. A camera is opened with the first frame
    that is asked for, and one that is away is waited for.
    """
    path = Path(text)
    if text == "awscam":
        return deeplens.frames()
    if text == "rpicam":
        return rpicam.frames()
    if text.isdigit() or text.startswith("/dev/"):
        return opencv.device(text)
    if address.is_network(text):
        return opencv.network(text)
    if path.is_dir():
        return folder.frames(path, loop)
    if path.is_file():
        return video.frames(path, loop)
    raise SourceError(
        f"There is no folder, video file or camera device {address.shown(text)}; network cameras"
        " begin with rtsp:// or http://, and a Raspberry Pi's own is rpicam."
    )
