"""How little is a picture like anything that a model was taught? Two signs, each by how rare it is
among pictures of known labels: features that lie off the main axes of what was learnt, and doubt
between the labels.

The first finds other kinds of pictures, and the second things between two labels; each alone finds
fewer of both (bench/head.py, decisions 0010 and 0018).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.algorithms.head.backbone import LAST_LAYER
from training.algorithms.head.calibration import Array, Targets
from training.algorithms.head.discriminant import Taught
from training.shards import Array as Features

AXES = 24  # of the last layer; as half floats 61 kB of the model's file, and more tell little more
FALSE_ALARMS = 0.05  # of the pictures of known labels
# Shares of the known pictures above each knot of a rarity.
_ABOVE = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
_FEWEST = 40  # pictures that were asked: of fewer, one in twenty is chance
_ROUNDS = 30  # of looking for the axes
_FEWER = 5  # from where those of nearly the same pictures lie
TINY = 1e-6  # a probability below which a label is no doubt


@dataclass(frozen=True)
class Rarity:
    """How rare is a value as high as this? Minus the logarithm of the share of known pictures that
    have one, on straight lines between knots; beyond the last it goes on as it came.
    """

    knots: Array
    bends: Array  # how much steeper it gets at each knot

    @classmethod
    def of(cls, known: Array) -> "Rarity":
        ranked, lowest = np.quantile(known, 1 - np.array(_ABOVE)), float(known.min())
        knots, rares = [lowest], [0.0]
        for knot, above in zip(ranked.tolist(), _ABOVE, strict=True):
            if knot > knots[-1] + 1e-6:
                knots.append(knot)
                rares.append(-float(np.log(above)))
        slopes = np.diff(rares) / np.diff(knots) if len(knots) > 1 else np.zeros(1)
        return cls(np.array(knots[: len(slopes)]), np.diff(slopes, prepend=0))

    def __call__(self, values: Array) -> Array:
        return np.asarray(np.maximum(values[:, None] - self.knots, 0) @ self.bends)


@dataclass(frozen=True)
class Axes:
    """Of the last layer's features: their mean, and the directions in which they differ most."""

    mean: NDArray[np.float32]
    directions: NDArray[np.float16]

    def off(self, features: Features) -> Array:
        """The square of how far each lies off them."""
        apart = features[:, -len(self.mean) :] - self.mean
        along = apart @ self.directions.astype(np.float32)
        return np.asarray((apart**2).sum(axis=1) - (along**2).sum(axis=1), np.float64)


@dataclass(frozen=True)
class Familiarity:
    axes: Axes
    strangeness: Rarity
    doubt: Rarity

    def unfamiliar(self, features: Features, probabilities: Array) -> Array:
        """Higher is less familiar."""
        return self.strangeness(self.axes.off(features)) + self.doubt(entropy(probabilities))


def entropy(probabilities: Array) -> Array:
    return np.asarray(-(probabilities * np.log(probabilities + TINY)).sum(axis=1))


Moments = tuple[float, NDArray[np.float32], NDArray[np.float32]]
Told = tuple[Familiarity, float]  # and the value above which a picture is unfamiliar


@dataclass(frozen=True)
class Known:
    """How pictures that could be asked look to axes and heads that were not taught with them."""

    taught: Taught
    seen: Features  # the last layer's, of all pictures
    moments: Moments
    axes: Axes
    off: Array  # of those asked, each off axes that were not taught with its fold

    @classmethod
    def of(cls, features: Features, taught: Taught) -> "Known | None":
        """None where too few pictures could be asked."""
        if taught.asked.sum() < _FEWEST:
            return None
        seen = features[:, -LAST_LAYER:]
        moments, off = _moments(seen), np.zeros(len(seen))
        for fold, axes in _without_each_fold(seen, taught.folds, moments):
            off[taught.folds == fold] = axes.off(seen[taught.folds == fold])
        return cls(taught, seen, moments, _axes(*moments), off[taught.asked])

    def familiarity(self) -> Told:
        return _found(self.axes, self.off, self.taught.probabilities)

    def without(self, targets: Targets, label: int) -> Told | None:
        """As if nothing of that label had been taught, but for what is rare among the other labels'
        pictures: that is told by axes that know it, and by what is left of the heads' answers
        (decision 0010 says what that costs). None where too few others could be asked.
        """
        others = targets[self.taught.asked] != label
        if others.sum() < _FEWEST:
            return None
        chances = self.taught.probabilities[others]
        chances[:, label] = 0
        chances /= np.maximum(chances.sum(axis=1, keepdims=True), TINY)
        count, total, squares = self.moments
        less, part, theirs = _moments(self.seen[targets == label])
        near = self.axes.directions
        axes = _axes(count - less, total - part, squares - theirs, near)
        return _found(axes, self.off[others], chances)


def familiarity(features: Features, taught: Taught) -> Told | None:
    """None where too few pictures could be asked."""
    known = Known.of(features, taught)
    return known.familiarity() if known else None


def familiarity_by_others(taught: Features, asked: Features, probabilities: Array) -> Told | None:
    """The same of a network that knows its own pictures by heart: their axes, and what others that
    did not teach it lie off them. `probabilities`: what it answers for those others.
    """
    if len(asked) < _FEWEST:
        return None
    axes = _axes(*_moments(taught))
    return _found(axes, axes.off(asked), probabilities)


def _found(axes: Axes, off: Array, probabilities: Array) -> Told:
    """By pictures that taught nothing: how far off the axes, and what is answered for them."""
    doubts = entropy(probabilities)
    found = Familiarity(axes, Rarity.of(off), Rarity.of(doubts))
    known = found.strangeness(off) + found.doubt(doubts)
    return found, round(float(np.quantile(known, 1 - FALSE_ALARMS)), 4)


def _without_each_fold(
    seen: Features, folds: Targets, moments: Moments
) -> Iterator[tuple[int, Axes]]:
    count, total, squares = moments
    for fold in np.unique(folds).tolist():
        less, part, theirs = _moments(seen[folds == fold])
        if count > less:
            yield fold, _axes(count - less, total - part, squares - theirs)


def _moments(seen: Features) -> Moments:
    return float(len(seen)), seen.sum(axis=0), seen.T @ seen


def _axes(
    count: float,
    total: NDArray[np.float32],
    squares: NDArray[np.float32],
    near: NDArray[np.float16] | None = None,
) -> Axes:
    """By subspace iteration from a fixed start: what matters is that most of the differences lie
    along them, not which they are. `near`: the directions of nearly the same pictures.
    """
    mean = total / np.float32(count)
    apart = squares / np.float32(count) - np.outer(mean, mean)
    rounds = _ROUNDS if near is None else _FEWER
    start = np.random.default_rng(0).normal(size=(len(mean), min(AXES, len(mean))))
    directions = np.linalg.qr((start if near is None else near).astype(np.float32)).Q
    for _ in range(rounds):
        directions = np.linalg.qr(apart @ directions).Q
    return Axes(mean, directions.astype(np.float16))
