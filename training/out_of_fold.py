"""What do models that were not taught with a picture predict for it? Cross-validated answers: for
doubts about labels, and for every figure that must not come from what was learnt by heart.

Near-duplicates share a fold, so that a wrong label has no twin to vouch for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lensloop.dataset.near_duplicates import DISTANCES, components, near_pairs, plausible
from lensloop.model.scores import reject_threshold
from training.pictures import Picture, numbered

# Each picture is judged by a head that was fitted to nine tenths of the others. With four fifths of
# them, the head of all was confident too little: it knows more than those that spoke for it.
FOLDS = 10


@dataclass(frozen=True)
class Answered:
    """Pictures, and for each what a model that was not taught
    with it predicts: float [pictures, labels].
    """

    rows: Sequence[Picture]
    probabilities: NDArray[np.float64]

    def reject_threshold(self, labels: Sequence[str]) -> float:
        """The confidence below which answers deserve a second look."""
        right = self.probabilities.argmax(axis=1) == numbered(self.rows, labels)
        return reject_threshold(right.tolist(), self.probabilities.max(axis=1).tolist())


def folds(rows: Sequence[Picture]) -> NDArray[np.int64]:
    """The fold of each picture, by the content of the first of its near-duplicates."""
    hashes = [int(row.phash, 16) for row in rows]
    first: dict[int, str] = {}
    for value, row in zip(hashes, rows, strict=True):
        first[value] = min(first.get(value, row.sha256), row.sha256)
    fold: dict[int, int] = {}
    for group in _groups(list(first)):
        fold |= dict.fromkeys(group, int(first[group[0]][-8:], 16) % FOLDS)
    return np.array([fold[value] for value in hashes], np.int64)


def _groups(hashes: list[int]) -> list[list[int]]:
    """Near-duplicates together, as the split has them."""
    for distance in DISTANCES:
        pairs = near_pairs(hashes, (), distance)
        groups = None if pairs is None else components(hashes, pairs)
        if groups and plausible(max(map(len, groups)), len(hashes)):
            return groups
    return [[value] for value in hashes]
