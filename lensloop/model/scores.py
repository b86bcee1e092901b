"""How good is a model on pictures it never saw? Accuracy, recall, calibration and confusion as pure
sums.
"""

from collections.abc import Sequence
from typing import Any

_BINS = 10


def score(
    truth: Sequence[str],
    predicted: Sequence[str],
    confidence: Sequence[float],
    order: Sequence[str],
) -> dict[str, Any]:
    """The scores of one model on some pictures; `order` names every label that occurs, and lines up
    the confusion.

    A label that no picture shows has no recall, and one that is never predicted no precision: None,
    never a zero that would look like a failure. `lensloop.model.evaluation` reads what this writes.
    """
    matrix = confusion(truth, predicted, order)
    right = sum(matrix[i][i] for i in range(len(order)))
    labels = {}
    for i, label in enumerate(order):
        shown, said = sum(matrix[i]), sum(row[i] for row in matrix)
        labels[label] = {
            "images": shown,
            "recall": matrix[i][i] / shown if shown else None,
            "precision": matrix[i][i] / said if said else None,
        }
    return {
        "images": len(truth),
        "accuracy": right / len(truth) if truth else 0.0,
        "calibration_error": calibration_error(
            [t == p for t, p in zip(truth, predicted, strict=True)], confidence
        ),
        "labels": labels,
        "order": list(order),
        "confusion": matrix,
    }


def confusion(
    truth: Sequence[str], predicted: Sequence[str], order: Sequence[str]
) -> list[list[int]]:
    """Rows are what the pictures show, columns what the model says."""
    place = {label: i for i, label in enumerate(order)}
    matrix = [[0] * len(order) for _ in order]
    for true, said in zip(truth, predicted, strict=True):
        matrix[place[true]][place[said]] += 1
    return matrix


def calibration_error(right: Sequence[bool], confidence: Sequence[float]) -> float:
    """Expected calibration error (Guo et al. 2017): how far confidence is from accuracy, over ten
    equal bins.
    """
    if not right:
        return 0.0
    bins: list[list[tuple[bool, float]]] = [[] for _ in range(_BINS)]
    for hit, sure in zip(right, confidence, strict=True):
        bins[min(int(sure * _BINS), _BINS - 1)].append((hit, sure))
    gaps = [abs(sum(hit for hit, _ in group) - sum(sure for _, sure in group)) for group in bins]
    return sum(gaps) / len(right)


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
    """The lowest confidence from which on `wanted` of the answers are right; below it a camera asks
    a person.

    At least 0.4 (a guess among a few labels) and at most 0.95 (a model that is never sure must
    still answer).
    """
    ranked = sorted(zip(confidence, right, strict=True), reverse=True)
    threshold, hits = 0.95, 0
    for count, (sure, hit) in enumerate(ranked, 1):
        hits += hit
        if hits >= wanted * count:
            threshold = sure
    return round(min(max(threshold, 0.4), 0.95), 4)
