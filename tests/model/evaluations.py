"""Evaluations as the training job writes them,
made from how many pictures of each label were recognised.
"""

from collections.abc import Mapping
from typing import Any

LABELS = ("can", "glass", "paper")
Counts = Mapping[str, tuple[int, int]]  # label: (pictures, of which right)


def score(counts: Counts, calibration_error: float = 0.05) -> dict[str, Any]:
    images, right = (
        sum(total for total, _ in counts.values()),
        sum(right for _, right in counts.values()),
    )
    return {
        "images": images,
        "accuracy": right / images if images else 0,
        "calibration_error": calibration_error,
        "labels": {
            label: {"images": total, "recall": right / total if total else None, "precision": None}
            for label, (total, right) in counts.items()
        },
        "confusion": confusion(counts),
    }


def confusion(counts: Counts) -> dict[str, dict[str, int]] | None:
    """What is not recognised is taken for the next label. None where there is no next one: a real
    evaluation names every label in each of its parts.
    """
    if len(counts) == 1:
        return None
    names = [*counts]
    rows = {}
    for i, (label, (total, right)) in enumerate(counts.items()):
        row = {label: right, names[(i + 1) % len(names)]: total - right}
        rows[label] = {name: count for name, count in row.items() if count}
    return rows


def scores(
    known: Counts | None, new: Counts | None, calibration_error: float = 0.05
) -> dict[str, Any]:
    every = {
        label: (
            sum(part[label][0] for part in (known, new) if part and label in part),
            sum(part[label][1] for part in (known, new) if part and label in part),
        )
        for label in {**(known or {}), **(new or {})}
    }
    parts = {
        name: None if part is None else score(part)
        for name, part in (("known", known), ("new", new))
    }
    return {"all": score(every, calibration_error), **parts}


def evaluation(
    candidate: dict[str, Any],
    live: dict[str, Any] | None = None,
    *,
    losses: int | None = None,
    live_labels: tuple[str, ...] = LABELS,
    renamed: Mapping[str, str] | None = None,
    learnt: Counts | None = None,
    learnt_known: Counts | None = None,
    learnt_new: Counts | None = None,
) -> dict[str, Any]:
    """`losses`: by default as few as the numbers of right known pictures allow, with no gains.
    `learnt`: how pictures are answered that the candidate learnt, out of fold; `learnt_known` and
    `learnt_new` those that live had and those that it had not.
    """
    content: dict[str, Any] = {
        "format": 1,
        "dataset": "d1",
        "labels": list(candidate["all"]["labels"]),
        "input": {"width": 224, "height": 224, "resize": "fit"},
        "temperature": 1.2,
        "reject_threshold": 0.5,
        "candidate": candidate,
        "live": None,
        "out_of_fold": None if learnt is None else score(learnt),
        "out_of_fold_known": None if learnt_known is None else score(learnt_known),
        "out_of_fold_new": None if learnt_new is None else score(learnt_new),
        "golden": [],
        "left_out": [],
        "images": {"train": 100, "validation": 20, "test": candidate["all"]["images"]},
        "seconds": {},
    }
    if live is not None:
        net = _right(live["known"]) - _right(candidate["known"])
        lost = max(net, 0) if losses is None else losses
        content["live"] = {
            "epoch": 6,
            "labels": list(live_labels),
            **live,
            "losses": lost,
            "gains": lost - net,
            "renamed": dict(renamed or {}),
        }
    return content


def _right(part: dict[str, Any] | None) -> int:
    return round(part["accuracy"] * part["images"]) if part else 0
