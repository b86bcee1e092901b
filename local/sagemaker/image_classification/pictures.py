"""Which pictures does a `.lst` file list, and what does the algorithm see in them?"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from local.sagemaker.image_classification.contract import Refused, Wanted

_ENDINGS = (".jpg", ".jpeg", ".png")
_FORMATS = ("JPEG", "PNG")


class Listed(NamedTuple):
    path: Path
    label: int


def listed(data: Path, name: str, classes: int) -> list[Listed]:
    """What the channel `<name>_lst` lists, in the channel `<name>`."""
    files = sorted((data / f"{name}_lst").glob("**/*.lst"))
    if len(files) != 1:
        raise Refused(f"the channel {name}_lst holds {len(files)} .lst files; it must hold one")
    found, seen = [], set()
    for number, line in enumerate(files[0].read_text("utf-8").splitlines(), 1):
        where = f"line {number} of {files[0].name}"
        parts = line.split("\t")
        if len(parts) != 3 or not parts[0].isdigit():
            raise Refused(f"{where} is not index, class and path with tabs between them")
        if parts[0] in seen:
            raise Refused(f"{where} repeats the index {parts[0]}")
        seen.add(parts[0])
        found.append(Listed(_path(data / name, parts[2], where), _class(parts[1], classes, where)))
    return found


def _class(text: str, classes: int, where: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not number.is_integer() or not 0 <= number < classes:
        raise Refused(f"{where} has the class {text!r}; classes are 0 to {classes - 1}")
    return int(number)


def _path(folder: Path, relative: str, where: str) -> Path:
    path = folder / relative
    if not relative.lower().endswith(_ENDINGS):
        raise Refused(f"{where} names {relative}; only .jpg and .png files are read")
    if not path.is_file():
        raise Refused(f"{where} names {relative}, which the channel {folder.name} does not hold")
    return path


def batches(rows: list[Listed], wanted: Wanted, size: int = 8) -> Iterator[np.ndarray]:
    """float32 [pictures, 3, side, side] of pixels from 0 to 255."""
    for start in range(0, len(rows), size):
        yield np.stack([_seen(row.path, wanted) for row in rows[start : start + size]])


def _seen(path: Path, wanted: Wanted) -> np.ndarray:
    """Its shortest side becomes `resize`, and its middle is cut out."""
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError) as damage:
        raise Refused(f"{path.name} is no JPEG or PNG: {damage}") from damage
    if min(picture.size) < wanted.side:
        raise Refused(
            f"{path.name} has {picture.width} x {picture.height} pixels, which is less than the"
            f" image_shape of {wanted.side}"
        )
    scale = wanted.resize / min(picture.size)
    width, height = (round(side * scale) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - wanted.side) // 2, (height - wanted.side) // 2
    cut = picture.crop((left, top, left + wanted.side, top + wanted.side))
    return np.asarray(cut, np.float32).transpose(2, 0, 1)
