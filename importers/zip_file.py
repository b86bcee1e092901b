"""Which files are in a zip?"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from importers import members
from importers.source import CannotRead, Found, SourceError

_ENCRYPTED, _UTF8 = 0x1, 0x800  # flags of a member
_UNIX = 16  # bits: where the file's mode is in the attributes
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error),
    *(RuntimeError, NotImplementedError, OverflowError),
)
# The list of members is read whole: twice what 300,000 of them with long names need.
_MOST_LIST = 64 * 1024**2
_END, _END64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
_END_MARK, _END64_MARK = b"PK\x05\x06", b"PK\x06\x06"
_COMMENT = 1 << 16  # at most, behind the end


def walk(file: Path) -> Iterator[Found]:
    """In the order in which they lie there."""
    try:
        with file.open("rb") as opened:
            _check_list(file, opened)
            with zipfile.ZipFile(opened) as archive:
                listed = archive.infolist()
                unpacked = sum(member.file_size for member in listed)
                members.check(str(file), len(listed), unpacked, file.stat().st_size)
                listed.sort(key=lambda member: member.header_offset)
                for member in listed:
                    if not member.is_dir():
                        yield _found(archive, member)
    except _DAMAGE as damage:
        raise SourceError(
            f"{file} is damaged or incomplete: {damage}. Download it again."
        ) from damage


def _check_list(file: Path, opened: IO[bytes]) -> None:
    """Before it is read, as zipfile believes whatever it says of itself."""
    size = opened.seek(0, 2)
    opened.seek(max(0, size - _COMMENT - _END.size))
    tail = opened.read()
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        return  # zipfile says so
    length = _END.unpack_from(tail, at)[5]
    at64 = tail.rfind(_END64_MARK, 0, at)
    if at64 >= 0 and at - at64 >= _END64.size:
        length = max(length if length != 0xFFFFFFFF else 0, _END64.unpack_from(tail, at64)[8])
    if length > _MOST_LIST:
        members.check(str(file), members.MOST + 1, 0, size)


def _found(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Found:
    path = members.plain(_name(member))
    return Found(
        path,
        member.file_size,
        partial(_read, archive, member),
        problem=members.name_problem(path) or _problem(member),
    )


def _name(member: zipfile.ZipInfo) -> str:
    """Macs write UTF-8 without saying so."""
    name = member.orig_filename
    if member.flag_bits & _UTF8 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _problem(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & _ENCRYPTED:
        return members.ENCRYPTED
    mode = member.external_attr >> _UNIX
    if stat.S_ISLNK(mode):
        return members.LINK
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return members.SPECIAL
    return ""


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Never more than it says of itself, which was looked at before."""
    try:
        with archive.open(member) as opened:
            return opened.read()
    except NotImplementedError as error:
        raise CannotRead(
            "It is compressed in a way that is not read (Deflate64, perhaps). Unpack the archive,"
            " and import the folder."
        ) from error
    except _DAMAGE as damage:
        raise CannotRead(f"It is damaged in the archive ({damage}).") from damage
