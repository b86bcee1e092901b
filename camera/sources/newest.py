"""Which frame is of now? A thread reads a camera all the time and throws away what nobody asked
for, because drivers and networks hand out their oldest frame first.

It also waits for a camera that is away, with growing pauses: nothing that a camera does can hold up
whoever asks for its frames.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional, Tuple

from camera.frames import Frame, Frames, SourceError, Wait
from lensloop.wire.errors import PictureError

ASK_SECONDS = 0.5  # the longest that a caller is held up: a stop is heeded within a second
MOST_AGE = 1.0  # seconds; what waited longer shows what was, not what is
SILENT_SECONDS = 15.0  # a slow network camera takes ten to begin
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # between two tries to open a camera; each doubles it


class Device:
    """An open camera, used by one thread."""

    def skip(self) -> bool:
        """Waits for the next frame, without decoding it. False: there is none."""
        raise NotImplementedError

    def take(self, name: str) -> Frame:
        """The frame that `skip` came to. Raises PictureError when it cannot be used."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def interrupt(self) -> None:
        """From another thread: end a `skip` that waits. Many drivers cannot."""


class Camera:
    """A camera that is opened and read in a thread of its own, as often as it has to be."""

    def __init__(self, name: str, open_device: Callable[[], Device], silent: str) -> None:
        """`open_device` raises SourceError while the camera cannot be opened. `silent` is what to
        do about one that opens and gives no picture.
        """
        self._name, self._open = name, open_device
        self._silent = f"{name} opens but gives no picture. {silent}"
        self._changed = threading.Condition()
        self._ended, self._wanted = threading.Event(), threading.Event()
        self._newest: Optional[Tuple[Frame, float]] = None
        self._trouble = ""
        self._number = 0
        self._device: Optional[Device] = None

    def frames(self) -> Frames:
        reader = threading.Thread(target=self._read, name="camera", daemon=True)
        reader.start()
        heard_at = time.monotonic()
        try:
            while reader.is_alive():
                frame = self._next()
                if frame is not None:
                    yield frame
                    heard_at = time.monotonic()
                elif self._trouble or time.monotonic() - heard_at < SILENT_SECONDS:
                    yield Wait(self._trouble)
                else:
                    yield Wait(self._silent, stuck=True)  # else there would be a trouble
            raise SourceError(f"Reading {self._name} broke off; the log says above how.")
        finally:
            self._close(reader)

    def _close(self, reader: threading.Thread) -> None:
        self._ended.set()
        device = self._device
        if device is not None:
            device.interrupt()
        reader.join(ASK_SECONDS)

    def _next(self) -> Optional[Frame]:
        """One that was read after this was asked, or just before."""
        self._wanted.set()
        with self._changed:
            if self._newest is None:
                self._changed.wait(ASK_SECONDS)
            newest, self._newest = self._newest, None
        if newest is None or time.monotonic() - newest[1] > MOST_AGE:
            return None
        return newest[0]

    def _read(self) -> None:
        pause = FIRST_PAUSE
        while not self._ended.is_set():
            gave = self._session()
            pause = FIRST_PAUSE if gave else min(2 * pause, LONGEST_PAUSE)
            self._ended.wait(pause)

    def _session(self) -> bool:
        """One time that the camera is open. Did it give a frame?"""
        try:
            self._device = self._open()
        except SourceError as error:
            self._trouble = str(error)
            return False
        gave = False
        try:
            while not self._ended.is_set() and self._device.skip():
                gave = True
                if self._wanted.is_set():
                    self._hand_over(self._device)
        finally:
            self._device.close()
            self._device = None
        gone = f"{self._name} gives no more pictures; is it still plugged in and switched on?"
        self._trouble = gone if gave else self._silent
        return gave

    def _hand_over(self, device: Device) -> None:
        read_at = time.monotonic()
        try:
            frame = device.take(f"{self._name}#{self._number + 1}")
        except PictureError as error:
            self._trouble = str(error)
            return
        self._number += 1
        self._wanted.clear()
        with self._changed:
            self._newest, self._trouble = (frame, read_at), ""
            self._changed.notify()
