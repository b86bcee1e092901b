"""Which files are in an archive of this machine? Read in place: nothing is ever unpacked."""

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from importers import tar_file, zip_file
from importers.source import Asked, Found, Origin, Source, SourceError

_UNPACK = "Unpack it with the program that made it, and import the folder."
# What an archive begins with, whatever its name says.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_STREAMS: dict[bytes, Callable[[Path], IO[bytes]]] = {
    b"\x1f\x8b": lambda file: cast(IO[bytes], gzip.open(file)),  # noqa: SIM115  its caller does
    b"BZh": lambda file: bz2.open(file),  # noqa: SIM115
    b"\xfd7zXZ\0": lambda file: lzma.open(file),  # noqa: SIM115
}
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x1f\x9d": "compress",
    b"MSCF": "CAB",
}
_TAR, _TAR_AT = b"ustar", 257
_HEAD = 512
_VERSION = 16  # digits of an archive's own hash that tell its version
# What an archive is called; how it is read, its first bytes say.
ENDINGS = (
    *(".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz"),
    *(".7z", ".rar", ".tar.zst", ".tzst"),
)


class Archive(NamedTuple):
    file: Path
    origin: Origin
    walk: Callable[[Path], Iterator[Found]]

    def found(self) -> Iterator[Found]:
        return self.walk(self.file)


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    file = Path(asked.address).expanduser()
    made = archive(file, Origin(asked.address))
    asked.say(f"Reading {file.name} …")
    yield made._replace(origin=made.origin._replace(version=version_of(file)))


def archive(file: Path, origin: Origin) -> Archive:
    """For a source that has fetched one as well. Its first bytes say what it is."""
    try:
        with file.open("rb") as opened_file:
            head = opened_file.read(_HEAD)
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}.") from error
    return Archive(file, origin, _walk(file, head))


def version_of(file: Path) -> str:
    """An archive that says no version is told by what is in it."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:_VERSION]


def is_archive(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _walk(file: Path, head: bytes) -> Callable[[Path], Iterator[Found]]:
    if head.startswith(_ZIP):
        return zip_file.walk
    if _is_tar(head):
        return _tar
    for magic, stream in _STREAMS.items():
        if head.startswith(magic):
            return _compressed(file, stream)
    raise SourceError(_neither(file, head))


def _compressed(
    file: Path, stream: Callable[[Path], IO[bytes]]
) -> Callable[[Path], Iterator[Found]]:
    try:
        with stream(file) as unpacked:
            head = unpacked.read(_HEAD)
    except tar_file.DAMAGE as damage:
        raise SourceError(tar_file.damaged(file, damage)) from damage
    if not _is_tar(head):
        raise SourceError(
            f"{file} is one compressed file and no archive of several. Unpack it first."
        )

    def walk(name: Path) -> Iterator[Found]:
        with stream(name) as unpacked:
            yield from tar_file.walk(name, unpacked)

    return walk


def _tar(file: Path) -> Iterator[Found]:
    with file.open("rb") as plain:
        yield from tar_file.walk(file, plain)


def _is_tar(head: bytes) -> bool:
    """Old ones have no mark, but their header's sum is right."""
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return True
    return len(head) == _HEAD and any(head) and tar_file.is_header(head)


def _neither(file: Path, head: bytes) -> str:
    if not head:
        return f"{file} is empty. Download it again."
    for magic, kind in _OTHERS.items():
        if head.startswith(magic):
            return f"{file} is a {kind} archive, which is not read. {_UNPACK}"
    if head.lstrip()[:1] == b"<":
        return (
            f"{file} is a web page and no archive, whatever its name says. Download it in a"
            " browser, where a page may ask something first."
        )
    return f"{file} is no zip and no tar archive, whatever its name says."
