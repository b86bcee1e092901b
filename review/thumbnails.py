"""How does a picture come to the browser? As a small JPEG, made here once, and kept by its ETag: a
stranger's bytes never reach the browser as they are.
"""

import hashlib
import io
import os
import threading
from pathlib import Path

from lensloop.wire.picture import open_picture
from review.bucket import Bucket
from review.files import keep

SIDES = {"small": 192, "large": 960}  # pixels: a cell of the grid at twice its size; a frame
_QUALITY = 80
_KEPT_BYTES = 1_000_000_000  # some 100,000 small ones and 1,000 large ones
# Decoding is this machine's own work, and beside two of them it can still do something else.
_DECODING = threading.BoundedSemaphore(max(2, (os.cpu_count() or 2) - 1))


class Thumbnails:
    def __init__(self, bucket: Bucket, folder: Path) -> None:
        self._bucket, self._folder = bucket, folder

    def get(self, key: str, etag: str, size: str) -> bytes:
        """Raises Gone where the picture has not this ETag any more, PictureError where it cannot be
        opened.
        """
        name = hashlib.sha256(f"{key}\n{etag}\n{size}".encode()).hexdigest()
        file = self._folder / name[:2] / f"{name}.jpg"
        try:
            return file.read_bytes()
        except FileNotFoundError:
            made = self._made(key, etag, SIDES[size])
        keep(file, made)
        return made

    def _made(self, key: str, etag: str, side: int) -> bytes:
        data = self._bucket.read(key, etag)
        with _DECODING:
            image = open_picture(data, at_least=side)
            image.thumbnail((side, side))
            file = io.BytesIO()
            image.save(file, "JPEG", quality=_QUALITY)
        return file.getvalue()

    def tidy(self) -> None:
        """What was not looked at for longest makes room."""
        files = [(file.stat(), file) for file in self._folder.glob("*/*") if file.is_file()]
        room = _KEPT_BYTES
        for stat, file in sorted(files, key=lambda each: -each[0].st_mtime):
            room -= stat.st_size
            if room < 0:
                file.unlink(missing_ok=True)
