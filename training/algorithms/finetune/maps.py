"""What does the frozen part see in each picture? Kept in memory-mapped files on the job's disk,
each picture some times over: as it is, mirrored, and in crops.

They are made again when a job is taken up again: that costs as much as teaching all pictures once,
and three gigabytes for 10,000 pictures are too many to carry out as a checkpoint.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image

from lensloop.reasons import counted
from lensloop.wire.errors import BadArtifact
from training.algorithms.finetune.cut import Cut
from training.embed import BATCH, session
from training.model_file import IMAGE
from training.pictures import SIZE, Picture, Pictures

# The picture, its mirror image, and crops, every other one mirrored: eight epochs see each picture
# about as it was seen before only once.
COPIES = 8
# A crop's share of the picture, and how many times wider than high it is at most: milder than what
# is common with millions of pictures, for where there are a thousand, each must stay what it is.
_AREA, _WIDER = (0.55, 1.0), 1.28
_CONTRAST, _BRIGHTER = (0.8, 1.2), (-15.0, 15.0)

Pixels = NDArray[np.uint8]
See = Callable[[Pixels], list[NDArray[Any]]]


@dataclass(frozen=True)
class Maps:
    rows: Sequence[Picture]
    places: NDArray[np.int64]  # of the rows, in the files
    files: Mapping[str, NDArray[Any]]  # by tensor: [copies, pictures, …]

    def of(self, copies: NDArray[np.int64], rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The tensors between the two parts, one copy of each of these rows."""
        return {name: file[copies, self.places[rows]] for name, file in self.files.items()}


def look(folder: Path, pictures: Pictures, rows: Sequence[Picture], part: Cut) -> Maps:
    """At all copies of the usable ones of these pictures."""
    see = _seeing(part)
    ones = see(_blank())
    _check_room(folder, ones, len(rows))
    files = [_file(folder / f"{i}.npy", one, len(rows)) for i, one in enumerate(ones)]

    def look_at(start: int) -> list[int]:
        batch = rows[start : start + BATCH]
        loaded = pictures.load(batch)
        places = [start + batch.index(row) for row in loaded.usable]
        for copy in range(COPIES if places else 0):
            pairs = zip(loaded.inputs, loaded.usable, strict=True)
            images = [altered(image, row, copy) for image, row in pairs]
            for file, seen in zip(files, see(np.stack(images)), strict=True):
                file[copy, places] = seen
        return places

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = [*chain.from_iterable(pool.map(look_at, range(0, len(rows), BATCH)))]
    print(f"looked at {len(found)} pictures in {COPIES} ways", flush=True)
    by_name = dict(zip(part.between, files, strict=True))
    return Maps([rows[place] for place in found], np.array(found, np.int64), by_name)


def _seeing(part: Cut) -> See:
    if part.early is None:
        return lambda images: [images]
    early = session(part.early)
    return lambda images: early.run([*part.between], {IMAGE: images})


def _check_room(folder: Path, ones: Sequence[NDArray[Any]], pictures: int) -> None:
    """Now: a mapped file that finds no room later ends the process without a word."""
    each = bytes_each(ones)
    free = shutil.disk_usage(folder).free
    if pictures * each > free:
        raise BadArtifact(
            f"The job's disk has {free / 1e9:.1f} GB left, and what the network sees of"
            f" {counted(pictures, 'picture', 'pictures')} takes {pictures * each / 1e9:.1f} GB."
            " Name a machine with a larger disk in `training_instance_type`, or on one without a"
            " disk of its own raise `training_volume_gb`."
        )


def bytes_each(ones: Sequence[NDArray[Any]]) -> int:
    """Of a picture in all its copies, by what is seen of one."""
    return COPIES * sum(one.size * _kind(one).itemsize for one in ones)


def _blank() -> Pixels:
    return np.zeros((1, SIZE, SIZE, 3), np.uint8)


def _file(path: Path, one: NDArray[Any], pictures: int) -> NDArray[Any]:
    return open_memmap(path, "w+", _kind(one), (COPIES, pictures, *one.shape[1:]))


def _kind(one: NDArray[Any]) -> np.dtype[Any]:
    """Numbers in half their precision: the finished file still answers within 0.001 (tested)."""
    return np.dtype(np.float16) if one.dtype == np.float32 else one.dtype


def altered(image: Pixels, row: Picture, copy: int) -> Pixels:
    """The same for the same picture whenever it is asked for."""
    if copy < 2:
        return np.ascontiguousarray(image[:, ::-1]) if copy else image
    rng = np.random.default_rng([copy, int(row.sha256[:16], 16)])
    area, wider = rng.uniform(*_AREA), _WIDER ** rng.uniform(-1, 1)
    width, height = (min(SIZE, SIZE * (area * ratio) ** 0.5) for ratio in (wider, 1 / wider))
    left, top = rng.uniform(0, SIZE - width), rng.uniform(0, SIZE - height)
    box = (left, top, left + width, top + height)
    crop = Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR, box)
    if copy % 2:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    light = np.asarray(crop) * rng.uniform(*_CONTRAST) + rng.uniform(*_BRIGHTER)
    return np.clip(light, 0, 255).astype(np.uint8)
