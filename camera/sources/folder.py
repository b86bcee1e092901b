"""Which pictures lie in a folder? Read in order; a loop sees those that come later as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, List

from camera.frames import Frame, Frames, SourceError, Wait
from camera.model import Model
from lensloop.wire.errors import PictureError
from lensloop.wire.formats import ENDINGS, READ
from lensloop.wire.picture import open_picture
from lensloop.wire.prediction import Prediction

# An empty folder is looked at again after this long: soon for a person, rarely for a slow disk.
LOOK_AGAIN_SECONDS = 1.0


def frames(folder: Path, loop: bool) -> Frames:
    if not loop and not _pictures(folder):
        raise SourceError(f"There is no {READ} picture in {folder}.")
    return _walk(folder, loop)


def _walk(folder: Path, loop: bool) -> Frames:
    while True:
        found = _pictures(folder)
        for path in found:
            yield _frame(path.relative_to(folder).as_posix(), path)
        if not loop:
            return
        if not found:
            yield Wait(f"there is no {READ} picture in {folder} now", LOOK_AGAIN_SECONDS)


def _pictures(folder: Path) -> List[Path]:
    return list(_seen(folder))


def _seen(folder: Path) -> Iterator[Path]:
    try:
        paths = sorted(folder.rglob("*"))
    except OSError:  # it is taken away, or a disk of the network is
        return
    for path in paths:
        if path.suffix.lower() in ENDINGS and path.is_file():
            yield path


def _frame(name: str, path: Path) -> Frame:
    return Frame(name, _reader(path), picture=_shower(path))


def _reader(path: Path) -> Callable[[Model], Prediction]:
    return lambda model: model.predict_file(_data(path))


def _shower(path: Path) -> Callable[[], Any]:
    return lambda: open_picture(_data(path), 640)


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path.name} cannot be read: {error}") from error
