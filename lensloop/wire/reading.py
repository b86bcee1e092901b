"""Is a JSON document from elsewhere what it must be? Reads it field by field, and names every
mistake with its place.

    top = Reader(content)
    epoch, model = top.whole("epoch", low=1), top.part("model")
    size = model.whole("size")
    top.check(BadArtifact, "The manifest is wrong")   # … wrong: `epoch` is 0; it must be …

A field that is wrong becomes a mistake, and a harmless value of the right kind stands in for it
until `check`: so one reading finds all mistakes. What nobody asks for is passed over.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Callable, List, Mapping, Optional, Pattern, Tuple, Type

from lensloop.wire.errors import LensloopError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_WHOLE = 2**53  # beyond it, JSON readers that know only floats disagree
_MOST = 1e9  # no number in our documents is larger
_MOST_NAMED = 8  # mistakes in one sentence; a person mends these first
_MOST_SHOWN = 60  # characters of a value


def of_json(text: str, error: Type[LensloopError], what: str) -> Reader:
    """The object that the text holds. `what` it is, for the sentence of `error`, which is raised
    where it is no JSON.
    """
    try:
        return Reader(json.loads(text))
    except (ValueError, RecursionError) as problem:
        raise error(f"{what} is not JSON: {problem}") from problem


class Reader:
    """One object of the document. Its parts share its list of mistakes."""

    def __init__(self, content: Any, path: str = "", mistakes: Optional[List[str]] = None) -> None:
        self.path = path
        self.mistakes: List[str] = [] if mistakes is None else mistakes
        self._into = self.mistakes
        self._fields: Mapping[str, Any] = {}
        if isinstance(content, Mapping):
            self._fields = content
            return
        where = f"`{path}`" if path else "the whole"
        self.mistake(f"{where} is {shown(content)}; it must be an object")
        self._into = []  # that its fields are missing too need not be named

    def expect_format(self, number: int) -> None:
        """In another format the fields mean something else, so nothing more is found wrong."""
        found = self._fields.get("format")
        if found != number:
            self.mistake(f"`{self.at('format')}` is {shown(found)}; this version reads {number}")
            self._into = []

    def names(self) -> List[str]:
        return list(self._fields)

    def has(self, name: str) -> bool:
        """JSON's null counts as not there."""
        return self._fields.get(name) is not None

    def has_object(self, name: str) -> bool:
        return isinstance(self._fields.get(name), Mapping)

    def at(self, name: str) -> str:
        """The field's place in the document."""
        return f"{self.path}.{name}" if self.path else name

    def value(
        self, name: str, fits: Callable[[Any], bool], called: str, stand_in: Any = None
    ) -> Any:
        value = self._fields.get(name)
        if fits(value):
            return value
        self.mistake(f"`{self.at(name)}` is {shown(value)}; it must be {called}")
        return stand_in

    def text(self, name: str) -> str:
        return str(self.value(name, _is_text, "text", ""))

    def matching(self, name: str, pattern: Pattern[str], called: str) -> str:
        return str(
            self.value(
                name,
                lambda value: _is_text(value) and pattern.fullmatch(value) is not None,
                called,
                "",
            )
        )

    def sha256(self, name: str) -> str:
        return self.matching(name, _SHA256, "a sha256 in lower-case hexadecimal")

    def texts(self, name: str, called: str) -> Tuple[str, ...]:
        """A list with at least one text in it."""
        return tuple(self.value(name, _are_texts, called, ()))

    def base64(self, name: str, most: int) -> bytes:
        """Bytes, at most so many of them."""
        called = f"at most {most} bytes in base64"
        return _decoded(str(self.value(name, lambda value: _is_base64(value, most), called, "")))

    def number(self, name: str, low: float = 0, high: float = _MOST) -> float:
        """Neither NaN nor a boolean is one."""
        return float(
            self.value(
                name,
                lambda value: _is_number(value) and low <= value <= high,
                f"a number from {low:.12g} to {high:.12g}",
                low,
            )
        )

    def whole(self, name: str, low: int = 0, high: int = _MOST_WHOLE) -> int:
        return int(
            self.value(
                name,
                lambda value: _is_whole(value) and low <= value <= high,
                f"a whole number from {low} to {high}",
                low,
            )
        )

    def object(self, name: str) -> Mapping[str, Any]:
        """For what is only handed on."""
        found: Mapping[str, Any] = self.value(name, _is_object, "an object", {})
        return found

    def part(self, name: str) -> Reader:
        return Reader(self._fields.get(name), self.at(name), self._into)

    def maybe(self, name: str) -> Optional[Reader]:
        return self.part(name) if self.has(name) else None

    def parts(self, name: str) -> List[Reader]:
        """The objects of a list, which may be empty."""
        entries = self.value(name, _is_list, "a list", [])
        return [
            Reader(entry, f"{self.at(name)}[{number}]", self._into)
            for number, entry in enumerate(entries)
        ]

    def mistake(self, sentence: str) -> None:
        """Also for what only the caller can see. Without a full stop."""
        self._into.append(sentence)

    def check(self, error: Type[LensloopError], problem: str) -> None:
        """Raises the error with all mistakes if there are any."""
        if self.mistakes:
            raise error(f"{problem}: {listed(self.mistakes)}.")


def listed(mistakes: List[str]) -> str:
    more = len(mistakes) - _MOST_NAMED
    named = "; ".join(mistakes[:_MOST_NAMED])
    return f"{named}; and {more} more" if more > 0 else named


def one_line(text: str, most: int) -> str:
    """What others take as a text: no control characters, at most so many, and never nothing."""
    return _CONTROL.sub(" ", text).strip()[:most] or "-"


def shown(value: Any) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_base64(value: Any, most: int) -> bool:
    try:
        return _is_text(value) and len(_decoded(value)) <= most
    except ValueError:  # binascii's is one
        return False


def _decoded(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)
