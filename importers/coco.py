"""Which things are on which pictures of this machine? `coco:annotations.json`: each box is cut out
and becomes a picture; with `--whole`, pictures with things of one kind are taken as they are.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from importers.source import Asked, CannotRead, Found, Origin, Source, SourceError
from lensloop.importing import coco
from lensloop.importing.coco import AnnotationsError, Piece
from lensloop.wire.errors import PictureError
from lensloop.wire.metadata import without_metadata
from lensloop.wire.picture import open_picture

BEGINS = "coco:"
_MOST_BYTES = 1024**3  # of annotations; those of the largest public set have half of it
_QUALITY = 95  # of the JPEG: what it loses is less than what resizing does
_GONE = (
    "The picture is not beside the annotations. Where the set names addresses on the web, its own"
    " program fetches the pictures (TACO: `python3 download.py`)."
)


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    file = Path(asked.address.removeprefix(BEGINS)).expanduser()
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise SourceError(f"{file} is too large for annotations.")
        pieces = coco.read(file.read_bytes(), asked.whole)
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}.") from error
    except AnnotationsError as error:
        raise SourceError(f"{file}: {error}") from error
    yield Annotations(file.parent, pieces, Origin(asked.address))


@dataclass(frozen=True)
class Annotations:
    root: Path
    pieces: list[Piece]
    origin: Origin

    def found(self) -> Iterator[Found]:
        """All pieces of a picture one after the other, so that it is decoded once."""
        for name, pieces in groupby(self.pieces, lambda piece: piece.file):
            opened_picture = _Picture(self.root / name)
            for piece in pieces:
                yield self._found(piece, opened_picture)

    def _found(self, piece: Piece, opened_picture: "_Picture") -> Found:
        if piece.problem:
            return Found(_path(piece), 0, opened_picture.content, problem=piece.problem)
        if not opened_picture.file.is_file():
            return Found(_path(piece), 0, opened_picture.content, problem=_GONE)
        read = partial(opened_picture.cut, piece) if piece.box else opened_picture.content
        return Found(_path(piece), 0, read, piece.label)


@dataclass
class _Picture:
    file: Path
    _content: bytes = b""
    _image: Any = field(default=None)

    def content(self) -> bytes:
        try:
            self._content = self._content or self.file.read_bytes()
        except OSError as error:
            raise CannotRead(f"It cannot be read: {error.strerror}.") from error
        return self._content

    def cut(self, piece: Piece) -> bytes:
        try:
            if self._image is None:
                self._image = open_picture(self.content())
            turned = without_metadata(self.content()).orientation
        except PictureError as error:
            raise CannotRead(str(error)) from error
        corners = coco.place(piece, self._image.size, turned)
        if isinstance(corners, str):
            raise CannotRead(corners)
        made = io.BytesIO()
        self._image.crop(corners).save(made, "JPEG", quality=_QUALITY)
        return made.getvalue()


def _path(piece: Piece) -> str:
    """`batch_1/000006-2.jpg`, as if the pieces lay beside their picture."""
    if piece.box is None:
        return piece.file
    path = PurePosixPath(piece.file)
    return str(path.with_name(f"{path.stem}-{piece.number}.jpg"))
