"""How confident may a network be that learnt elsewhere? Its last layer is kept; the validation
pictures choose the temperature and the threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lensloop.model.scores import reject_threshold
from lensloop.wire.errors import BadArtifact
from training.algorithms.head import calibration
from training.out_of_fold import Answered
from training.pictures import Picture
from training.shards import Array


@dataclass(frozen=True)
class Calibrated:
    temperature: float
    reject_threshold: float
    answered: Answered  # the validation pictures: it was not taught with them


def calibrated(
    rows: Sequence[Picture], logits: NDArray[np.float64], labels: Sequence[str]
) -> Calibrated:
    """`logits` for each of the rows; those of the validation are looked at."""
    held_out = [place for place, row in enumerate(rows) if row.split == "validation"]
    asked, truth = logits[held_out], targets([rows[place] for place in held_out], labels)
    temperature = calibration.temperature(asked, truth) if held_out else 1.0
    probabilities = calibration.softmax(asked / temperature)
    right = probabilities.argmax(axis=1) == truth
    threshold = reject_threshold(right.tolist(), probabilities.max(axis=1).tolist())
    return Calibrated(
        temperature, threshold, Answered([rows[place] for place in held_out], probabilities)
    )


def surprise(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """How little these answers fit, at their best temperature."""
    even = np.full(len(truth), 1 / len(truth))
    return calibration.log_loss(logits / calibration.temperature(logits, truth), truth, even)


def targets(rows: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.int64]:
    return np.array([labels.index(row.label) for row in rows], np.int64)


def logits_of(features: Array, last_layer: tuple[Array, Array]) -> NDArray[np.float64]:
    weights, bias = last_layer
    return features.astype(np.float64) @ weights + bias


def check_labels(count: int, labels: Sequence[str], whose: str) -> None:
    if count != len(labels):
        raise BadArtifact(
            f"{whose} answers for {count} labels, and the data set has {len(labels)}:"
            f" {', '.join(labels)}."
        )
