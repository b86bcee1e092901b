"""Rows made for a test of the rules: a picture is a number."""

import random
from typing import Any

from lensloop.dataset.rows import Row


def row(number: int, label: str = "glass", key: str = "", **more: Any) -> Row:
    """The picture with this number; it resembles no other."""
    rng = random.Random(number)
    sha256, phash = rng.randbytes(32).hex(), f"{rng.getrandbits(64):016x}"
    there = key or f"images/{label}/{number:03d}.jpg"
    made = Row(there, f"etag{number}", 1000 + number, sha256, label, "", 64, 48, phash)
    return made._replace(**more)


def unreadable(key: str, reason: str = "It is no picture.") -> Row:
    return Row(key, "etag", 10, reason=reason)


def rows(label: str, count: int, start: int = 0, **more: Any) -> list[Row]:
    return [row(number, label, **more) for number in range(start, start + count)]
