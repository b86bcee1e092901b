"""Which files are in a folder of this machine? `./path`."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from importers.source import Asked, CannotRead, Found, Origin, Source, SourceError

_LINK = "It is a link to a folder, and such links are not followed. Import that folder itself."
_SPECIAL = "It is no file but a pipe, a socket or a device."
_GONE = "It is a link to something that is not there."


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    root = Path(asked.address).expanduser()
    if not root.is_dir():
        raise SourceError(f"{root} is not there. Name a folder, an archive or another source.")
    yield Folder(root, Origin(str(root)))


@dataclass(frozen=True)
class Folder:
    root: Path
    origin: Origin

    def found(self) -> Iterator[Found]:
        """In the order of their names. Links to files are followed, for data sets are kept so."""
        for folder, below, files in os.walk(self.root, onerror=_cannot_list):
            below.sort()
            for name in sorted([*files, *_links(folder, below)]):
                yield self._found(Path(folder, name))

    def _found(self, file: Path) -> Found:
        path = file.relative_to(self.root).as_posix()
        try:
            seen = file.stat()
        except OSError:
            return Found(path, 0, _nothing, problem=_GONE)
        if stat.S_ISDIR(seen.st_mode):
            return Found(path, 0, _nothing, problem=_LINK)
        if not stat.S_ISREG(seen.st_mode):
            return Found(path, 0, _nothing, problem=_SPECIAL)
        return Found(path, seen.st_size, partial(_read, file))


def _links(folder: str, below: list[str]) -> list[str]:
    return [name for name in below if os.path.islink(os.path.join(folder, name))]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CannotRead(f"It cannot be read: {error.strerror}.") from error


def _cannot_list(error: OSError) -> None:
    raise SourceError(f"{error.filename} cannot be looked into: {error.strerror}.") from error


def _nothing() -> bytes:
    raise CannotRead(_GONE)
