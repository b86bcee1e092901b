"""How confident may a classifier be, and how readily may it name each label? What it answers for
pictures that taught it nothing decides.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Targets = NDArray[np.int64]

# Of the temperature. Below one: a network that was taught with softened labels. The most: where
# nothing can be learnt, discriminants of many features are off by some dozens.
_COOLEST, _HOTTEST = 0.25, 100.0
_HALVINGS = 40  # by the golden section: the temperature to one in a million
_ROUNDS = 50  # of the readiness; it settles within ten or twenty


def softmax(logits: Array) -> Array:
    raised: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def balanced(targets: Targets, labels: int, power: float = 1.0) -> Array:
    """Weights that sum to one. By the first power every label speaks as loudly as the others,
    however few pictures it has; by the power of nothing, every picture.
    """
    counts = np.maximum(np.bincount(targets, minlength=labels), 1)
    weights = counts[targets] ** -power
    return np.asarray(weights / max(weights.sum(), 1e-12))


def log_loss(logits: Array, targets: Targets, weights: Array) -> float:
    """The mean surprise at the true labels, each picture counted by its weight (the weights sum to
    one).
    """
    raised = logits - logits.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(raised).sum(axis=1)) - raised[np.arange(len(targets)), targets]
    return float(weights @ surprise)


def temperature(logits: Array, truth: Targets, weights: Array | None = None) -> float:
    """The divisor of the logits that makes these pictures least surprising (Guo et al. 2017).

    With one more picture imagined that could be anything, as Platt (1999) has it: a few pictures,
    all right by chance, cannot make every answer a certainty.
    """
    if not len(truth):
        return 1.0
    each = np.full(len(truth), 1 / len(truth)) if weights is None else weights
    doubt = 1 / (len(truth) + 1)
    true = logits[np.arange(len(truth)), truth]
    aimed = (1 - doubt) * true + doubt * logits.mean(axis=1)

    def loss(power: float) -> float:
        divided = logits / math.exp(power)
        most = divided.max(axis=1)
        spread = np.log(np.exp(divided - most[:, None]).sum(axis=1)) + most
        return float(each @ (spread - aimed / math.exp(power)))

    return math.exp(_lowest(loss, math.log(_COOLEST), math.log(_HOTTEST)))


def readiness(logits: Array, truth: Targets, divisor: float) -> Array:
    """What to add to each label's logits, so that labels are named as often as they are there.

    Pictures count by the root of how few their label has: halfway between being right about most
    pictures, which gives a small label away, and about every label alike, which finds it everywhere
    (bench/head.py). Of every label one more is imagined, so that a few pictures shift it little; a
    label that is not there at all stays where it is.
    """
    counts = np.bincount(truth, minlength=logits.shape[1])
    present = counts > 0
    weights = balanced(truth, len(counts), 0.5) * len(truth)
    there = np.bincount(truth, weights, minlength=len(counts))[present]
    raised = np.zeros(len(there))
    for _ in range(_ROUNDS):
        named = weights @ softmax((logits[:, present] + raised) / divisor)
        step = divisor * np.log((there + 1) / (named + 1))
        raised += step
        if np.abs(step).max(initial=0) < divisor / 1000:
            break
    every = np.zeros(len(counts))
    every[present] = raised - raised.mean() if len(raised) else raised
    return every


def _lowest(value: Callable[[float], float], left: float, right: float) -> float:
    """Where a function with one valley is lowest, by the golden section."""
    share = (math.sqrt(5) - 1) / 2
    near, far = right - share * (right - left), left + share * (right - left)
    at_near, at_far = value(near), value(far)
    for _ in range(_HALVINGS):
        if at_near <= at_far:
            right, far, at_far = far, near, at_near
            near = right - share * (right - left)
            at_near = value(near)
        else:
            left, near, at_near = near, far, at_far
            far = left + share * (right - left)
            at_far = value(far)
    return (left + right) / 2
