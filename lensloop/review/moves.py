"""Where do pictures go that a person moves to another label, or sets aside? Planned before anything
is touched, so that whoever is killed half-way is finished by the next who reads the plan.
"""

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from lensloop.dataset.labels import composed
from lensloop.review.naming import free_name
from lensloop.review.places import SET_ASIDE
from lensloop.wire.errors import LensloopError
from lensloop.wire.names import IMAGES_PREFIX
from lensloop.wire.reading import Reader

FORMAT = 1
Taken = Callable[[str], bool]  # whether there is an object of that key


class MoveError(LensloopError):
    """Nothing that can be moved, or a plan that cannot be read."""


class Move(NamedTuple):
    source: str
    etag: str
    target: str


class Place(NamedTuple):
    """A picture's label and its name below; `aside` where it was taken out of that label."""

    label: str
    file: str
    aside: bool = False

    @property
    def key(self) -> str:
        return f"{SET_ASIDE if self.aside else IMAGES_PREFIX}{self.label}/{self.file}"


def place_of(key: str) -> Place | None:
    """None: no picture that may be moved."""
    aside = key.startswith(SET_ASIDE)
    prefix = SET_ASIDE if aside else IMAGES_PREFIX
    label, _, file = key.removeprefix(prefix).partition("/")
    if not key.startswith(prefix) or not label or not file or file.endswith("/"):
        return None
    return Place(composed(label), file, aside)


def to_label(label: str, pictures: Iterable[tuple[str, str]], is_taken: Taken) -> list[Move]:
    """`pictures`: (key, ETag). `is_taken`: no picture takes another's place."""
    return _plan(pictures, is_taken, lambda place: Place(label, place.file))


def set_aside(pictures: Iterable[tuple[str, str]], is_taken: Taken) -> list[Move]:
    """Out of what trains, and kept: nothing of a person's is deleted here."""
    return _plan(pictures, is_taken, lambda place: Place(place.label, place.file, True))


def back(done: Iterable[Move], is_taken: Taken) -> list[Move]:
    """Beside what has taken a picture's old place meanwhile."""
    for each in done:
        if place_of(each.source) is None or place_of(each.target) is None:
            raise MoveError(f"{each.source} was no move of a picture, so nothing was moved.")
    return [Move(each.target, each.etag, free_name(each.source, is_taken)) for each in done]


def _plan(
    pictures: Iterable[tuple[str, str]],
    is_taken: Taken,
    wanted: Callable[[Place], Place],
) -> list[Move]:
    found: list[Move] = []
    planned = set[str]()
    for key, etag in pictures:
        place = place_of(key)
        if place is None:
            raise MoveError(f"{key} is no picture under a label, so nothing was moved.")
        target = wanted(place)
        if target != place:
            free = free_name(target.key, lambda name: is_taken(name) or name in planned)
            planned.add(free)
            found.append(Move(key, etag, free))
    return found


def to_json(moves: Iterable[Move]) -> bytes:
    content = {"format": FORMAT, "moves": [move._asdict() for move in moves]}
    return json.dumps(content, ensure_ascii=False).encode()


def read(body: bytes) -> list[Move]:
    try:
        top = Reader(json.loads(body))
    except ValueError as error:
        raise MoveError(f"The plan of a move is not JSON: {error}.") from error
    top.expect_format(FORMAT)
    found = []
    for each in top.parts("moves"):
        found.append(Move(each.text("source"), each.text("etag"), each.text("target")))
    top.check(MoveError, "The plan of a move cannot be read")
    return found
