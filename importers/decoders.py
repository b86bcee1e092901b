"""What is in a stranger's picture, seen by several sealed processes at once?"""

import os
import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from lambdas.decoding.decoder import Decoder, Unreadable
from lambdas.decoding.seal import hide
from lensloop.wire.formats import recognised
from lensloop.wire.metadata import JPEG, PNG, is_webp

# Beside this process, which hashes and sends: more would only wait for it.
_AT_MOST = 4
# A picture of 50 million pixels in its own format and as RGB, and a JPEG of it.
_CONVERTING_MB = 640


class Decoders:
    """`count` may be asked at once; each waits for a process of its own."""

    def __init__(self, count: int, stack: ExitStack) -> None:
        self.count = count
        self._looking: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        self._converting: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        for _ in range(count):
            self._looking.put(stack.enter_context(Decoder()))
        # One: it is large, and few data sets have such pictures.
        self._converting.put(stack.enter_context(Decoder(_CONVERTING_MB)))

    def look(self, content: bytes) -> dict[str, Any] | Unreadable:
        with _borrowed(self._looking) as decoder:
            return decoder.look(content)

    def convert(self, content: bytes) -> bytes | Unreadable:
        """A JPEG of it, upright."""
        with _borrowed(self._converting) as decoder:
            return decoder.convert(content)


@contextmanager
def decoders() -> Iterator[Decoders]:
    count = min(_AT_MOST, max(1, os.cpu_count() or 1))
    # Once for all of them, as each would give it back when it ends.
    was_hidden = hide(True)
    try:
        with ExitStack() as stack:
            yield Decoders(count, stack)
    finally:
        hide(was_hidden)


def kind_of(content: bytes) -> str:
    """Of the formats that are uploaded as they are, which; else empty."""
    if content.startswith(JPEG):
        return "JPEG"
    if content.startswith(PNG):
        return "PNG"
    return "WEBP" if is_webp(content) else ""


def is_converted(content: bytes) -> bool:
    return not kind_of(content) and recognised(content) is not None


@contextmanager
def _borrowed(idle: "queue.SimpleQueue[Decoder]") -> Iterator[Decoder]:
    decoder = idle.get()
    try:
        yield decoder
    finally:
        idle.put(decoder)
