"""Which pieces of which pictures have which label? COCO annotations: boxes, or whole pictures.

TACO and its kind: ids from 0, names such as `Rope & strings`, boxes in pixels of the picture as it
lies in the file or as it is shown, pictures that are only named by an address on the web.
"""

import json
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lensloop.wire.errors import LensloopError

# Around a box: what a camera sees of a thing has some of its surroundings.
_MARGIN = 0.1
# Pixels: less of a thing shows nothing that could be learned at 224 pixels.
_LEAST_SIDE = 32

SMALL = f"The thing has fewer than {_LEAST_SIDE} pixels on a side in this picture."
NO_BOX = "Its annotation has no box that lies in the picture."
NO_CATEGORY = "Its annotation has a category that the file does not name."
UNANNOTATED = "No annotation is on it."
OUTSIDE = "Its name leads out of the folder of the annotations."

Box = tuple[float, float, float, float]  # left, top, width, height


class AnnotationsError(LensloopError):
    """The file holds no COCO annotations; the message says what it lacks."""


class Piece(NamedTuple):
    """Of a picture. Without a `box` it is the whole of it. `size`: in pixels, as the file says, or
    zeros."""

    file: str
    number: int  # of the annotation; tells several pieces of a picture apart
    label: str
    box: Box | None
    size: tuple[int, int]
    problem: str = ""


def read(content: bytes, whole: bool = False) -> list[Piece]:
    """`whole`: pictures as they are, where all annotations agree. In the order of the files. Raises
    AnnotationsError."""
    top = _parsed(content)
    names = {_key(one.get("id")): str(one.get("name", "")) for one in _objects(top, "categories")}
    on: defaultdict[object, list[Mapping[str, Any]]] = defaultdict(list)
    for one in _objects(top, "annotations"):
        on[_key(one.get("image_id"))].append(one)
    pieces: list[Piece] = []
    for image in sorted(_objects(top, "images"), key=lambda one: str(one.get("file_name", ""))):
        made = _whole if whole else _boxes
        pieces += made(_base(image), on.get(_key(image.get("id")), []), names)
    if not pieces:
        raise AnnotationsError("The annotations name no picture.")
    return pieces


def place(piece: Piece, size: tuple[int, int], orientation: int) -> tuple[int, int, int, int] | str:
    """The corners to cut out of the upright picture of this `size`; or why there is nothing to cut.

    `orientation` (EXIF's) is how the file is turned to be upright: boxes of a picture whose stated
    size is the other way round are in pixels of the file.
    """
    assert piece.box is not None
    box, wide, high = piece.box, *size
    if piece.size not in ((0, 0), size):
        if piece.size != (high, wide) or orientation not in _TURNED:
            return (
                f"The annotations are of a picture of {piece.size[0]} × {piece.size[1]} pixels, and"
                f" the file has {wide} × {high}."
            )
        box = _upright(box, piece.size, orientation)
    x, y, w, h = box
    left, top = max(0.0, x), max(0.0, y)
    right, bottom = min(float(wide), x + w), min(float(high), y + h)
    if right <= left or bottom <= top:
        return NO_BOX
    if min(right - left, bottom - top) < _LEAST_SIDE:
        return SMALL
    more_x, more_y = _MARGIN * (right - left), _MARGIN * (bottom - top)
    return (
        int(max(0, left - more_x)),
        int(max(0, top - more_y)),
        int(min(wide, right + more_x)),
        int(min(high, bottom + more_y)),
    )


_TURNED = frozenset((5, 6, 7, 8))


def _upright(box: Box, raw: tuple[int, int], orientation: int) -> Box:
    """EXIF: 5 mirrors at the main diagonal, 6 turns right, 7 mirrors at the other, 8 turns left."""
    x, y, w, h = box
    wide, high = raw
    left = y if orientation in (5, 8) else high - y - h
    top = x if orientation in (5, 6) else wide - x - w
    return left, top, h, w


def _base(image: Mapping[str, Any]) -> Piece:
    file = str(image.get("file_name", "")).replace("\\", "/")
    size = tuple(value if isinstance(value, int) else 0 for value in _pair(image))
    plain = posixpath.normpath(file) if file else ""
    inside = plain and not plain.startswith(("/", "../")) and plain not in (".", "..")
    problem = "" if inside and ":" not in plain[:2] and "\0" not in plain else OUTSIDE
    return Piece(plain or "?", 0, "", None, (size[0], size[1]), problem)


def _pair(image: Mapping[str, Any]) -> tuple[Any, Any]:
    return image.get("width"), image.get("height")


def _boxes(
    base: Piece, on: Iterable[Mapping[str, Any]], names: Mapping[object, str]
) -> list[Piece]:
    found = []
    for number, one in enumerate(on, 1):
        label, box = names.get(_key(one.get("category_id")), ""), _box(one.get("bbox"))
        problem = base.problem or ("" if label else NO_CATEGORY) or ("" if box else NO_BOX)
        found.append(base._replace(number=number, label=label, box=box, problem=problem))
    return found or [base._replace(problem=base.problem or UNANNOTATED)]


def _whole(
    base: Piece, on: Iterable[Mapping[str, Any]], names: Mapping[object, str]
) -> list[Piece]:
    labels = sorted({names.get(_key(one.get("category_id")), "") for one in on})
    problem = base.problem
    if not labels:
        problem = problem or UNANNOTATED
    elif "" in labels:
        problem = problem or NO_CATEGORY
    elif len(labels) > 1:
        problem = problem or f"It shows several things ({', '.join(labels)}): cut them out instead."
    return [base._replace(label="" if problem else labels[0], problem=problem)]


def _box(said: Any) -> Box | None:
    if not isinstance(said, list) or len(said) != 4:
        return None
    if not all(_is_number(value) for value in said):
        return None
    x, y, w, h = map(float, said)
    return (x, y, w, h) if w > 0 and h > 0 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6


def _key(value: Any) -> object:
    """Ids are numbers or text, and some tools write one as the other."""
    return str(value)


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        top = json.loads(content, object_pairs_hook=_without_outlines)
    except (ValueError, RecursionError) as error:
        raise AnnotationsError("The annotations are not JSON.") from error
    lacks = [part for part in _PARTS if not isinstance(top, dict) or not _are(top.get(part))]
    if lacks:
        raise AnnotationsError(f"These are no COCO annotations: they lack {', '.join(lacks)}.")
    found: Mapping[str, Any] = top
    return found


def _without_outlines(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Most of such a file are outlines of things, which nobody here asks for: they would lie in
    memory as five times the file."""
    return {name: value for name, value in pairs if name not in _OUTLINES}


_OUTLINES = frozenset(("segmentation", "keypoints"))
_PARTS = ("images", "annotations", "categories")


def _are(part: Any) -> bool:
    return isinstance(part, list)


def _objects(top: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
    return [one for one in top[part] if isinstance(one, dict)]
