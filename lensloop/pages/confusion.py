"""What does a model take for what? A confusion matrix as it is shown: few labels as a table, many
as a list of what happens most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# More columns than these do not fit: on a telephone, and on a page.
MOST_NARROW = 4
MOST_WIDE = 12
MOST_LISTED = 20


@dataclass(frozen=True)
class Cell:
    count: int
    share: float  # of the pictures of its row
    right: bool


@dataclass(frozen=True)
class Row:
    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Confused:
    label: str
    predicted: str
    count: int
    share: float  # of the pictures of the label


@dataclass(frozen=True)
class Matrix:
    labels: Sequence[str]
    rows: Sequence[Row]
    confused: Sequence[Confused]  # most first
    pictures: int

    @property
    def fits(self) -> bool:
        return len(self.labels) <= MOST_WIDE

    @property
    def fits_narrow(self) -> bool:
        return len(self.labels) <= MOST_NARROW

    @property
    def fits_beside(self) -> bool:
        """Two tables of few columns, or two lists."""
        return self.fits_narrow or not self.fits

    @property
    def listed(self) -> Sequence[Confused]:
        return self.confused[:MOST_LISTED]

    @property
    def wrong(self) -> int:
        return sum(confused.count for confused in self.confused)


def matrix(score: Mapping[str, Any] | None) -> Matrix | None:
    """None for no score, and for one from before confusion went by names."""
    counts = score.get("confusion") if score else None
    if score is None or not isinstance(counts, dict):
        return None
    occur = {name for true, row in counts.items() for name in (true, *row)}
    labels = [label for label in score["labels"] if label in occur]
    return Matrix(
        labels,
        [_row(label, counts[label], labels) for label in labels if label in counts],
        _confused(counts),
        sum(sum(row.values()) for row in counts.values()),
    )


def _row(label: str, row: Mapping[str, int], labels: Sequence[str]) -> Row:
    total = sum(row.values())
    cells = []
    for predicted in labels:
        count = row.get(predicted, 0)
        cells.append(Cell(count, count / total, predicted == label))
    return Row(label, cells)


def _confused(counts: Mapping[str, Mapping[str, int]]) -> list[Confused]:
    found = []
    for label, row in counts.items():
        total = sum(row.values())
        for predicted, count in row.items():
            if predicted != label:
                found.append(Confused(label, predicted, count, count / total))
    return sorted(found, key=lambda c: (-c.count, -c.share, c.label, c.predicted))
