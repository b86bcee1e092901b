"""Where is what was fetched for the plan, when the plan is carried out? On this disk: each object
is fetched once, also where a command was stopped and starts again.

A folder for each address, gone when its import has ended; what others have left goes after some
days, and the oldest before that where there is too much of it.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

_FOLDER = "objects"
_DAYS = 3  # between a plan and its import, or between two tries
_DAY = 86_400.0  # seconds
MOST_BYTES = 4_000_000_000  # of one address; what is beyond is fetched twice
_SPARE = 1024**3  # bytes of the disk, for everything else
_LOOKS_EACH = 64  # objects between two looks at the disk's room


class Kept:
    """Objects of one source, each with the ETag under which it was fetched. A disk that takes no
    more costs a second fetch, and never an import."""

    def __init__(self, cache: Path, address: str) -> None:
        self._folder = _folder_of(cache, address)
        self._bytes = _size(self._folder)
        self._most, self._kept = 0, 0
        self._lock = threading.Lock()
        self._fresh: dict[tuple[str, str], str] = {}

    def etag(self, bucket: str, key: str) -> str:
        """Of what is kept; empty when nothing is."""
        return self._read(bucket, key)[0]

    def get(self, bucket: str, key: str, etag: str = "") -> bytes | None:
        """`etag`: of what lies there now; without one, only what this process fetched counts."""
        wanted = etag or self._fresh.get((bucket, key), "")
        kept, content = self._read(bucket, key) if wanted else ("", b"")
        return content if kept and kept == wanted else None

    def confirmed(self, bucket: str, key: str) -> bytes | None:
        """S3 says that what is kept is what lies there."""
        etag, content = self._read(bucket, key)
        if etag:
            self._fresh[bucket, key] = etag
        return content if etag else None

    def put(self, bucket: str, key: str, etag: str, content: bytes) -> None:
        if not (etag and self._has_room(len(content))):
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Of two processes that fetch the same, each writes a file of its own.
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                try:
                    file.write(f"{etag}\n".encode() + content)
                    file.flush()
                    os.replace(file.name, self._file(bucket, key))
                except OSError:
                    os.unlink(file.name)
                    raise
            self._fresh[bucket, key] = etag

    def _has_room(self, size: int) -> bool:
        with self._lock:
            if self._kept % _LOOKS_EACH == 0:
                above = next(one for one in (self._folder, *self._folder.parents) if one.exists())
                self._most = self._bytes + shutil.disk_usage(above).free - _SPARE
            self._kept += 1
            fits = self._bytes + size <= min(MOST_BYTES, self._most)
            self._bytes += size if fits else 0
            return fits

    def _read(self, bucket: str, key: str) -> tuple[str, bytes]:
        try:
            etag, _, content = self._file(bucket, key).read_bytes().partition(b"\n")
        except OSError:
            return "", b""
        return etag.decode("latin-1"), content

    def _file(self, bucket: str, key: str) -> Path:
        return self._folder / hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()


def forget(cache: Path, address: str) -> None:
    """Once its pictures have come."""
    shutil.rmtree(_folder_of(cache, address), ignore_errors=True)


def tidy(cache: Path) -> None:
    """Takes away what nobody comes back to any more, and the oldest of too much."""
    folders = [folder for folder in _files(cache / _FOLDER) if folder.is_dir()]
    together = 0
    for folder in sorted(folders, key=_last_used, reverse=True):
        together += _size(folder)
        if together > MOST_BYTES or time.time() - _last_used(folder) > _DAYS * _DAY:
            shutil.rmtree(folder, ignore_errors=True)


def _folder_of(cache: Path, address: str) -> Path:
    return cache / _FOLDER / hashlib.sha256(address.encode()).hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _size(folder: Path) -> int:
    """In bytes. Another process may take files away meanwhile."""
    together = 0
    for file in _files(folder):
        with contextlib.suppress(OSError):
            together += file.stat().st_size
    return together


def _last_used(folder: Path) -> float:
    """Whenever something was put there."""
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
