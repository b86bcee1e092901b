"""Which label do a picture's features mean? Linear discriminants: each label by its mean, and one
covariance within all labels, drawn towards a multiple of the identity (decision 0010).

In closed form, without randomness. What a fold adds to the covariance is taken away again for the
heads that are not taught with it, so answers out of fold cost little more than the head itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from training.algorithms.head.calibration import (
    Array,
    Targets,
    balanced,
    log_loss,
    readiness,
    softmax,
    temperature,
)

Features = NDArray[np.float32]

# Shares of the identity. Weaker ones learn noise; a stronger one was liked by few pictures and was
# worse for others (bench/head.py).
SHRINKAGES = (0.1, 0.2, 0.3, 0.5)
UNTOLD = 0.3  # when no picture can be asked: what most collections like
_TYPICAL = 6.0  # the temperature then: of a few hundred pictures with as many features
_ROWS = 4096  # pictures at a time: 50 MB, whatever the collection
_NEVER = -1e6  # the logit of a label that was not taught
EVERY = -1  # in place of a fold: pictures that teach every head, and are asked by none


@dataclass(frozen=True)
class Head:
    """logits = features @ weights + bias; probabilities = softmax(logits / temperature)."""

    weights: Array
    bias: Array
    temperature: float = 1.0

    def logits(self, features: Features) -> Array:
        return np.asarray(features @ self.weights.astype(np.float32) + self.bias, np.float64)

    def probabilities(self, features: Features) -> Array:
        return softmax(self.logits(features) / self.temperature)


@dataclass(frozen=True)
class Taught:
    head: Head
    shrinkage: float
    folds: Targets
    asked: NDArray[np.bool_]  # the pictures that a head without their fold could answer for
    probabilities: Array  # what those heads predict, [asked, labels]
    # By label: a head as calibrated as this one that was not taught it, and never names it.
    without: Mapping[int, Head] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """The directions in which these features differ at all: fewer than the features, where there
    are fewer pictures. A head taught there is the same head, sooner.
    """

    mean: Features
    axes: Features | None  # None: all of them

    @classmethod
    def of(cls, features: Features) -> "Span":
        mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        if len(features) >= features.shape[1]:
            return cls(mean, None)
        apart = features - mean
        squares, among = np.linalg.eigh((apart @ apart.T).astype(np.float64))
        kept = squares > 1e-6 * max(squares[-1], 1e-12)  # float32 knows no less
        axes = apart.T @ (among[:, kept] / np.sqrt(squares[kept])).astype(np.float32)
        return cls(mean, axes)

    def places(self, features: Features) -> Features:
        apart = features - self.mean
        return apart if self.axes is None else np.asarray(apart @ self.axes)

    def outside(self, head: Head) -> Head:
        """The same head for features as they come from the backbone."""
        weights = head.weights if self.axes is None else self.axes.astype(np.float64) @ head.weights
        return replace(head, weights=weights, bias=head.bias - self.mean @ weights)

    @property
    def width(self) -> int:
        return len(self.mean)


@dataclass(frozen=True)
class _Moments:
    """What discriminants need to know of some pictures. Those of two parts add up."""

    counts: Array  # of each label
    sums: Features  # of each label's places
    squares: Features  # of all places, each picture by its weight

    @classmethod
    def of(cls, places: Features, targets: Targets, weights: Array) -> "_Moments":
        labels = len(weights)
        sums = np.zeros((labels, places.shape[1]), np.float32)
        squares = np.zeros((places.shape[1],) * 2, np.float32)
        for start in range(0, len(places), _ROWS):
            some, theirs = places[start : start + _ROWS], targets[start : start + _ROWS]
            sums += np.eye(labels, dtype=np.float32)[theirs].T @ some
            squares += (some * weights[theirs, None].astype(np.float32)).T @ some
        return cls(np.bincount(targets, minlength=labels).astype(np.float64), sums, squares)

    def __add__(self, other: "_Moments") -> "_Moments":
        return self._with(other, 1)

    def __sub__(self, other: "_Moments") -> "_Moments":
        return self._with(other, -1)

    def _with(self, other: "_Moments", sign: int) -> "_Moments":
        return _Moments(
            self.counts + sign * other.counts,
            self.sums + sign * other.sums,
            self.squares + sign * other.squares,
        )

    def heads(self, weights: Array, shrinkages: Sequence[float], width: int) -> Iterator[Head]:
        """One for each shrinkage. `width`: of the features, whose variance the identity shares."""
        means = self.sums / np.maximum(self.counts, 1).astype(np.float32)[:, None]
        heard = weights * self.counts
        within = self.squares - (means * heard.astype(np.float32)[:, None]).T @ means
        within /= max(float(heard.sum()) - len(heard), 1)
        # As wide at least as a tenth of what all differ by: of labels with a single picture nobody
        # knows how their pictures differ.
        overall = float(np.trace(self.squares)) / max(float(heard.sum()), 1)
        even = max(float(np.trace(within)), overall / 10, 1e-6) / width
        for shrinkage in shrinkages:
            covariance = (1 - shrinkage) * within
            covariance[np.diag_indices(len(covariance))] += np.float32(shrinkage * even)
            slopes = np.linalg.solve(covariance, means.T).astype(np.float64)
            bias = -0.5 * (means.T * slopes).sum(axis=0)
            yield Head(
                np.where(self.counts > 0, slopes, 0), np.where(self.counts > 0, bias, _NEVER)
            )


def fit(
    places: Features, targets: Targets, labels: int, width: int, shrinkage: float = UNTOLD
) -> Head:
    """The head for one shrinkage, uncalibrated, in a span of features of that width."""
    weights = _loudness(targets, labels)
    (head,) = _Moments.of(places, targets, weights).heads(weights, (shrinkage,), width)
    return head


def teach(
    features: Features,
    targets: Targets,
    folds: Targets,
    labels: int,
    left_out: Sequence[int] = (),
) -> Taught:
    """A head taught with all of these pictures; each belongs to a fold, or to EVERY. Shrinkage,
    temperature and how readily each label is named are chosen by what heads without a picture's
    fold predict.

    `left_out`: labels of which each is asked for a head without it.
    """
    span = Span.of(features)
    places, weights = span.places(features), _loudness(targets, labels)
    parts = {
        fold: _Moments.of(places[folds == fold], targets[folds == fold], weights)
        for fold in np.unique(folds).tolist()
    }
    whole, *others = parts.values()
    for part in others:
        whole = whole + part
    asked, logits = _out_of_fold(whole, parts, (places, targets, folds), weights, span.width)
    if not asked.any():
        (head,) = whole.heads(weights, (UNTOLD,), span.width)
        head = replace(span.outside(head), temperature=_TYPICAL)
        return Taught(head, UNTOLD, folds, asked, np.empty((0, labels)))
    best = _least_surprised(logits[:, asked], targets[asked])
    (raw,) = whole.heads(weights, (SHRINKAGES[best],), span.width)
    head, chances = _calibrated(span.outside(raw), logits[best, asked], targets[asked])
    without = {}
    for label in left_out:
        its = targets == label
        rest = whole - _Moments.of(places[its], targets[its], weights)
        (other,) = rest.heads(weights, (SHRINKAGES[best],), span.width)
        without[label] = _as_calibrated(span.outside(other), head, span.outside(raw))
    return Taught(head, SHRINKAGES[best], folds, asked, chances, without)


def _out_of_fold(
    whole: _Moments,
    parts: Mapping[int, _Moments],
    of: tuple[Features, Targets, Targets],
    weights: Array,
    width: int,
) -> tuple[NDArray[np.bool_], Array]:
    """Which of these (places, targets and folds) a head without their fold can answer for, and the
    logits of those heads, [shrinkages, pictures, labels].
    """
    places, targets, folds = of
    asked = np.zeros(len(targets), bool)
    logits = np.zeros((len(SHRINKAGES), len(targets), len(weights)))
    for fold, part in parts.items():
        if fold == EVERY:
            continue
        rest, left = whole - part, folds == fold
        asked |= left & (rest.counts > 0)[targets]
        if rest.counts.any():
            heads = rest.heads(weights, SHRINKAGES, width)
            for number, head in enumerate(heads):
                logits[number, left] = _floored(head.logits(places[left]))
    return asked, logits


def _as_calibrated(other: Head, head: Head, raw: Head) -> Head:
    """`raw` is `head` before it was calibrated."""
    return replace(other, bias=other.bias + head.bias - raw.bias, temperature=head.temperature)


def _floored(logits: Array) -> Array:
    """A label that a head was not taught is as unlikely as the least likely that it was."""
    taught = logits > _NEVER / 2
    lowest = np.where(taught, logits, np.inf).min(axis=1, keepdims=True)
    return np.asarray(np.where(taught, logits, lowest))


def _least_surprised(logits: Array, truth: Targets) -> int:
    """Which of these, each at its best temperature, with every label as loud as the others."""
    weights = balanced(truth, logits.shape[2])
    surprises = [
        log_loss(some / temperature(some, truth, weights), truth, weights) for some in logits
    ]
    return int(np.argmin(surprises))


def _calibrated(head: Head, logits: Array, truth: Targets) -> tuple[Head, Array]:
    """The head as it is to be shipped, and what the others predict when they do as it does.
    `logits`: theirs, out of fold.
    """
    raised = readiness(logits, truth, temperature(logits, truth))
    divisor = temperature(logits + raised, truth)
    head = replace(head, bias=head.bias + raised, temperature=divisor)
    return head, softmax((logits + raised) / divisor)


def _loudness(targets: Targets, labels: int) -> Array:
    """Of a picture of each label, one on average, so that a label with few pictures says as much as
    any other about how pictures of one label differ.
    """
    counts = np.bincount(targets, minlength=labels)
    return np.asarray(len(targets) / (np.maximum(counts, 1) * np.count_nonzero(counts)))
