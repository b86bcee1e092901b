"""What a run finds, made by hand: a data set's report, an evaluation and mistakes of any labels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tests.model.evaluations import evaluation, scores
from tools.sample_runs import Trained

THUMBNAIL = "/9j/4AAQSkZJRg=="
LABELS = ("can", "glass", "paper")
COUNTS = {"images": 40, "new": 3, "train": 24, "validation": 8, "test": 8}


def report(labels: Sequence[str] = LABELS, **different: Any) -> dict[str, Any]:
    """A data set's report in which everything that a page can show occurs."""
    pairs = [(label, _key(label, number)) for label in labels for number in range(3)]
    shown = [{"label": label, "key": key, "thumbnail": THUMBNAIL} for label, key in pairs]
    doubts = [_doubt(label, other) for label, other in pairwise(labels)]
    both = f"It is `{labels[0]}` as well."
    return {
        "format": 1,
        "epoch": 7,
        "digest": "d" * 64,
        "project": "trash",
        "since": {"epoch": 6, "digest": "c" * 64},
        "images": 40 * len(labels),
        "rejected": 7,
        "new": 1234,
        "removed": 2,
        "labels": dict.fromkeys(labels, COUNTS),
        "trainable": True,
        "misplaced": False,
        "lost": [],
        "passed_over": "Passed over: 2 files that programs leave beside pictures (`Thumbs.db`).",
        "moves": [],
        "reasons": [],
        "warnings": [f"Few pictures: `{labels[0]}` (8)."],
        "left_out": [
            {
                "count": 7,
                "reason": both,
                "pictures": [{"key": _key(labels[0], 9), "reason": both}],
            }
        ],
        "alike": [
            {
                "key": _key(labels[0], 1),
                "label": labels[0],
                "other": _key(labels[1], 1),
                "other_label": labels[1],
            }
        ],
        "suspicious": {"epoch": 7, "count": len(doubts) + 2, "pictures": doubts},
        "examples": {label: [e for e in shown if e["label"] == label] for label in labels},
        "new_examples": shown[:4],
        "left_out_examples": [{"key": _key(labels[0], 8), "reason": "", "thumbnail": THUMBNAIL}],
    } | different


def _key(label: str, number: int) -> str:
    return f"images/{label}/{label} {number}.jpg"


def _doubt(label: str, predicted: str) -> dict[str, Any]:
    doubt = {"key": _key(label, 1), "sha256": "1" * 64, "label": label, "predicted": predicted}
    return {**doubt, "probability": 0.97, "label_probability": 0.01, "thumbnail": THUMBNAIL}


def mistake(label: str, predicted: str, **different: Any) -> dict[str, Any]:
    return {
        "key": _key(label, 2),
        "sha256": "2" * 64,
        "label": label,
        "predicted": predicted,
        "confidence": 0.83,
        "live_predicted": label,
        "thumbnail": THUMBNAIL,
    } | different


def trained(labels: Sequence[str] = LABELS, *, ship: bool = True) -> Trained:
    """A run with known and new test pictures, and of each label some that are not recognised."""
    worse, better = dict.fromkeys(labels, (20, 15)), dict.fromkeys(labels, (20, 18))
    candidate, live = (better, worse) if ship else (worse, better)
    judged = evaluation(scores(candidate, candidate), scores(live, live), live_labels=tuple(labels))
    wrong = [mistake(label, other) for label, other in pairwise(labels)]
    reasons = (f"recall of {labels[0]} 0.75 is below its floor 0.80",)
    mistakes = {"format": 1, "count": len(wrong) + 1, "pictures": wrong}
    return Trained(report(labels), judged, mistakes, reasons, ship)
