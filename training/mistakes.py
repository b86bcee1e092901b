"""Which test pictures does the candidate get wrong? Written for people to look at, with
thumbnails, the most confident mistakes first.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lensloop.model.mistakes import FILE, FORMAT, MOST
from training.evaluate import Answers
from training.features import Features
from training.pictures import Picture


def write(
    folder: Path,
    test: Sequence[Picture],
    candidate: Answers,
    live: Answers | None,
    features: Features,
) -> int:
    """Writes mistakes.json, and returns how many there are."""
    wrong = mistakes(test, candidate)
    shown = [_entry(test, i, candidate, live, features) for i in wrong[:MOST]]
    content = {"format": FORMAT, "count": len(wrong), "pictures": shown}
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text, "utf-8")
    return len(wrong)


def mistakes(test: Sequence[Picture], candidate: Answers) -> list[int]:
    """The places of the pictures that it gets wrong,
    most confident first; the same in every repetition.
    """
    wrong = [i for i, row in enumerate(test) if candidate.predicted[i] != row.label]
    return sorted(wrong, key=lambda i: (-candidate.confidence[i], test[i].sha256))


def _entry(
    test: Sequence[Picture],
    i: int,
    candidate: Answers,
    live: Answers | None,
    features: Features,
) -> dict[str, Any]:
    row = test[i]
    entry = {
        "key": row.key,
        "sha256": row.sha256,
        "label": row.label,
        "predicted": candidate.predicted[i],
        "confidence": round(candidate.confidence[i], 4),
        "live_predicted": live.predicted[i] if live else None,
    }
    if thumbnail := features.thumbnail(row):
        entry["thumbnail"] = thumbnail
    return entry
