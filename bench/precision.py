"""What do eight bits and several threads gain on this processor? The default algorithm's network by
the agent's own code, in frames a second of the processor, so that what else runs here does not
count.

A camera measures the same at each install; nothing here is a promise for another processor.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np

from bench.agent import in_eight_bits, make_release
from bench.figure import Row, figure

FRAMES = 60  # three times, the best of which counts
SHAPE = (224, 224, 3)


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "made"
        make_release(home)
        whole = (home / "model.onnx").read_bytes()
    small = in_eight_bits(whole)
    plain, eight, many = _per_second(whole), _per_second(small), _per_second(whole, threads=0)
    unit = "frames/CPU s"
    yield figure("precision, int8 beside fp32", eight, plain, unit, round(eight / plain, 2))
    size = round(len(small) / 1e6, 2), round(len(whole) / 1e6, 2)
    yield figure("precision, size of the file", *size, "MB", round(size[0] / size[1], 2))
    ratio = round(plain / many, 2)
    yield figure("precision, one thread beside all", plain, many, unit, ratio, "≥ 1 ×", ratio >= 1)


def _per_second(data: bytes, threads: int | None = None) -> float:
    from camera import model

    with mock.patch.object(model, "THREADS", model.THREADS if threads is None else threads):
        loaded = model.session(data, model.overflows())
    image = np.random.default_rng(2).integers(0, 255, (1, *SHAPE), dtype=np.uint8)
    loaded.run(None, {"image": image})
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        for _ in range(FRAMES):
            loaded.run(None, {"image": image})
        best = max(best, FRAMES / (time.process_time() - began))
    return round(best, 1)
