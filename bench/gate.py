"""Which batches does the gate let pass? A hundred wrong ones and a hundred honest ones, of real
photographs, against a live model that was released by the same gate.

The other side is the rule until issue 9, which asks only test pictures about a batch, and counts a
fall as more than noise however many pictures went the other way.
Backgrounds are new where the collection has a second source of one label, which live never saw.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from onnxruntime import InferenceSession

from bench import old_rule, photographs
from bench.figure import figure
from lensloop.dataset.split import TEST, by_hash
from lensloop.model import gate
from lensloop.model.evaluation import Evaluation, read_evaluation
from lensloop.model.floors import Floors
from lensloop.settings import Settings
from training.algorithms.head.discriminant import Head
from training.algorithms.head.train import learn
from training.evaluate import Answers, compare, scored_out_of_fold
from training.live import LiveRelease
from training.out_of_fold import Answered
from training.pictures import Picture

BATCHES = 100
SIZES = (40, 80, 150)
LEAST, MOST = 0.05, 0.5  # share of a wrong batch's labels that are shuffled
FLOORS = Floors.from_settings(Settings())
Rows = list[Picture]
Batch = tuple[Rows, Rows]  # what live has learnt, and everything that the candidate is given


@dataclass(frozen=True)
class Collection:
    name: str
    pictures: Rows
    features: Mapping[str, np.ndarray]  # by sha256

    @property
    def labels(self) -> list[str]:
        return sorted({picture.label for picture in self.pictures})


@dataclass(frozen=True)
class Model:
    labels: list[str]
    head: Head
    learnt: Answered  # out of fold

    def answers(self, features: np.ndarray, names: list[str]) -> Answers:
        return Answers.read(self.head.probabilities(features), names)


def rows() -> list[dict[str, Any]]:
    collections = [_read(folder) for folder in photographs.present("bins3", "trashnet6")]
    if not collections:
        return []
    return [*_wrong(collections), *_honest(collections)]


def _wrong(collections: Sequence[Collection]) -> Iterator[dict[str, Any]]:
    """By how much of the batch is wrong."""
    passed: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for number in range(BATCHES):
        share = LEAST + (MOST - LEAST) * number / (BATCHES - 1)
        ships = _judged(collections, number, lambda of, rng, n: _shuffled(of, rng, n, share))  # noqa: B023
        passed["all"].append(ships)
        passed["up to 20 % wrong" if share <= 0.2 else "more than 20 % wrong"].append(ships)
    for name, found in passed.items():
        ours, others = (sum(side) for side in zip(*found, strict=True))
        yield _row(f"{len(found)} wrong batches, {name}: pass", ours, others)


def _honest(collections: Sequence[Collection]) -> Iterator[dict[str, Any]]:
    refused: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
    kinds: dict[str, Callable[..., Batch]] = {
        "one label": _one_label,
        "a new label": _new_label,
        "a renamed label": _renamed_label,
        "a new background": _new_background,
    }
    for number in range(BATCHES):
        kind = list(kinds)[number // 2 % len(kinds)]
        ours, others = _judged(collections, number, kinds[kind])
        refused["all"].append((not ours, not others))
        refused[kind].append((not ours, not others))
    for name, found in refused.items():
        ours, others = (sum(side) for side in zip(*found, strict=True))
        yield _row(f"{len(found)} honest batches, {name}: refused", ours, others)


def _row(name: str, ours: int, others: int) -> dict[str, Any]:
    ratio = ours / others if others else None
    return figure(name, ours, others, "batches", ratio, "fewer than before", ours <= others)


# One batch


def _judged(
    collections: Sequence[Collection], number: int, make: Callable[..., Batch]
) -> tuple[bool, bool]:
    """Does it ship, by our rule and by the other? Drawn again until live itself is good enough."""
    of = collections[number % len(collections)]
    if make is _new_background:  # only there one label has two sources
        of = collections[0]
    for attempt in range(1000):
        rng = np.random.default_rng([number, attempt])
        old, now = make(of, rng, SIZES[number % len(SIZES)])
        live = _taught(of, old)
        if gate.judge(_evaluation(of, old, live, None), FLOORS).ship:
            break
    candidate = _taught(of, now)
    ours = _evaluation(of, now, candidate, _release(old, live, now))
    return gate.judge(ours, FLOORS).ship, not [*old_rule.against(ours, FLOORS)]


def _taught(of: Collection, pictures: Rows) -> Model:
    labels = sorted({picture.label for picture in pictures})
    learnt = [picture for picture in pictures if picture.split != TEST]
    features = np.stack([of.features[picture.sha256] for picture in learnt])
    taught, answered = learn(learnt, features, labels)
    return Model(labels, taught.head, answered)


@dataclass(frozen=True)
class _Live:
    release: LiveRelease
    model: Model


def _release(old: Rows, model: Model, now: Rows | None) -> _Live:
    """`now`: to find renamed labels by, which the other side does not."""
    judged_on = {row.sha256: row.label for row in old if row.split == TEST}
    no_session = cast(InferenceSession, None)  # its head answers instead
    learnt = {row.sha256: row.label for row in old if row.split != TEST}
    release = LiveRelease(1, model.labels, no_session, judged_on, learnt)
    if now is not None:
        release = release.in_the_names_of({row.sha256: row.label for row in now})
    return _Live(release, model)


def _evaluation(of: Collection, pictures: Rows, model: Model, live: _Live | None) -> Evaluation:
    test = [picture for picture in pictures if picture.split == TEST]
    features = np.stack([of.features[picture.sha256] for picture in test])
    answers = model.answers(features, model.labels)
    theirs = live.model.answers(features, live.release.labels) if live else None
    judged = compare(test, model.labels, answers, live.release if live else None, theirs)
    learnt = scored_out_of_fold(model.learnt, model.labels, live.release if live else None)
    content = {"format": 1, "dataset": "d1", "labels": model.labels}
    return read_evaluation(content | learnt | judged)


# What a batch is


def _drawn(pictures: Sequence[Picture], rng: np.random.Generator, share: float) -> Batch:
    order = [pictures[i] for i in rng.permutation(len(pictures))]
    return order[: int(share * len(order))], order[int(share * len(order)) :]


def _shuffled(of: Collection, rng: np.random.Generator, size: int, share: float) -> Batch:
    """Pictures of every label, so many of them under another."""
    old, pool = _drawn(of.pictures, rng, 0.5)
    batch = pool[:size]
    for i in rng.choice(size, max(1, round(share * size)), replace=False):
        others = [label for label in of.labels if label != batch[i].label]
        batch[i] = _under(batch[i], others[int(rng.integers(len(others)))])
    return old, old + batch


def _one_label(of: Collection, rng: np.random.Generator, size: int) -> Batch:
    old, pool = _drawn(of.pictures, rng, 0.5)
    label = of.labels[int(rng.integers(len(of.labels)))]
    return old, old + [picture for picture in pool if picture.label == label][:size]


def _new_label(of: Collection, rng: np.random.Generator, size: int) -> Batch:
    label = of.labels[int(rng.integers(len(of.labels)))]
    drawn, pool = _drawn(of.pictures, rng, 0.6)
    old = [picture for picture in drawn if picture.label != label]
    return old, old + [picture for picture in drawn + pool if picture.label == label][:size]


def _renamed_label(of: Collection, rng: np.random.Generator, size: int) -> Batch:
    """With a few new pictures in one of two cases."""
    label = of.labels[int(rng.integers(len(of.labels)))]
    old, pool = _drawn(of.pictures, rng, 0.5)
    now = old + pool[: size // 4 * int(rng.integers(2))]
    return old, [_under(row, "renamed") if row.label == label else row for row in now]


def _new_background(of: Collection, rng: np.random.Generator, size: int) -> Batch:
    sources = ("grocery", "trashnet")
    other = sources[int(rng.integers(2))]
    fresh = [row for row in of.pictures if row.label == "recycling" and other in row.key]
    usual = [row for row in of.pictures if row not in fresh]
    old, _ = _drawn(usual, rng, 0.67)
    order = [fresh[i] for i in rng.permutation(len(fresh))]
    return old, old + order[:size]


def _under(picture: Picture, label: str) -> Picture:
    return Picture(picture.key, picture.sha256, label, picture.split, picture.phash)


def _read(folder: Path) -> Collection:
    files = sorted(folder.glob("*/*.jpg"))
    contents = [file.read_bytes() for file in files]
    shas = [hashlib.sha256(content).hexdigest() for content in contents]
    pictures = [
        Picture(file.name, sha, file.parent.name, by_hash(sha), sha[:16])
        for file, sha in zip(files, shas, strict=True)
    ]
    features = photographs.embedded(contents)
    return Collection(folder.name, pictures, dict(zip(shas, features, strict=True)))
