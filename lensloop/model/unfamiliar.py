"""Can a release say that a thing is not like anything it was taught, and how often is it wrong?"""

from collections.abc import Mapping
from typing import Any


def unfamiliar(record: Mapping[str, Any]) -> str:
    """Of the release that a run made, by the run's record; empty where that does not say."""
    scores = record.get("scores") or {}
    if not scores.get("candidate"):
        return ""
    found = record.get("unfamiliar")
    if not found:
        return "it cannot tell what is unfamiliar"
    images = scores["candidate"]["all"]["images"]
    return (
        "its cameras say what is not like anything it was taught, by mistake of"
        f" {found['false_alarms']} of {images} test pictures"
    )
