"""Which label do 1,280 numbers mean? Multinomial logistic regression with an L2 penalty, by L-BFGS: no randomness.

The penalty's strength is the one that the validation pictures like best, and so is the temperature that makes the
probabilities honest.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]

STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)  # strongest first: each warms up the next
_UNTOLD = 0.01  # the strength when there are no validation pictures to ask


@dataclass(frozen=True)
class Head:
    """logits = features @ weights + bias; probabilities = softmax(logits / temperature)."""

    weights: Array
    bias: Array
    strength: float
    temperature: float = 1.0

    def logits(self, features: NDArray[np.float32]) -> Array:
        return features @ self.weights + self.bias

    def probabilities(self, features: NDArray[np.float32]) -> Array:
        return softmax(self.logits(features) / self.temperature)


def softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def train(
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    validation: tuple[NDArray[np.float32], NDArray[np.int64]],
    labels: int,
) -> Head:
    """The head that surprises the validation pictures least, at the temperature that suits them."""
    told, truth = validation
    even = np.full(len(truth), 1 / max(len(truth), 1))
    head = Head(np.zeros((features.shape[1], labels)), np.zeros(labels), 0)
    exact, heads = features.astype(np.float64), []
    for strength in STRENGTHS:
        head = fit(exact, targets, labels, strength, head)
        heads.append(head)
    if not len(truth):
        return next(head for head in heads if head.strength == _UNTOLD)
    best = min(heads, key=lambda head: log_loss(head.logits(told), truth, even))
    return replace(best, temperature=temperature(best.logits(told), truth))


def temperature(logits: Array, truth: NDArray[np.int64]) -> float:
    """The divisor of the logits that makes these pictures least surprising (Guo et al. 2017).

    Within 0.5 and 5, so that a few validation pictures, all right by chance, cannot make every answer a certainty.
    """
    even = np.full(len(truth), 1 / len(truth))
    return float(min(np.geomspace(0.5, 5, 91), key=lambda divisor: log_loss(logits / divisor, truth, even)))


def log_loss(logits: Array, targets: NDArray[np.int64], weights: Array) -> float:
    """The mean surprise at the true labels, each picture counted by its weight (the weights sum to one)."""
    raised = logits - logits.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(raised).sum(axis=1)) - raised[np.arange(len(targets)), targets]
    return float(weights @ surprise)


def fit(features: Array, targets: NDArray[np.int64], labels: int, strength: float, start: Head) -> Head:
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
    """Weights that sum to one and let every label speak as loudly as the others, however few pictures it has."""
    counts = np.bincount(targets, minlength=labels)
    return 1.0 / (counts[targets] * np.count_nonzero(counts))


def minimise(objective: Objective, point: Array, rounds: int = 200, memory: int = 10) -> Array:
    """L-BFGS with backtracking (Nocedal & Wright, algorithm 7.5), for a smooth convex objective."""
    steps: deque[tuple[Array, Array]] = deque(maxlen=memory)
    value, slope = objective(point)
    for _ in range(rounds):
        if np.abs(slope).max() < 1e-6:
            break
        direction = -_curved(slope, steps)
        descent, length = float(slope @ direction), 1.0
        while (new := objective(point + length * direction))[0] > value + 1e-4 * length * descent and length > 1e-9:
            length /= 2
        step, change = length * direction, new[1] - slope
        if value - new[0] < 1e-10 * max(1.0, abs(value)):
            break
        if step @ change > 1e-12:
            steps.append((step, change))
        point, (value, slope) = point + step, new
    return point


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
