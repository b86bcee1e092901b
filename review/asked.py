"""What did the browser ask for? A request's JSON and its words, refused with a sentence where they
are not what they must be.
"""

import json
from typing import Any

from starlette.requests import Request

from lensloop.wire.errors import LensloopError
from lensloop.wire.names import IMAGES_PREFIX, REVIEW_PREFIX
from lensloop.wire.reading import Reader

MOST_BYTES = 8_000_000  # a selection of 50,000 pictures


class NotUnderstood(LensloopError):
    """What was asked for is nothing that the page asks for."""


async def body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise NotUnderstood("That is too much at once.")
        parts.append(part)
    return b"".join(parts)


async def content(request: Request) -> Reader:
    try:
        return Reader(json.loads(await body(request, MOST_BYTES) or b"{}"))
    except ValueError as error:
        raise NotUnderstood("That is no JSON.") from error


def texts(top: Reader, name: str) -> list[str]:
    """A list of texts, which may be empty or missing."""
    found = top.value(name, _are_texts, "a list of texts", []) if top.has(name) else []
    return list(found)


def any_text(top: Reader, name: str, default: str) -> str:
    """One that may be empty, or missing."""
    if not top.has(name):
        return default
    return str(top.value(name, lambda value: isinstance(value, str), "a text", default))


def flag(top: Reader, name: str) -> bool:
    return bool(top.value(name, lambda value: isinstance(value, bool), "true or false"))


def check(top: Reader) -> None:
    top.check(NotUnderstood, "The page asked wrongly")


def picture_key(request: Request) -> str:
    """Of a picture that the page may show: nothing else in the bucket comes out here."""
    key = request.query_params.get("key", "")
    check_picture(key)
    return key


def check_picture(key: str) -> None:
    if not key.startswith((IMAGES_PREFIX, REVIEW_PREFIX)):
        raise NotUnderstood(f"{key!r} is no picture of this page.")


def number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotUnderstood(f"`{name}` must be a whole number.")
    return min(int(text), most)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
