"""Which pictures that the model learnt from look most like this one? Those that it was wrong by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.pictures import Picture
from training.shards import Array


@dataclass(frozen=True)
class Learnt:
    """The pictures that taught the model, and what its backbone sees in them."""

    rows: Sequence[Picture]
    features: Array


@dataclass(frozen=True)
class Neighbour:
    row: Picture
    similarity: float  # the cosine: 1 is the same picture


def nearest(learnt: Learnt, asked: Array, count: int) -> list[list[Neighbour]]:
    """For each of the asked features, the most similar first."""
    if not len(learnt.rows):
        return [[] for _ in asked]
    lengths = np.linalg.norm(learnt.features, axis=1)
    found = []
    for features in asked:
        own = float(np.linalg.norm(features))
        cosines = learnt.features @ features / np.maximum(lengths * own, 1e-12)
        order = np.argsort(-cosines, kind="stable")[:count]
        found.append([Neighbour(learnt.rows[i], float(cosines[i])) for i in order])
    return found
