"""Which labels may be wrong? Every picture is answered by a head that never saw it, and listed
if it is surely another.

How surely, and that the penalty is strong, was chosen by what bench/suspicious_labels.py measures.
Confident learning (Northcutt, Jiang, Chuang 2021), which asks less of labels that are hard to tell,
was tried and not kept: with as many wrong labels found, more of its list were right ones.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lensloop.dataset.near_duplicates import DISTANCES, components, near_pairs, plausible
from lensloop.dataset.suspicious import FILE, FORMAT
from training.algorithms.head.regression import Array, Head, fit, main_axes
from training.pictures import Picture, Pictures

FOLDS = 5  # each picture is judged by a head that was fitted to the other four fifths
STRENGTH = 0.1  # of the penalty; with a weaker one a head begins to believe wrong labels
MARGIN = 0.5  # of probability, between another label and the picture's own
_SHEET = 48  # thumbnails; the table beside them has all


@dataclass(frozen=True)
class Answered:
    """Pictures, and for each what a model that was not taught
    with it predicts: float [pictures, labels].
    """

    rows: Sequence[Picture]
    probabilities: Array


def out_of_fold(
    rows: Sequence[Picture], features: NDArray[np.float32], labels: Sequence[str]
) -> Answered:
    """Cross-validated answers for pictures that were learnt from. Near-duplicates share a fold, so
    that a wrong label has no twin to vouch for it; a picture is passed over when its label has none
    in the other folds.
    """
    targets = np.array([labels.index(row.label) for row in rows], np.int64)
    mean, axes = main_axes(features)
    places, home = (features - mean) @ axes, folds(rows)
    answers, asked = np.empty((len(rows), len(labels))), np.zeros(len(rows), bool)
    head = Head(np.zeros((axes.shape[1], len(labels))), np.zeros(len(labels)), 0)
    for fold in range(FOLDS):
        left, learn = home == fold, home != fold
        if not left.any() or not learn.any():
            continue
        head = fit(places[learn], targets[learn], len(labels), STRENGTH, head)
        answers[left] = head.probabilities(places[left])
        asked |= left & np.isin(targets, targets[learn])
    return Answered([row for row, was in zip(rows, asked, strict=True) if was], answers[asked])


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


def suspects(targets: NDArray[np.int64], probabilities: Array) -> list[tuple[int, int]]:
    """The rows whose label may be wrong, each with the label that it may have instead; sorted by
    the probability of that, which is the figure that people are shown.
    """
    if not len(targets):
        return []
    every = np.arange(len(targets))
    others = probabilities.copy()
    others[every, targets] = -1
    other = others.argmax(axis=1)
    shown = others[every, other]
    margin = shown - probabilities[every, targets]
    order = np.argsort(-shown, kind="stable")
    return [(int(i), int(other[i])) for i in order if margin[i] >= MARGIN]


def write(
    folder: Path, answered: Sequence[Answered], labels: Sequence[str], pictures: Pictures
) -> int:
    """Writes suspicious.json for the report, and returns how many there are."""
    rows = [row for part in answered for row in part.rows]
    probabilities = np.concatenate([part.probabilities for part in answered])
    found = suspects(np.array([labels.index(row.label) for row in rows], np.int64), probabilities)
    doubts = [_doubt(rows[i], probabilities[i], labels, other) for i, other in found]
    for doubt, (i, _) in zip(doubts[:_SHEET], found, strict=False):
        if thumbnail := pictures.thumbnail(rows[i]):
            doubt["thumbnail"] = thumbnail
    text = json.dumps({"format": FORMAT, "pictures": doubts}, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text, "utf-8")
    return len(doubts)


def _doubt(row: Picture, probabilities: Array, labels: Sequence[str], other: int) -> dict[str, Any]:
    return {
        "key": row.key,
        "sha256": row.sha256,
        "label": row.label,
        "predicted": labels[other],
        "probability": round(float(probabilities[other]), 4),
        "label_probability": round(float(probabilities[labels.index(row.label)]), 4),
    }
