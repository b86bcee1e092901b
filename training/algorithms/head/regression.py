"""Which label do 1,280 numbers mean?
Multinomial logistic regression with an L2 penalty, by L-BFGS: no randomness.

The penalty's strength is the one that the validation pictures like best, and so is the temperature
that makes the probabilities honest.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Features = NDArray[np.float32] | NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]

# Strongest first: each warms up the next.
STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)
AXES = 256
_UNTOLD = 0.01  # the strength when there are no validation pictures to ask


@dataclass(frozen=True)
class Head:
    """logits = features @ weights + bias; probabilities = softmax(logits / temperature)."""

    weights: Array
    bias: Array
    strength: float
    temperature: float = 1.0

    def logits(self, features: Features) -> Array:
        return features @ self.weights + self.bias

    def probabilities(self, features: Features) -> Array:
        return softmax(self.logits(features) / self.temperature)


def softmax(logits: Array) -> Array:
    raised: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def train(
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    validation: tuple[NDArray[np.float32], NDArray[np.int64]],
    labels: int,
) -> tuple[Head, Head]:
    """The head of the strength that surprises the validation pictures least: taught with those
    pictures as well, to be shipped; and as it was before that, to choose the threshold by.
    The temperature is from before, too.
    """
    held_out, truth = validation
    mean, axes = main_axes(features)
    head, heads = Head(np.zeros((axes.shape[1], labels)), np.zeros(labels), 0), []
    seen, unseen = (features - mean) @ axes, (held_out - mean) @ axes
    for strength in STRENGTHS:
        head = fit(seen, targets, labels, strength, head)
        heads.append(head)
    if not len(truth):
        only = _outside(next(head for head in heads if head.strength == _UNTOLD), mean, axes)
        return only, only
    even = np.full(len(truth), 1 / len(truth))
    best = min(heads, key=lambda head: log_loss(head.logits(unseen), truth, even))
    best = replace(best, temperature=temperature(best.logits(unseen), truth))
    taught = fit(
        np.concatenate([seen, unseen]),
        np.concatenate([targets, truth]),
        labels,
        best.strength,
        best,
    )
    return _outside(replace(taught, temperature=best.temperature), mean, axes), _outside(
        best, mean, axes
    )


def main_axes(features: NDArray[np.float32]) -> tuple[Array, Array]:
    """The features' mean and the directions in which they differ most.

    The rest is noise that a label with few pictures would be learnt from: without it the worst
    label's recall on bins3 is higher over a dozen splits, and fitting takes a fifth of the time
    (docs/decisions/0001).
    """
    mean = features.mean(axis=0, dtype=np.float64)
    apart = features - mean
    _, axes = np.linalg.eigh(apart.T @ apart)
    return mean, axes[:, ::-1][:, : min(AXES, len(features))]


def _outside(head: Head, mean: Array, axes: Array) -> Head:
    """The same head for features as they come from the backbone."""
    weights = axes @ head.weights
    return replace(head, weights=weights, bias=head.bias - mean @ weights)


def temperature(logits: Array, truth: NDArray[np.int64]) -> float:
    """The divisor of the logits that makes these pictures least surprising (Guo et al. 2017).

    Within 0.5 and 5, so that a few validation pictures, all right by chance, cannot make every
    answer a certainty.
    """
    even = np.full(len(truth), 1 / len(truth))
    return float(
        min(np.geomspace(0.5, 5, 91), key=lambda divisor: log_loss(logits / divisor, truth, even))
    )


def log_loss(logits: Array, targets: NDArray[np.int64], weights: Array) -> float:
    """The mean surprise at the true labels,
    each picture counted by its weight (the weights sum to one).
    """
    raised = logits - logits.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(raised).sum(axis=1)) - raised[np.arange(len(targets)), targets]
    return float(weights @ surprise)


def fit(
    features: Array, targets: NDArray[np.int64], labels: int, strength: float, start: Head
) -> Head:
    """The head for one strength, warmed up by another's."""
    weights = balanced(targets, labels)
    width = features.shape[1]
    truth = np.eye(labels)[targets]

    def objective(point: Array) -> tuple[float, Array]:
        w, b = point[:-labels].reshape(width, labels), point[-labels:]
        logits = features @ w + b
        error = (softmax(logits) - truth) * weights[:, None]
        slope = np.concatenate([(features.T @ error + strength * w).ravel(), error.sum(axis=0)])
        return log_loss(logits, targets, weights) + strength / 2 * float((w * w).sum()), slope

    point = minimise(objective, np.concatenate([start.weights.ravel(), start.bias]))
    return Head(point[:-labels].reshape(width, labels), point[-labels:], strength)


def balanced(targets: NDArray[np.int64], labels: int) -> Array:
    """Weights that sum to one and let every label speak as loudly as the others, however few
    pictures it has.
    """
    counts = np.bincount(targets, minlength=labels)
    return 1.0 / (counts[targets] * np.count_nonzero(counts))


def minimise(objective: Objective, point: Array, rounds: int = 100, memory: int = 10) -> Array:
    """L-BFGS with backtracking (Nocedal & Wright, algorithm 7.5), for a smooth convex objective."""
    steps: deque[tuple[Array, Array]] = deque(maxlen=memory)
    value, slope = objective(point)
    for _ in range(rounds):
        if np.abs(slope).max() < 1e-6:
            break
        step, lower, next_slope = _downhill(objective, point, value, slope, -_curved(slope, steps))
        if value - lower < 1e-10 * max(1.0, abs(value)):
            break
        change = next_slope - slope
        if step @ change > 1e-12:
            steps.append((step, change))
        point, value, slope = point + step, lower, next_slope
    return point


def _downhill(
    objective: Objective, point: Array, value: float, slope: Array, direction: Array
) -> tuple[Array, float, Array]:
    """A step in this direction, halved until it gains enough for its length (Armijo's rule), and
    the objective after it.
    """
    descent, length = float(slope @ direction), 1.0
    lower, next_slope = objective(point + direction)
    while lower > value + 1e-4 * length * descent and length > 1e-9:
        length /= 2
        lower, next_slope = objective(point + length * direction)
    return length * direction, lower, next_slope


def _curved(slope: Array, steps: Sequence[tuple[Array, Array]]) -> Array:
    """The slope times what the last steps taught about the inverse Hessian."""
    result, shares = slope.copy(), []
    for step, change in reversed(steps):
        share = float(step @ result) / float(step @ change)
        shares.append(share)
        result -= share * change
    if steps:
        step, change = steps[-1]
        result *= float(step @ change) / float(change @ change)
    for (step, change), share in zip(steps, reversed(shares), strict=True):
        result += (share - float(change @ result) / float(step @ change)) * step
    return result
