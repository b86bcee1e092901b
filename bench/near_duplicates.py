"""Do near-duplicates leak into the test, and how much better would a leaking test look?

Real photographs, each with a second frame as a burst or a video gives it: a slightly other crop and
light, saved again. Ours is the split that ships; the other side is what most projects do, each
file's split by its own hash.
"""

import hashlib
import io
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bench import photographs
from bench.figure import figure
from lensloop.dataset.near_duplicates import DISTANCES
from lensloop.dataset.rows import Row
from lensloop.dataset.split import TEST, by_hash, place

STRADDLE = "pairs that straddle two splits"


def rows() -> list[dict[str, Any]]:
    return [row for folder in photographs.present("bins3", "trashnet6") for row in _rows(folder)]


def _rows(folder: Path) -> list[dict[str, Any]]:
    pictures = _pictures(folder)
    burst = [row for row, _ in pictures]
    alone = burst[::2]
    features = photographs.embedded([content for _, content in pictures])
    grouped, hashed = _ours(burst), _by_hash(burst)
    good, flattered = _accuracy(burst, features, grouped), _accuracy(burst, features, hashed)
    size = f"{folder.name}, {len(alone):,} photographs"
    return [
        _row(
            f"{size}: {STRADDLE}",
            _leaks(alone, _ours(alone)),
            _leaks(alone, _by_hash(alone)),
            "pairs",
            most=0,
        ),
        _row(
            f"{size} and a second frame of each: {STRADDLE}",
            _leaks(burst, grouped),
            _leaks(burst, hashed),
            "pairs",
            0,
        ),
        _row(f"{size} and a second frame of each: test accuracy as told", good, flattered, "%"),
    ]


def _row(
    name: str, ours: float, other: float, unit: str, most: float | None = None
) -> dict[str, Any]:
    goal = "" if most is None else f"{most} {unit}"
    holds = most is None or ours <= most
    return figure(name, ours, other, unit, None, goal, holds)


def _pictures(folder: Path) -> list[tuple[Row, bytes]]:
    """Each photograph and, right behind it, its second frame."""
    files = sorted(folder.glob("*/*.jpg"))
    with ThreadPoolExecutor(2) as pool:
        contents = [content for pair in pool.map(_frames, files) for content in pair]
    hashes = photographs.hashed(contents)
    labels = [file.parent.name for file in files for _ in range(2)]
    shas = [hashlib.sha256(content).hexdigest() for content in contents]
    described = zip(shas, labels, hashes, strict=True)
    rows = [
        Row(f"images/{label}/{sha}.jpg", "", 1, sha, label, phash=phash)
        for sha, label, phash in described
    ]
    return list(zip(rows, contents, strict=True))


def _frames(file: Path) -> tuple[bytes, bytes]:
    from PIL import Image, ImageEnhance

    content, rng = file.read_bytes(), random.Random(file.name)
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        left, top = rng.randrange(1 + width // 50), rng.randrange(1 + height // 50)
        moved = image.convert("RGB").crop(
            (left, top, left + width * 49 // 50, top + height * 49 // 50)
        )
    again = io.BytesIO()
    ImageEnhance.Brightness(moved).enhance(rng.uniform(0.95, 1.05)).save(again, "JPEG", quality=88)
    return content, again.getvalue()


def _ours(found: list[Row]) -> list[str]:
    placed = place(found, min_test=2)
    if placed.distance != DISTANCES[0]:
        raise RuntimeError(f"near-duplicates were only looked for up to {placed.distance} bits")
    splits = placed.splits
    return [splits[row.sha256] for row in found]


def _by_hash(found: list[Row]) -> list[str]:
    return [by_hash(row.sha256) for row in found]


def _leaks(found: list[Row], splits: list[str]) -> int:
    """By comparing all with all, so that this does not lean on the search that it checks."""
    values = np.array([int(row.phash, 16) for row in found], np.uint64)
    names = np.array(splits)
    return sum(
        int(
            np.sum(
                (np.bitwise_count(values[i + 1 :] ^ values[i]) <= DISTANCES[0])
                & (names[i + 1 :] != names[i])
            )
        )
        for i in range(len(values))
    )


def _accuracy(found: list[Row], features: np.ndarray, splits: list[str]) -> float:
    from training.algorithms.head.train import learn
    from training.pictures import Picture, numbered

    labels = sorted({row.label for row in found})
    learnt = [i for i, split in enumerate(splits) if split != TEST]
    test = [i for i, split in enumerate(splits) if split == TEST]
    pictures = [Picture(row.key, row.sha256, row.label, "", row.phash) for row in found]
    targets = numbered(pictures, labels)
    taught, _ = learn([pictures[i] for i in learnt], features[learnt], labels)
    right = taught.head.probabilities(features[test]).argmax(axis=1) == targets[test]
    return round(100 * float(right.mean()), 2)
