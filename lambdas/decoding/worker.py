"""What is in this picture?
The child process that opens strangers' files, within limits that the kernel keeps.

Reads from standard input: 4 bytes length, 1 byte what is wanted (LOOK to CONVERT), the file.
Answers with one line of JSON. Its first line is "ready" and the seconds of computing that a picture
gets.
"""

import base64
import io
import json
import math
import resource
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any

from lambdas.decoding.seal import seal

# What is wanted of a picture: what it is, a thumbnail besides, a copy to learn from, or itself in a
# format that is read.
LOOK, SAMPLE, COPY, CONVERT = range(4)
MEMORY_MB = 128  # for one picture, beside the interpreter
# of computing, to open a picture of 1024 x 1024 on an ordinary machine; a good laptop needs 0.013
USUAL_SECONDS = 0.02
SLOWEST = 6.0  # a machine slower than this gets no more time: a bomb would hold up the run
_AT_LEAST = 256  # enough for hash and thumbnail; large pictures are decoded smaller


def main(cpu_seconds: int, memory_mb: int = MEMORY_MB) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks, who ends this one
    _find_pillow()
    if memory_mb > MEMORY_MB:  # only converting needs so much
        _prepare_converting()
    budget = math.ceil(cpu_seconds * slowness(_seconds_to_open()))
    _limit_memory(memory_mb)
    for name in seal():
        print(f"The kernel does not let this decoder be closed off from {name}.", file=sys.stderr)
    requests, answers = sys.stdin.buffer, sys.stdout
    answers.write(f"ready {budget}\n")
    answers.flush()
    while header := requests.read(5):
        length, wanted = struct.unpack(">IB", header)
        _limit_time(budget)
        answers.write(json.dumps(_answer(requests.read(length), wanted, memory_mb)) + "\n")
        answers.flush()


def _answer(content: bytes, wanted: int, memory_mb: int) -> dict[str, Any]:
    from lensloop.wire.errors import PictureError

    try:
        if wanted == CONVERT:
            return _convert(content)
        return _copy(content) if wanted == COPY else _look(content, wanted == SAMPLE)
    except PictureError as problem:
        return {"problem": str(problem)}
    except MemoryError:
        return {
            "problem": (
                f"It needs more than {memory_mb} MB of memory to open. Save it as JPEG, or smaller."
            )
        }


def _look(content: bytes, sample: bool) -> dict[str, Any]:
    from lensloop.dataset.plain import plain
    from lensloop.wire.picture import open_picture, phash, size_of

    image = open_picture(content, at_least=_AT_LEAST)
    width, height = size_of(content)  # of the whole file: it may have been decoded smaller
    seen = {
        "width": width,
        "height": height,
        "phash": phash(image),
        "plain": plain(image.histogram()),
    }
    return {**seen, **_sample(image)} if sample else seen


def _copy(content: bytes) -> dict[str, Any]:
    from lensloop.dataset.lists import QUALITY, SHORTEST_SIDE, copy_size
    from lensloop.wire.picture import open_picture

    image = open_picture(content, at_least=2 * SHORTEST_SIDE)
    file = io.BytesIO()
    image.resize(copy_size(*image.size)).save(file, "JPEG", quality=QUALITY)
    return {"copy": base64.b64encode(file.getvalue()).decode()}


def _convert(content: bytes) -> dict[str, Any]:
    from lambdas.decoding.other_formats import as_jpeg

    return {"converted": base64.b64encode(as_jpeg(content)).decode()}


def _sample(image: Any) -> dict[str, Any]:
    """A thumbnail for the report, and what is measured of its surroundings."""
    from lensloop.dataset.look import look
    from lensloop.wire.picture import thumbnail

    measured = look(image)  # before the thumbnail makes it small
    return {"thumbnail": thumbnail(image), **measured}


def slowness(seconds_to_open: float) -> float:
    """How many times as long as usual this machine takes; a sound picture may take as many times
    as long.
    """
    return min(max(seconds_to_open / USUAL_SECONDS, 1.0), SLOWEST)


def _seconds_to_open() -> float:
    """Of computing, for a picture of 1024 x 1024 full of detail: the quickest of three tries,
    so that a start or a neighbour does not count.
    """
    from PIL import Image

    from lensloop.wire.picture import open_picture, phash

    file = io.BytesIO()
    Image.effect_noise((1024, 1024), 64).convert("RGB").save(file, "JPEG", quality=90)
    tries = []
    for _ in range(3):
        began = time.process_time()
        phash(open_picture(file.getvalue()))
        tries.append(time.process_time() - began)
    return min(tries)


def _find_pillow() -> None:
    """Lambda has no Pillow of its own: there it is under vendor/, looked for last so that an
    installed one wins.

    One picture of each kind is opened before the limits, as Pillow loads its codecs at first use.
    """
    sys.path.append(str(Path(__file__).parents[2] / "vendor"))
    from PIL import Image

    from lensloop.wire.formats import DECODERS
    from lensloop.wire.picture import open_picture, phash

    for kind in DECODERS:
        file = io.BytesIO()
        Image.new("RGB", (32, 32)).save(file, kind)
        _sample(open_picture(file.getvalue(), at_least=_AT_LEAST))
    phash(Image.new("RGB", (32, 32)))


def _prepare_converting() -> None:
    from lambdas.decoding.other_formats import prepare

    prepare()


def _limit_memory(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has nothing to write
    statm = Path("/proc/self/statm")
    if statm.exists():  # elsewhere, as on macOS, address space says nothing about memory
        now = int(statm.read_text().split()[0]) * resource.getpagesize()
        limit = now + memory_mb * 1024**2
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _limit_time(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
