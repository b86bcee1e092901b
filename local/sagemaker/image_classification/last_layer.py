"""How is the network's last layer taught? Softmax regression on what the layers before it see, by
gradient descent; the epoch that knows most validation pictures is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_STEPS = 40  # of gradient descent, which an epoch has
_RATE, _MOMENTUM, _DECAY = 0.3, 0.9, 1e-3


@dataclass(frozen=True)
class Seen:
    features: np.ndarray  # float32 [pictures, channels]
    labels: np.ndarray  # int [pictures]


@dataclass(frozen=True)
class LastLayer:
    weights: np.ndarray  # [classes, channels]
    bias: np.ndarray

    def accuracy(self, seen: Seen) -> float:
        answers = seen.features @ self.weights.T + self.bias
        return float((answers.argmax(axis=1) == seen.labels).mean())


def taught(learn: Seen, start: LastLayer, epochs: int) -> Iterator[LastLayer]:
    """The layer after each epoch."""
    mean, spread = learn.features.mean(axis=0), learn.features.std(axis=0) + 1e-4
    even = (learn.features - mean) / spread
    truth = np.eye(len(start.bias), dtype=np.float32)[learn.labels]
    weights, bias = start.weights * spread, start.bias + start.weights @ mean
    speed, push = np.zeros_like(weights), np.zeros_like(bias)
    for _ in range(epochs):
        for _ in range(_STEPS):
            error = (_softmax(even @ weights.T + bias) - truth) / len(truth)
            speed = _MOMENTUM * speed - _RATE * (error.T @ even + _DECAY * weights)
            push = _MOMENTUM * push - _RATE * error.sum(axis=0)
            weights, bias = weights + speed, bias + push
        yield LastLayer(weights / spread, bias - (weights / spread) @ mean)


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
