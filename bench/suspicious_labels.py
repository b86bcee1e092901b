"""Are wrong labels found, and is what is listed worth a look? Real photographs, one label in twenty
made wrong.

Ours is the list that ships. The other side is the shortest way to such a list: pictures that the
trained model itself takes for something else, though it has learnt from most of them.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench import photographs
from bench.figure import figure
from lensloop.dataset.split import TEST, by_hash
from training.algorithms.head.train import learn
from training.out_of_fold import Answered
from training.pictures import Picture, numbered
from training.suspicious import suspects

WRONG = 0.05
SEEDS = (1, 2, 3)


def rows() -> list[dict[str, Any]]:
    return [row for folder in photographs.present("bins3", "trashnet6") for row in _rows(folder)]


def _rows(folder: Path) -> list[dict[str, Any]]:
    """Of all photographs, and of a quarter of them: with few pictures a model learns wrong labels
    by heart.
    """
    files = sorted(folder.glob("*/*.jpg"))
    contents = [file.read_bytes() for file in files]
    shas = [hashlib.sha256(content).hexdigest() for content in contents]
    described = zip(files, shas, photographs.hashed(contents), strict=True)
    pictures = [
        Picture(file.name, sha, file.parent.name, by_hash(sha), phash)
        for file, sha, phash in described
    ]
    features = photographs.embedded(contents)
    few = [i for i, sha in enumerate(shas) if int(sha[-4:], 16) % 4 == 0]
    return [
        *_of(folder.name, pictures, features),
        *_of(f"{folder.name}, a quarter", [pictures[i] for i in few], features[few]),
    ]


def _of(name: str, pictures: Sequence[Picture], features: np.ndarray) -> list[dict[str, Any]]:
    planted = [_plant(pictures, seed) for seed in SEEDS]
    found = [(wrong, *_listed(changed, features)) for changed, wrong in planted]
    ours, others = _listed(pictures, features)
    size = f"{name} ({len(pictures):,} photographs)"
    return [
        _row(
            f"{size}, {WRONG:.0%} wrong labels: found",
            _mean([_share(wrong & listed, wrong) for wrong, listed, _ in found]),
            _mean([_share(wrong & listed, wrong) for wrong, _, listed in found]),
            at_least=60,
        ),
        _row(
            f"{size}, {WRONG:.0%} wrong labels: share of the list",
            _mean([_share(wrong & listed, listed) for wrong, listed, _ in found]),
            _mean([_share(wrong & listed, listed) for wrong, _, listed in found]),
            at_least=40,
        ),
        _row(
            f"{size}, as they are: listed",
            _share(ours, pictures),
            _share(others, pictures),
            at_most=5,
        ),
    ]


def _row(
    name: str, ours: float, other: float, at_least: float = 0, at_most: float = 100
) -> dict[str, Any]:
    ratio = ours / other if other else None
    goal = f"≥ {at_least} %" if at_least else f"≤ {at_most} %"
    holds = at_least <= ours <= at_most
    return figure(name, round(ours, 1), round(other, 1), "%", ratio, goal, holds)


def _plant(pictures: Sequence[Picture], seed: int) -> tuple[list[Picture], set[int]]:
    """The pictures with some labels made wrong, and which."""
    rng, labels = np.random.default_rng(seed), sorted({picture.label for picture in pictures})
    wrong = {int(i) for i in np.flatnonzero(rng.random(len(pictures)) < WRONG)}
    changed = list(pictures)
    for i in wrong:
        others = [label for label in labels if label != pictures[i].label]
        changed[i] = replace(pictures[i], label=others[int(rng.integers(len(others)))])
    return changed, wrong


def _listed(pictures: Sequence[Picture], features: np.ndarray) -> tuple[set[int], set[int]]:
    """The pictures on our list, made as training/run.py makes it, and those of the trained model's
    own list.
    """
    labels = sorted({picture.label for picture in pictures})
    targets = numbered(pictures, labels)
    taught = [i for i, picture in enumerate(pictures) if picture.split != TEST]
    test = [i for i, picture in enumerate(pictures) if picture.split == TEST]
    found, answered = learn([pictures[i] for i in taught], features[taught], labels)
    tested = Answered([pictures[i] for i in test], found.head.probabilities(features[test]))
    rows = [*answered.rows, *tested.rows]
    truth = numbered(rows, labels)
    listed = suspects(truth, np.concatenate([answered.probabilities, tested.probabilities]))
    place = {picture.sha256: i for i, picture in enumerate(pictures)}
    own = np.flatnonzero(found.head.probabilities(features).argmax(axis=1) != targets)
    return {place[rows[i].sha256] for i, _ in listed}, {int(i) for i in own}


def _share(part: Collection[object], whole: Collection[object]) -> float:
    return 100 * len(part) / max(1, len(whole))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
