"""What does a Raspberry Pi's ribbon camera see? Its program rpicam-vid writes JPEGs into a pipe.

Not picamera2: that module belongs to the system's Python and to the numpy which it was built for,
and does not load beside the numpy that the agent pins (raspberrypi/picamera2 issues 1088, 1211).
The program is part of Raspberry Pi OS, and libcamera can fail without taking the agent with it.
"""

from __future__ import annotations

import select
import shutil
import subprocess
from typing import Any, List, Optional

from camera.frames import Frame, Frames, SourceError, of_file
from camera.sources.newest import Camera, Device

PROGRAMS = ("rpicam-vid", "libcamera-vid")  # the second is its name until Bookworm
# Enough for the picture on the live view; a model takes much less.
_SIZE = ("--width", "1280", "--height", "720")
_RATE = ("--framerate", "15")  # a frame is at most 67 ms old, and a Pi 5 encodes them by itself
SILENT_SECONDS = 10.0  # without a byte: sensors need two at most to begin
MOST_BYTES = 25 * 1000 * 1000  # without a whole JPEG; beyond, there is none
_BLOCK = 64 * 1024  # bytes; what a pipe holds
_BEGIN, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA


def frames() -> Frames:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SourceError(
            "There is no rpicam-vid here; on Raspberry Pi OS: `sudo apt install rpicam-apps`."
        )
    wanted = [program, "--timeout", "0", "--nopreview", "--verbose", "0", "--codec", "mjpeg"]
    wanted += ["--flush", *_SIZE, *_RATE, "--output", "-"]
    hint = "The log holds what rpicam-vid says; `rpicam-hello --list-cameras` lists what it finds."
    return Camera("rpicam", lambda: Pipe(wanted), hint).frames()


class Pipe(Device):
    """Whole JPEGs out of a program's output."""

    def __init__(self, command: List[str]) -> None:
        try:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise SourceError(f"{command[0]} cannot be started: {error}") from error
        self._output: Any = self._process.stdout
        self._buffer = b""
        self._picture = b""

    def skip(self) -> bool:
        came = 0
        while True:
            length = picture_length(self._buffer)
            if length:
                self._picture, self._buffer = self._buffer[:length], self._buffer[length:]
                return True
            more = self._more()
            if not more or came > MOST_BYTES:
                return False
            came += len(more)
            self._buffer = from_the_beginning(self._buffer + more)

    def take(self, name: str) -> Frame:
        return of_file(name, self._picture)

    def close(self) -> None:
        self.interrupt()
        self._process.wait()
        self._output.close()

    def interrupt(self) -> None:
        self._process.kill()  # it writes nothing that could be lost

    def _more(self) -> Optional[bytes]:
        ready, _, _ = select.select([self._output], [], [], SILENT_SECONDS)
        return self._output.read(_BLOCK) if ready else None


def from_the_beginning(data: bytes) -> bytes:
    """Without what stands before the first JPEG."""
    at = data.find(_BEGIN)
    return data[at:] if at >= 0 else data[-1:]  # its first byte may be the last that came


def picture_length(data: bytes) -> int:
    """Of the whole JPEG that the bytes begin with; 0 while its end has not come.

    The end's two bytes may stand in any segment (a thumbnail, a table), but not in what is scanned.
    """
    at = len(_BEGIN)
    while at + 4 <= len(data):
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        at += 2 + length
        if kind == _SCAN:
            return data.find(_END, at) + len(_END) if _END in data[at:] else 0
    return 0
