"""Which pictures that the model learnt from look most like this one? Those that it was wrong by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.pictures import Picture
from training.shards import Array


@dataclass(frozen=True)
class Learnt:
    """The pictures that taught the model, and what a backbone sees in them and in those that are
    asked about.
    """

    rows: Sequence[Picture]
    features: Array
    asked: Array
    # Whether heads on it tell how the model learns: not where the backbone was taught with all.
    has_curve: bool


@dataclass(frozen=True)
class Neighbour:
    row: Picture
    similarity: float  # the cosine: 1 is the same picture


def nearest(learnt: Learnt, places: Sequence[int], count: int) -> list[list[Neighbour]]:
    """For each of these places among the asked, the most similar first."""
    if not len(learnt.rows):
        return [[] for _ in places]
    lengths = np.linalg.norm(learnt.features, axis=1)
    found = []
    for features in learnt.asked[[*places]]:
        own = float(np.linalg.norm(features))
        cosines = learnt.features @ features / np.maximum(lengths * own, 1e-12)
        order = np.argsort(-cosines, kind="stable")[:count]
        found.append([Neighbour(learnt.rows[i], float(cosines[i])) for i in order])
    return found
