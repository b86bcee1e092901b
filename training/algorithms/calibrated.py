"""How confident may a network be that learnt elsewhere, and what is unfamiliar to it? Its last
layer is kept; the validation pictures choose the temperature and the thresholds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lensloop.wire.errors import BadArtifact
from training.algorithms.contract import Trained
from training.algorithms.head import calibration
from training.algorithms.head.backbone import Graph
from training.algorithms.head.export import add_familiarity
from training.algorithms.head.familiarity import Familiarity, familiarity_by_others
from training.out_of_fold import Answered
from training.pictures import Picture, numbered
from training.shards import Array


@dataclass(frozen=True)
class Calibrated:
    temperature: float
    reject_threshold: float
    answered: Answered  # the validation pictures: it was not taught with them

    def trained(
        self,
        model: bytes,
        rows: Sequence[Picture],
        facts: Mapping[str, Any],
        unfamiliar_threshold: float | None = None,
    ) -> Trained:
        """With that model file; `rows` are those that it learnt from."""
        return Trained(
            model=model,
            learnt_from=rows,
            out_of_fold=self.answered,
            temperature=self.temperature,
            reject_threshold=self.reject_threshold,
            unfamiliar_threshold=unfamiliar_threshold,
            facts=facts,
        )


def calibrated(
    rows: Sequence[Picture], logits: NDArray[np.float64], labels: Sequence[str]
) -> Calibrated:
    """`logits` for each of the rows; those of the validation are looked at."""
    places = [place for place, row in enumerate(rows) if row.split == "validation"]
    held_out, asked = [rows[place] for place in places], logits[places]
    temperature = calibration.temperature(asked, numbered(held_out, labels))
    answered = Answered(held_out, calibration.softmax(asked / temperature))
    return Calibrated(temperature, answered.reject_threshold(labels), answered)


def familiarity(
    rows: Sequence[Picture], seen: Array, answered: Answered
) -> tuple[Familiarity, float] | None:
    """And the value above which a picture is unfamiliar. `seen`: what the last layer is given for
    each of the rows; `answered`: the validation pictures among them. The training pictures are what
    it was taught, and look more familiar to it than any other: so they are the axes, and say
    nothing of how far off them a picture may be. None where too few pictures could be asked.
    """
    held_out = np.array([row.split == "validation" for row in rows], bool)
    apart = of_length_one(seen)
    return familiarity_by_others(apart[~held_out], apart[held_out], answered.probabilities)


def of_length_one(seen: Array) -> Array:
    """What a network sees in a picture, whatever the contrast and the network's own scale."""
    lengths = np.linalg.norm(seen, axis=1, keepdims=True)
    return np.asarray(seen / np.where(lengths > 0, lengths, 1))


def add_unfamiliar(
    graph: Graph, seen: str, probabilities: str, labels: int, familiar: Familiarity
) -> str:
    """The second output of a model whose last layer is given `seen`."""
    apart = graph.node("LpNormalization", seen, axis=1, p=2)
    return add_familiarity(graph, apart, probabilities, labels, familiar)


def surprise(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """How little these answers fit, at their best temperature."""
    even = np.full(len(truth), 1 / len(truth))
    return calibration.log_loss(logits / calibration.temperature(logits, truth), truth, even)


def logits_of(features: Array, last_layer: tuple[Array, Array]) -> NDArray[np.float64]:
    weights, bias = last_layer
    return features.astype(np.float64) @ weights + bias


def check_labels(count: int, labels: Sequence[str], whose: str) -> None:
    if count != len(labels):
        raise BadArtifact(
            f"{whose} answers for {count} labels, and the data set has {len(labels)}:"
            f" {', '.join(labels)}."
        )
