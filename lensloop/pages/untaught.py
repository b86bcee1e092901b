"""How much would be found of a thing that was not taught? As the run's page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lensloop.model.intervals import wilson
from lensloop.model.untaught import Untaught, pooled, read_untaught
from lensloop.wire.reading import Reader


@dataclass(frozen=True)
class Row:
    label: str
    images: int
    share: float  # of its pictures that are called unfamiliar
    interval: tuple[float, float]
    false_alarms: float | None  # of the other labels' test pictures; None: there is none


@dataclass(frozen=True)
class Found:
    all: Row
    labels: tuple[Row, ...]  # what is found least first
    others: int  # labels that were not left out


def untaught(evaluation: Mapping[str, Any] | None) -> Found | None:
    """None where the training left no label out."""
    known = (evaluation or {}).get("labels") or ()
    top = Reader(evaluation or {})
    found = read_untaught(top, known)
    whole = pooled(found)
    if whole is None or top.mistakes:
        return None
    rows = [_row(label, of) for label, of in found.items() if of.images]
    rows.sort(key=lambda row: (row.share, row.label))
    return Found(_row("", whole), tuple(rows), len(known) - len(rows))


def _row(label: str, of: Untaught) -> Row:
    alarms = of.false_alarms / of.known if of.known else None
    share = of.flagged / of.images
    return Row(label, of.images, share, wilson(of.flagged, of.images), alarms)
