"""Which labels may be wrong? Every picture is answered by a head that never saw it, and listed
if it is surely another.

How surely was chosen by what bench/suspicious_labels.py measures.
Confident learning (Northcutt, Jiang, Chuang 2021), which asks less of labels that are hard to tell,
was tried and not kept: with as many wrong labels found, more of its list were right ones.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lensloop.dataset.suspicious import FILE, FORMAT
from training.algorithms.head.calibration import Array
from training.features import Features
from training.out_of_fold import Answered
from training.pictures import Picture, numbered

# Of probability, between another label and the picture's own: this share of the usual confidence. A
# head that was taught many wrong labels is sure of nothing, and rightly so.
MARGIN = 0.6
_SHEET = 48  # thumbnails; the table beside them has all


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
    least = MARGIN * float(np.median(probabilities.max(axis=1)))
    order = np.argsort(-shown, kind="stable")
    return [(int(i), int(other[i])) for i in order if margin[i] >= least]


def write(
    folder: Path, answered: Sequence[Answered], labels: Sequence[str], features: Features
) -> int:
    """Writes suspicious.json for the report, and returns how many there are."""
    rows = [row for part in answered for row in part.rows]
    probabilities = np.concatenate([part.probabilities for part in answered])
    found = suspects(numbered(rows, labels), probabilities)
    doubts = [_doubt(rows[i], probabilities[i], labels, other) for i, other in found]
    for doubt, (i, _) in zip(doubts[:_SHEET], found, strict=False):
        if thumbnail := features.thumbnail(rows[i]):
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
