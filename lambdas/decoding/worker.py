"""What is in this picture?
The child process that opens strangers' files, within limits that the kernel keeps.

Reads from standard input: 4 bytes length, 1 byte "make a sample too", the file. Answers with one
line of JSON.
"""

import io
import json
import math
import resource
import struct
import sys
from pathlib import Path
from typing import Any

MEMORY_MB = 128  # for one picture, beside the interpreter
_AT_LEAST = 256  # enough for hash and thumbnail; large pictures are decoded smaller


def main(cpu_seconds: int) -> None:
    _find_pillow()
    _limit_memory()
    requests, answers = sys.stdin.buffer, sys.stdout
    answers.write("ready\n")
    answers.flush()
    while header := requests.read(5):
        length, sample = struct.unpack(">IB", header)
        _limit_time(cpu_seconds)
        answers.write(json.dumps(_answer(requests.read(length), bool(sample))) + "\n")
        answers.flush()


def _answer(content: bytes, sample: bool) -> dict[str, Any]:
    from lensloop.dataset.plain import plain
    from lensloop.wire.errors import PictureError
    from lensloop.wire.picture import open_picture, phash, size_of

    try:
        image = open_picture(content, at_least=_AT_LEAST)
        width, height = size_of(content)  # of the whole file: it may have been decoded smaller
        seen = {
            "width": width,
            "height": height,
            "phash": phash(image),
            "plain": plain(image.histogram()),
        }
        return {**seen, **_sample(image)} if sample else seen
    except PictureError as problem:
        return {"problem": str(problem)}
    except MemoryError:
        return {
            "problem": (
                f"It needs more than {MEMORY_MB} MB of memory to open. Save it as JPEG, or smaller."
            )
        }


def _sample(image: Any) -> dict[str, Any]:
    """A thumbnail for the report, and the picture's border:
    its mean colour and how much that varies.
    """
    from lensloop.wire.picture import thumbnail

    small = image.resize((16, 16)).tobytes()
    edge = [i for i in range(256) if i < 16 or i >= 240 or i % 16 in (0, 15)]
    means = [sum(small[3 * i + channel] for i in edge) / len(edge) for channel in range(3)]
    variance = (
        sum((small[3 * i + c] - means[c]) ** 2 for i in edge for c in range(3)) / len(edge) / 3
    )
    return {
        "thumbnail": thumbnail(image),
        "border": [*(round(mean) for mean in means), round(math.sqrt(variance))],
    }


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


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has nothing to write
    statm = Path("/proc/self/statm")
    if statm.exists():  # elsewhere, as on macOS, address space says nothing about memory
        now = int(statm.read_text().split()[0]) * resource.getpagesize()
        limit = now + MEMORY_MB * 1024**2
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _limit_time(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
