"""Does the loop close the gap between the pictures that one starts with and the camera's own?

A model is taught from one source and meets another (bench/another_camera.py: a simulation, for
there is no second source of these labels here). The camera sends back what its model is unsure
about, a person answers, the model is taught again: with 20, then 50 of each label. Beside it the
same number by chance; and how many answers each needs where nobody counts labels.

The pictures of the two sources are of different things; two in five of the new ones are only
tested on.

`python -m bench.gap FOLDER` writes the two sources as folders of labels, for the same story with a
cloud, cameras and the page: make demo-gap IMAGES=FOLDER/known NEW=FOLDER/new
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import another_camera, photographs
from bench.figure import figure
from lensloop.review import queue
from lensloop.review.answers import Answer
from lensloop.review.places import FrameId
from lensloop.wire.prediction import Prediction
from lensloop.wire.uncertain import RANDOM, UNFAMILIAR, UNSURE
from training.algorithms.head.familiarity import familiarity
from training.algorithms.head.train import learn
from training.pictures import Picture

SEEDS = 5
ROUNDS = (20, 50)  # answers for each label, together
BUDGETS = (30, 60, 120, 240)  # answers, of whatever label
TESTED = 0.4  # of the new pictures
_SHELVES = 60
Array = np.ndarray
Choose = Callable[["Side", "Model", np.random.Generator], list[int]]


@dataclass(frozen=True)
class Side:
    """Pictures of one source; `rows` and `features` go together."""

    rows: list[Picture]
    features: Array

    def only(self, chosen: Sequence[int]) -> "Side":
        return Side([self.rows[i] for i in chosen], self.features[list(chosen)])

    def __add__(self, other: "Side") -> "Side":
        return Side(self.rows + other.rows, np.concatenate([self.features, other.features]))


@dataclass(frozen=True)
class Model:
    """What is answered for pictures by one who was taught with these."""

    labels: list[str]
    chances: Callable[[Array], Array]
    unfamiliar: Callable[[Array, Array], Array]  # by how much more than is known
    reject_threshold: float

    @classmethod
    def taught(cls, side: Side) -> "Model":
        labels = sorted({row.label for row in side.rows})
        taught, answered = learn(side.rows, side.features, labels)
        familiar = familiarity(side.features, taught)
        assert familiar is not None
        found, threshold = familiar
        return cls(
            labels,
            taught.head.probabilities,
            lambda features, chances: found.unfamiliar(features, chances) - threshold,
            answered.reject_threshold(labels),
        )

    def accuracy(self, side: Side) -> float:
        answers = self.chances(side.features).argmax(axis=1)
        right = [self.labels[n] == row.label for n, row in zip(answers, side.rows, strict=True)]
        return float(np.mean(right))


@dataclass(frozen=True)
class Start:
    """What everybody begins with: pictures of the first source, and the model of them."""

    known: Side
    model: Model


def rows() -> list[dict[str, Any]]:
    found = list(photographs.present("trashnet6", "bins3"))
    if len(found) < 2:
        return []
    known, new = sources(*found)
    start = Start(known, Model.taught(known))
    return [*_by_rounds(start, new), *_by_budgets(start, new)]


# Who chooses


def by_doubt(side: Side, model: Model, _: np.random.Generator) -> list[int]:
    """The order in which `lensloop review` shows what a camera sent."""
    chances = model.chances(side.features)
    far = model.unfamiliar(side.features, chances)
    answers: dict[FrameId, Answer | None] = {}
    for i, (some, more) in enumerate(zip(chances, far, strict=True)):
        answers[FrameId("camera", f"{i:06}")] = _answer(model, some, float(more))
    return [int(frame.name) for frame in queue.order(answers)]


def by_chance(side: Side, _: Model, rng: np.random.Generator) -> list[int]:
    return [int(i) for i in rng.permutation(len(side.rows))]


def _answer(model: Model, chances: Array, far: float) -> Answer:
    ranked = dict(zip(model.labels, chances.tolist(), strict=True))
    ranked = dict(sorted(ranked.items(), key=lambda pair: -pair[1]))
    first, second, *_ = ranked.values()
    kind = UNFAMILIAR if far > 0 else UNSURE if first < model.reject_threshold else RANDOM
    said = Prediction(ranked, kind == UNSURE, kind == UNFAMILIAR, far)
    score = far if kind == UNFAMILIAR else 1 - (first - second)
    return Answer(said.predicted, kind, score, said.words, ranked)


# What is measured


def _by_rounds(start: Start, new: Side) -> Iterator[dict[str, Any]]:
    found: dict[tuple[str, int], list[float]] = {}
    for seed in range(SEEDS):
        pool, test = _parted(new, seed)
        for name, choose in (("doubt", by_doubt), ("chance", by_chance)):
            for each, accuracy in _rounds(start, pool, test, choose, seed):
                found.setdefault((name, each), []).append(accuracy)
    for each in (0, *ROUNDS):
        ours, other = found["doubt", each], found["chance", each]
        name = f"new source, {each} answers of each label: accuracy, mean of {SEEDS}"
        before = found["doubt", _before(each)]
        goal = "rises" if each else ""
        rises = not each or np.mean(ours) > np.mean(before)
        yield figure(name, *_means(ours, other), "", _ratio(ours, other), goal, bool(rises))


def _rounds(
    start: Start, pool: Side, test: Side, choose: Choose, seed: int
) -> Iterator[tuple[int, float]]:
    rng = np.random.default_rng([seed, 1])
    model, chosen = start.model, list[int]()
    yield 0, model.accuracy(test)
    for each in ROUNDS:
        left = [i for i in range(len(pool.rows)) if i not in set(chosen)]
        order = [left[i] for i in choose(pool.only(left), model, rng)]
        chosen = filled(pool, chosen, order, each)
        model = Model.taught(start.known + pool.only(chosen))
        yield each, model.accuracy(test)


def filled(pool: Side, chosen: Sequence[int], order: Sequence[int], each: int) -> list[int]:
    """With the first of `order`, until there are `each` of every label or no more."""
    counts = Counter(pool.rows[i].label for i in chosen)
    found = list(chosen)
    for i in order:
        label = pool.rows[i].label
        if counts[label] < each:
            counts[label] += 1
            found.append(i)
    return found


def _by_budgets(start: Start, new: Side) -> Iterator[dict[str, Any]]:
    """Where a person answers what comes first, of whatever label."""
    found: dict[tuple[str, int], list[float]] = {}
    for seed in range(SEEDS):
        pool, test = _parted(new, seed)
        for name, choose in (("doubt", by_doubt), ("chance", by_chance)):
            rng = np.random.default_rng([seed, 2])
            model, chosen = start.model, list[int]()
            for budget in BUDGETS:
                left = [i for i in range(len(pool.rows)) if i not in set(chosen)]
                order = [left[i] for i in choose(pool.only(left), model, rng)]
                chosen += order[: budget - len(chosen)]
                model = Model.taught(start.known + pool.only(chosen))
                found.setdefault((name, budget), []).append(model.accuracy(test))
    for budget in BUDGETS:
        ours, other = found["doubt", budget], found["chance", budget]
        name = f"new source, {budget} answers: accuracy, mean of {SEEDS}"
        yield figure(name, *_means(ours, other), "", _ratio(ours, other))
    curves = [[float(np.mean(found[who, n])) for n in BUDGETS] for who in ("doubt", "chance")]
    needed = [_needed(curve, curves[1][-1]) for curve in curves]
    yield figure(
        "answers until it is as good as with the most by chance",
        needed[0],
        needed[1],
        "answers",
        needed[0] / needed[1],
        "fewer",
        needed[0] < needed[1],
    )


def _needed(curve: Sequence[float], wanted: float) -> float:
    """Between two budgets along a line; the most where it is never reached."""
    for (few, low), (many, high) in zip(
        zip(BUDGETS, curve, strict=True), zip(BUDGETS[1:], curve[1:], strict=False), strict=False
    ):
        if low >= wanted:
            return float(few)
        if high >= wanted:
            return few + (many - few) * (wanted - low) / (high - low)
    return float(BUDGETS[-1])


def _before(each: int) -> int:
    return max((n for n in (0, *ROUNDS) if n < each), default=0)


def _means(ours: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    return round(float(np.mean(ours)), 4), round(float(np.mean(other)), 4)


def _ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    return float(np.mean(ours) / np.mean(other))


# Photographs


def write(folder: Path) -> int:
    """The two sources, a folder for each label; how many photographs."""
    found = [photographs.DATA / name for name in ("trashnet6", "bins3")]
    if not all(one.is_dir() for one in found):
        sys.exit(f"The photographs are not on this machine ({photographs.DATA}).")
    written = 0
    for name, labelled in zip(("known", "new"), _taken(*found), strict=True):
        written += len(labelled)
        for number, (label, content) in enumerate(labelled):
            file = folder / name / label / f"{number:04}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return written


def sources(trashnet: Path, with_shelves: Path) -> tuple[Side, Side]:
    known, new = _taken(trashnet, with_shelves)
    return _side(known), _side(new)


Labelled = list[tuple[str, bytes]]  # a photograph and its label


def _taken(trashnet: Path, with_shelves: Path) -> tuple[Labelled, Labelled]:
    """Those with an odd hash as they are (two in three, of what is here); the others as another
    camera would see their things.
    """
    shelves = [f.read_bytes() for f in sorted(with_shelves.glob("compost/*.jpg"))[:_SHELVES]]
    known: Labelled = []
    new: Labelled = []
    for file in sorted(trashnet.glob("*/*.jpg")):
        content = file.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        if int(sha256[:2], 16) % 2:
            known.append((file.parent.name, content))
        else:
            rng = np.random.default_rng(int(sha256[:16], 16))
            new.append((file.parent.name, another_camera.frame(content, shelves, rng)))
    return known, new


def _side(labelled: Sequence[tuple[str, bytes]]) -> Side:
    contents = [content for _, content in labelled]
    pictures = []
    for (label, content), phash in zip(labelled, photographs.hashed(contents), strict=True):
        sha256 = hashlib.sha256(content).hexdigest()
        pictures.append(Picture("", sha256, label, "", phash))
    return Side(pictures, photographs.embedded(contents))


def _parted(new: Side, seed: int) -> tuple[Side, Side]:
    """What the camera sees, and what is only tested on."""
    order = np.random.default_rng(seed).permutation(len(new.rows))
    at = int(TESTED * len(order))
    return new.only(order[at:].tolist()), new.only(order[:at].tolist())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m bench.gap FOLDER")
    print(f"{write(Path(sys.argv[1])):,} photographs in {sys.argv[1]}")
