"""How does a computer get its memory back? A model that was replaced is freed, and glibc keeps the
pieces: without this an agent grows from 100 to 200 MB in a hundred changes of its model.
"""

from __future__ import annotations

import ctypes

TRIM_SECONDS = 60.0  # a few milliseconds' work; who takes a release does so more rarely


def trim() -> None:
    """Does nothing where the C library has no such function (musl, macOS)."""
    try:
        give_back = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return
    give_back(0)
