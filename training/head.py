"""Which label do 1,280 numbers mean? Multinomial logistic regression with an L2 penalty, by L-BFGS: no randomness.

The penalty's strength is the one that the validation pictures like best, and so is the temperature that makes the
probabilities honest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

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
