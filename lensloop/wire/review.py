"""How does a camera hand a frame to a person? It asks for two addresses, and puts the picture and
its answer there: no address lets it write anything else, anywhere else, or twice.

deeplens/<thing>/review/get   camera → cloud   which frame, how large, and its hashes
deeplens/<thing>/review/put   cloud → camera   where to put it

Python 3.7 syntax: cameras run this.
"""

from __future__ import annotations

import base64
import re
from typing import Any, Dict, NamedTuple

from lensloop.wire import names
from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import Reader
from lensloop.wire.uncertain import MOST_BYTES

FORMAT = 1
NAME = re.compile(r"[a-z0-9-]{1,80}")
PICTURE, ANSWER = ".jpg", ".json"
TYPES = {PICTURE: "image/jpeg", ANSWER: "application/json"}
MOST_ANSWER_BYTES = 64 * 1024  # a thousand labels


class ReviewError(LensloopError):
    """A message about a frame cannot be read."""


class File(NamedTuple):
    size: int
    sha256: str


class Wish(NamedTuple):
    """A frame that a camera wants to hand over."""

    name: str
    picture: File
    answer: File

    def content(self) -> Dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "picture": self.picture._asdict(),
            "answer": self.answer._asdict(),
        }


class Links(NamedTuple):
    """The addresses for a wish."""

    name: str
    picture: str
    answer: str

    def content(self) -> Dict[str, Any]:
        return {"format": FORMAT, **self._asdict()}


def key(thing: str, name: str, ending: str) -> str:
    """Where a camera's frame lies in the bucket."""
    return f"{names.REVIEW_PREFIX}{thing}/{name}{ending}"


def headers(file: File, ending: str) -> Dict[str, str]:
    """What an upload says of itself, and its address insists on. It takes no other's place."""
    return {
        "Content-Type": TYPES[ending],
        "Content-Length": str(file.size),
        "If-None-Match": "*",
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(file.sha256)).decode("ascii"),
    }


def read_wish(content: Any) -> Wish:
    """Raises ReviewError with every mistake."""
    top = Reader(content)
    top.expect_format(FORMAT)
    wish = Wish(
        top.matching("name", NAME, "small letters, digits and -"),
        _file(top.part("picture"), MOST_BYTES),
        _file(top.part("answer"), MOST_ANSWER_BYTES),
    )
    top.check(ReviewError, "A camera's wish cannot be read")
    return wish


def read_links(content: Any) -> Links:
    """Raises ReviewError with every mistake."""
    top = Reader(content)
    top.expect_format(FORMAT)
    name = top.matching("name", NAME, "small letters, digits and -")
    links = Links(name, top.text("picture"), top.text("answer"))
    top.check(ReviewError, "The cloud's answer about a frame cannot be read")
    return links


def _file(part: Reader, most: int) -> File:
    return File(part.whole("size", 1, most), part.sha256("sha256"))
