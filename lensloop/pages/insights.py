"""What does the training say about the candidate beyond its scores? As the run's page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensloop.model.learning_curve import Curve, Outlook, outlook
from lensloop.pages.diagrams import Learning, Reliability, learning, reliability

Pictures = Mapping[str, Any]  # {count, pictures}


@dataclass(frozen=True)
class Insights:
    reliability: Reliability | None
    fixed: Pictures | None
    broken: Pictures | None
    unfamiliar: Pictures | None
    neighbours: Mapping[str, Sequence[Mapping[str, Any]]]
    outlook: Outlook | None
    learning: Learning | None


NOTHING = Insights(None, None, None, None, {}, None, None)


def shown(content: Mapping[str, Any] | None) -> Insights:
    """Of what `lensloop.model.insights` has read; earlier trainings wrote none."""
    if content is None:
        return NOTHING
    curve = Curve.read(content["curve"]) if content.get("curve") else None
    return Insights(
        reliability(content["reliability"]) if content["reliability"]["candidate"] else None,
        content.get("fixed"),
        content.get("broken"),
        content.get("unfamiliar"),
        content["neighbours"],
        outlook(curve) if curve else None,
        learning(curve) if curve else None,
    )
