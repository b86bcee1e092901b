"""What do the training's pictures say about the candidate beyond its scores? Written for the run's
page: how honest its confidence is, what it gets right or wrong that the live model does not, what
its mistakes look like, and whether more pictures would help.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lensloop.model.insights import FILE, FORMAT, MOST_EXPLAINED, MOST_SHOWN, NEIGHBOURS
from lensloop.model.scores import reliability
from training.evaluate import Answers
from training.learning_curve import curve
from training.mistakes import mistakes
from training.neighbours import Learnt, Neighbour, nearest
from training.pictures import Picture
from training.unfamiliar import Unfamiliarity

Show = Callable[[Picture], dict[str, Any]]


@dataclass(frozen=True)
class Judged:
    """The test pictures, and all that was answered for them."""

    rows: Sequence[Picture]
    candidate: Answers
    live: Answers | None
    known: Sequence[bool]  # whether the live model was judged on it
    strange: Unfamiliarity | None


def write(
    folder: Path,
    judged: Judged,
    learnt: Learnt | None,
    labels: Sequence[str],
    thumbnail: Callable[[Picture], str | None],
) -> None:
    """Writes insights.json. `learnt`: what is asked about are the judged rows; None where nobody
    knows what taught the model.
    """

    def show(row: Picture) -> dict[str, Any]:
        entry, small = {"key": row.key, "label": row.label}, thumbnail(row)
        return entry | ({"thumbnail": small} if small else {})

    content = {
        "format": FORMAT,
        "reliability": {
            "candidate": _bins(judged.rows, judged.candidate),
            "live": _bins(judged.rows, judged.live) if judged.live else None,
        },
        "fixed": _changed(judged, show, fixed=True),
        "broken": _changed(judged, show, fixed=False),
        "unfamiliar": _unfamiliar(judged, show),
        "neighbours": _neighbours(judged, learnt, show) if learnt else {},
        "curve": _curve(judged, learnt, labels) if learnt and learnt.has_curve else None,
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text, "utf-8")


def _bins(rows: Sequence[Picture], answers: Answers) -> list[dict[str, Any]]:
    right = [row.label == said for row, said in zip(rows, answers.predicted, strict=True)]
    return [
        {"images": bin.images, "right": bin.right, "confidence": round(bin.confidence, 4)}
        for bin in reliability(right, answers.confidence)
    ]


def _changed(judged: Judged, show: Show, *, fixed: bool) -> dict[str, Any] | None:
    """Known pictures that only one of the two gets right, the candidate's surest answers first."""
    live = judged.live
    if live is None:
        return None
    found = []
    for i, row in enumerate(judged.rows):
        ours, theirs = judged.candidate.predicted[i], live.predicted[i]
        right, wrong = (ours, theirs) if fixed else (theirs, ours)
        if judged.known[i] and right == row.label != wrong:
            found.append(i)
    found.sort(key=lambda i: (-judged.candidate.confidence[i], judged.rows[i].sha256))
    return {
        "count": len(found),
        "pictures": [
            show(judged.rows[i])
            | {
                "sha256": judged.rows[i].sha256,
                "predicted": judged.candidate.predicted[i],
                "confidence": round(judged.candidate.confidence[i], 4),
                "live_predicted": live.predicted[i],
            }
            for i in found[:MOST_SHOWN]
        ],
    }


def _unfamiliar(judged: Judged, show: Show) -> dict[str, Any] | None:
    strange = judged.strange
    if strange is None:
        return None
    return {
        "count": len(strange.flagged),
        "pictures": [
            show(judged.rows[i])
            | {
                "sha256": judged.rows[i].sha256,
                "predicted": judged.candidate.predicted[i],
                "score": round(strange.scores[i], 6),
            }
            for i in strange.flagged[:MOST_SHOWN]
        ],
    }


def _neighbours(judged: Judged, learnt: Learnt, show: Show) -> dict[str, list[dict[str, Any]]]:
    """By the content of the mistakes that are shown."""
    wrong = mistakes(judged.rows, judged.candidate)[:MOST_EXPLAINED]
    found = nearest(learnt, wrong, NEIGHBOURS)

    def entry(neighbour: Neighbour) -> dict[str, Any]:
        return show(neighbour.row) | {"similarity": round(min(neighbour.similarity, 1.0), 4)}

    return {
        judged.rows[i].sha256: [entry(neighbour) for neighbour in like]
        for i, like in zip(wrong, found, strict=True)
    }


def _curve(judged: Judged, learnt: Learnt, labels: Sequence[str]) -> dict[str, Any] | None:
    """Asked are all pictures that no head of the curve is taught with, those of validation too."""
    taught = np.array([row.split == "train" for row in learnt.rows])
    held_out = [row for row in learnt.rows if row.split != "train"]
    others = [*held_out, *judged.rows]
    seen = np.concatenate([learnt.features[~taught], learnt.asked])
    rows = [row for row in learnt.rows if row.split == "train"]
    return curve(rows, learnt.features[taught], (others, seen), labels)
