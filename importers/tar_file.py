"""Which files are in a tar? Read once from its beginning to its end, for what is compressed has no
other way.
"""

import tarfile
import zlib
from collections.abc import Iterator
from functools import partial
from lzma import LZMAError
from pathlib import Path
from typing import IO

from importers import members
from importers.source import CannotRead, Found, SourceError

DAMAGE = (tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError, OverflowError)
# At once: a picture has at most 25 MB, but a header may say that it has gigabytes.
_MOST_AT_ONCE = 128 * 1024**2
_PART = 1 << 20


def walk(file: Path, unpacked: IO[bytes]) -> Iterator[Found]:
    guarded = _Guarded(file, unpacked)
    try:
        with tarfile.open(fileobj=guarded, mode="r:") as archive:  # type: ignore[call-overload]
            count = 0
            while (member := archive.next()) is not None:
                archive.members.clear()  # it remembers all otherwise
                count += 1
                members.check(str(file), count, 0, 0)
                if not member.isdir():
                    yield _found(file, archive, member)
            guarded.check_end()
    except DAMAGE as damage:
        raise SourceError(damaged(file, damage)) from damage


def damaged(file: Path, damage: Exception) -> str:
    return f"{file} is damaged or incomplete: {damage}. Download it again."


def is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _found(file: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Found:
    path = members.plain(member.name)
    problem = members.name_problem(path) or _problem(member)
    return Found(path, member.size, partial(_read, file, archive, member), problem=problem)


def _problem(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return members.LINK
    if not member.isreg() or member.issparse():
        return members.SPECIAL
    return ""


def _read(file: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    try:
        opened = archive.extractfile(member)
        if opened is None:
            raise CannotRead(members.SPECIAL)
        with opened:
            return opened.read()
    except DAMAGE as damage:  # of the whole stream: nothing behind it can be read
        raise SourceError(damaged(file, damage)) from damage


class _Guarded:
    """A stream that says no before memory or patience ends: tarfile reads whatever a header tells
    it to.
    """

    def __init__(self, file: Path, unpacked: IO[bytes]) -> None:
        self._file, self._unpacked = file, unpacked
        self._packed = file.stat().st_size
        self._last = b""

    def read(self, size: int) -> bytes:
        if size > _MOST_AT_ONCE:
            raise SourceError(
                f"{self._file} has a header of {size / 1e6:,.0f} MB, which no honest archive has."
                " Nothing is taken from it."
            )
        self._check(self.tell() + size)
        self._last = self._unpacked.read(size)
        return self._last

    def seek(self, place: int) -> int:
        """Forwards, in parts: a member that is passed over is unpacked as well."""
        while place - self.tell() > _PART:
            self._check(self.tell())
            if not self._unpacked.read(_PART):
                break
        return self._unpacked.seek(place)

    def tell(self) -> int:
        return self._unpacked.tell()

    def close(self) -> None:
        self._unpacked.close()

    def check_end(self) -> None:
        """Every tar ends with empty blocks, which tarfile does not miss; and only at its end does a
        compressed stream say whether it is whole.
        """
        if any(self._last) or len(self._last) < tarfile.BLOCKSIZE:
            raise EOFError("it ends too early")
        while self._unpacked.read(_PART):
            self._check(self.tell())

    def _check(self, place: int) -> None:
        members.check(str(self._file), 0, place, self._packed)
