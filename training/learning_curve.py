"""How good would the model be with fewer pictures? Heads taught with parts of the training pictures
answer for those that taught none of them.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lensloop.model.learning_curve import SHARES
from training.algorithms.head.discriminant import Span, fit
from training.pictures import Picture, numbered
from training.shards import Array


def curve(
    rows: Sequence[Picture],
    features: Array,
    asked: tuple[Sequence[Picture], Array],
    labels: Sequence[str],
) -> dict[str, Any] | None:
    """As insights.json has it; None where nobody can be asked. Every part holds the smaller ones,
    so that two points differ by what more pictures bring.
    """
    others, seen = asked
    if not others or not rows:
        return None
    targets, truth = numbered(rows, labels), numbered(others, labels)
    span = Span.of(features)
    places, questions = span.places(features), span.places(seen)
    sizes, rights = [], []
    for share in SHARES:
        chosen = _part(rows, share)
        head = fit(places[chosen], targets[chosen], len(labels), span.width)
        sizes.append(len(chosen))
        rights.append(head.logits(questions).argmax(axis=1) == truth)
    whole = rights[-1]
    return {
        "asked": len(others),
        "points": [
            {
                "share": share,
                "pictures": size,
                "right": int(right.sum()),
                "gained": int((whole & ~right).sum()),
                "lost": int((right & ~whole).sum()),
            }
            for share, size, right in zip(SHARES, sizes, rights, strict=True)
        ],
    }


def _part(rows: Sequence[Picture], share: float) -> NDArray[np.int64]:
    """The places of that share of each label's pictures, at least one; by a hash, as names have an
    order that pictures were taken in.
    """
    by_label: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        by_label.setdefault(row.label, []).append(i)
    chosen: list[int] = []
    for places in by_label.values():
        places.sort(key=lambda i: hashlib.sha256(rows[i].sha256.encode()).digest())
        chosen += places[: math.ceil(share * len(places))]
    return np.array(sorted(chosen), np.int64)
