"""How good is a model on pictures it never saw?
Accuracy, recall, calibration and confusion as pure sums.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any

_BINS = 10  # as in Guo et al.'s own figures of small test sets: more would be nearly empty
# The confidence of an answer that is no mere mistake: where the label contradicts it, the label may
# be what is wrong. Of wrong and honest batches it tells most apart (bench/gate.py).
SURE = 0.9
_LOWEST, _HIGHEST = 0.4, 0.95  # of the reject threshold
_ROUNDING = 1e-9  # pictures: 1 - 0.98 is a little less than 0.02


def score(
    truth: Sequence[str],
    predicted: Sequence[str],
    confidence: Sequence[float],
    labels: Sequence[str],
) -> dict[str, Any]:
    """The scores of one model on some pictures; `labels` names every label that occurs.

    A label that no picture shows has no recall, and one that is never predicted no precision: None,
    never a zero that would look like a failure. `lensloop.model.evaluation` reads what this writes.
    """
    matrix = confusion(truth, predicted, labels)
    shown, answered = Counter(truth), Counter(predicted)
    hits = Counter({label: row.get(label, 0) for label, row in matrix.items()})
    right = list(map(eq, truth, predicted))
    answers = zip(truth, right, confidence, strict=True)
    surely_wrong = Counter(label for label, hit, sure in answers if not hit and sure >= SURE)
    return {
        "images": len(truth),
        "accuracy": sum(right) / len(truth) if truth else 0.0,
        "calibration_error": calibration_error(right, confidence),
        "labels": {
            label: {
                "images": shown[label],
                "recall": _share(hits[label], shown[label]),
                "precision": _share(hits[label], answered[label]),
                "surely_wrong": surely_wrong[label],
            }
            for label in labels
        },
        "confusion": matrix,
    }


def confusion(
    truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    """How many pictures of each label the model takes for each label; what never happens is left
    away, as of 200 labels nearly everything never does.
    """
    counts = Counter(zip(truth, predicted, strict=True))
    order = {label: i for i, label in enumerate(labels)}
    found: dict[str, dict[str, int]] = {}
    for true, answer in sorted(counts, key=lambda pair: (order[pair[0]], order[pair[1]])):
        found.setdefault(true, {})[answer] = counts[true, answer]
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def calibration_error(right: Sequence[bool], confidence: Sequence[float]) -> float:
    """Expected calibration error (Guo et al. 2017):
    how far confidence is from accuracy, over ten equal bins.
    """
    if not right:
        return 0.0
    gaps = [abs(bin.right - bin.claimed) for bin in reliability(right, confidence)]
    return sum(gaps) / len(right)


@dataclass(frozen=True)
class Bin:
    """The answers of about the same confidence."""

    images: int
    right: int
    claimed: float  # as many would be right as the sum of their confidences

    @property
    def confidence(self) -> float:
        return self.claimed / self.images


def reliability(right: Sequence[bool], confidence: Sequence[float]) -> list[Bin]:
    """Ten equal bins, the least confident first, without those that no answer falls into."""
    bins: list[list[tuple[bool, float]]] = [[] for _ in range(_BINS)]
    for hit, claimed in zip(right, confidence, strict=True):
        bins[min(int(claimed * _BINS), _BINS - 1)].append((hit, claimed))
    found = []
    for group in filter(None, bins):
        right_ones, claims = sum(hit for hit, _ in group), sum(claimed for _, claimed in group)
        found.append(Bin(len(group), right_ones, claims))
    return found


def losses_and_gains(
    truth: Sequence[str], live: Sequence[str], candidate: Sequence[str]
) -> tuple[int, int]:
    """Pictures that only the live model gets right, and those that only the candidate does."""
    pairs = [
        (old == true, new == true) for true, old, new in zip(truth, live, candidate, strict=True)
    ]
    return pairs.count((True, False)), pairs.count((False, True))


def reject_threshold(
    right: Sequence[bool], confidence: Sequence[float], wanted: float = 0.98
) -> float:
    """The lowest confidence from which on `wanted` of the answers are right;
    below it a camera asks a person.

    One standard deviation more are counted wrong than were (of a Poisson count, its root): the
    threshold is chosen by the very pictures that it looks good on, and must hold on others.

    Within limits: a guess among a few labels is no answer,
    and a model that is never confident must still answer.
    """
    ranked = sorted(zip(confidence, right, strict=True), reverse=True)
    threshold, wrong = _HIGHEST, 0
    for count, (claimed, hit) in enumerate(ranked, 1):
        wrong += not hit
        if wrong + math.sqrt(wrong) <= (1 - wanted) * count + _ROUNDING:
            threshold = claimed
    return round(min(max(threshold, _LOWEST), _HIGHEST), 4)
