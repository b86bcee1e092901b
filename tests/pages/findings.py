"""What a run finds, made by hand: a data set's report, an evaluation and mistakes of any labels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from lensloop.model.insights import read_insights
from tests.model.evaluations import evaluation, scores
from tools.sample_runs import Trained

THUMBNAIL = "/9j/4AAQSkZJRg=="
LABELS = ("can", "glass", "paper")
COUNTS = {"images": 40, "new": 3, "train": 24, "validation": 8, "test": 8}
INT8: dict[str, Any] = {
    **{"kept": True, "reason": "", "bytes": 3_912_345, "milliseconds": 3.14},
    "test": {
        **{"pictures": 256, "right": 240, "right_int8": 238, "same": 253},
        **{"unfamiliar": 5, "unfamiliar_int8": 6},
    },
}
UNTAUGHT = {"images": 40, "flagged": 25, "known": 80, "false_alarms": 4}


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
    judged |= {"int8": INT8, "model_bytes": 13_512_345, "milliseconds": 6.21}
    judged["untaught"] = dict.fromkeys(labels[:8], UNTAUGHT)
    wrong = [mistake(label, other) for label, other in pairwise(labels)]
    reasons = (f"recall of {labels[0]} 0.75 is below its floor 0.80",)
    mistakes = {"format": 1, "count": len(wrong) + 1, "pictures": wrong}
    found = read_insights(insights(labels, len(labels) * 40))
    return Trained(report(labels), judged, mistakes, found, reasons, ship)


def insights(labels: Sequence[str] = LABELS, images: int = 120, **different: Any) -> dict[str, Any]:
    """The training's insights.json, in which everything that a page can show occurs."""
    pairs = list(pairwise(labels))[:12]
    few, most = images // 4, images - images // 4
    groups = [
        {"images": few, "right": few // 2, "confidence": 0.47},
        {"images": most, "right": most - 1, "confidence": 0.96},
    ]
    near = {"key": _key(labels[0], 5), "label": labels[0], "similarity": 0.93}
    points = ((0.1, 60, 26, 5), (0.25, 70, 18, 7), (0.5, 76, 10, 5), (0.75, 80, 4, 3))
    steps = []
    for share, right, gained, lost in points:
        counts = {"pictures": round(400 * share), "right": right, "gained": gained, "lost": lost}
        steps.append({"share": share, **counts})
    steps.append({"share": 1.0, "pictures": 400, "right": 81, "gained": 0, "lost": 0})
    return {
        "format": 1,
        "reliability": {"candidate": groups, "live": groups},
        "fixed": {"count": 1234, "pictures": [_changed(a, a, b) for a, b in pairs]},
        "broken": {"count": len(pairs), "pictures": [_changed(a, b, a) for a, b in pairs]},
        "unfamiliar": {"count": len(pairs), "pictures": [_strange(a, b) for a, b in pairs]},
        "neighbours": {"2" * 64: [near | {"thumbnail": THUMBNAIL}, near]},
        "curve": {"asked": 90, "points": steps},
    } | different


def _changed(label: str, predicted: str, live_predicted: str) -> dict[str, Any]:
    changed = {"predicted": predicted, "live_predicted": live_predicted, "confidence": 0.71}
    return {"key": _key(label, 3), "sha256": "3" * 64, "label": label, **changed}


def _strange(label: str, predicted: str) -> dict[str, Any]:
    strange = {"predicted": predicted, "score": 2.25, "thumbnail": THUMBNAIL}
    return {"key": _key(label, 4), "sha256": "4" * 64, "label": label, **strange}
