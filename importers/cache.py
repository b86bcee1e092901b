"""Which downloads stay on this disk? What nobody has used for a month goes, and of more than is
stated what was not used for longest; what a command reads at this moment stays.

A download is a folder: `<hash>/`, `github/<owner>/<name>/<commit>/` or `huggingface/<set>/`. Single
objects of S3 have a rule of their own (importers/kept.py).
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MOST_BYTES = 20_000_000_000  # of all downloads, before another one comes
DAYS = 30
_DAY = 86_400.0  # seconds
_MARK = ".used"  # its time says when; whoever reads the download holds it
_GONE = ".gone-"
_DOWNLOADS = ("[0-9a-f]" * 16, "github/*/*/*", "huggingface/datasets--*")


@contextlib.contextmanager
def used(cache: Path, folder: Path) -> Iterator[Path]:
    """`folder` of the cache, made if it is not there: nobody takes it away meanwhile. What is too
    old or too much beside it goes first."""
    with _held(folder):
        make_room(cache)
        yield folder


def make_room(cache: Path) -> None:
    for left in cache.glob(f"{_GONE}*"):  # whoever was killed in the midst of it
        shutil.rmtree(left, ignore_errors=True)
    downloads = [folder for pattern in _DOWNLOADS for folder in cache.glob(pattern)]
    together, now = 0, time.time()
    for folder in sorted(downloads, key=_last_used, reverse=True):
        own = size(folder)
        if together + own > MOST_BYTES or now - _last_used(folder) > DAYS * _DAY:
            own = 0 if _take_away(cache, folder) else own
        together += own


def _held(folder: Path) -> IO[str]:
    """An open file: as long as it is, nobody takes the folder away."""
    mark = folder / _MARK
    while True:
        # It may be taken away between any two of these lines.
        with contextlib.suppress(FileNotFoundError):
            _make(folder)
            held = mark.open("a")
            fcntl.flock(held, fcntl.LOCK_SH)
            # Whoever took the folder away while this waited has left a file without a name.
            if mark.exists() and os.path.samestat(mark.stat(), os.fstat(held.fileno())):
                os.utime(mark)
                return held
            held.close()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        if folder.is_file():
            raise


def _take_away(cache: Path, folder: Path) -> bool:
    """False where somebody reads it. It loses its name at once, and its files after that: whoever
    wants it meanwhile makes another."""
    try:
        with (folder / _MARK).open("a") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = folder.rename(cache / f"{_GONE}{secrets.token_hex(8)}")
    except OSError:
        return False
    shutil.rmtree(gone, ignore_errors=True)
    return True


def _last_used(folder: Path) -> float:
    for file in (folder / _MARK, folder):
        with contextlib.suppress(OSError):
            return file.stat().st_mtime
    return 0.0


def size(folder: Path) -> int:
    """In bytes. A link's is its own: Hugging Face's client links each file to its content."""
    together = 0
    for below, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                together += os.lstat(os.path.join(below, name)).st_size
    return together
