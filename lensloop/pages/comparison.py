"""What changed against the live model? Both models' scores side by side, on the same pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensloop.model.intervals import wilson

Scores = Mapping[str, Any]

PARTS = {
    "all": "All test pictures",
    "known": "Known: the live model was judged on them",
    "new": "New: it was not",
}


@dataclass(frozen=True)
class Change:
    """A share before (the live model) and after (the candidate), of so many pictures."""

    what: str
    pictures: int
    before: float | None
    after: float | None
    new: bool = False  # nothing that the live model was judged on

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which shares the candidate's truth lies, most likely."""
        if self.after is None:
            return None
        return wilson(round(self.after * self.pictures), self.pictures)

    @property
    def points(self) -> float | None:
        if self.before is None or self.after is None:
            return None
        return round(100 * (self.after - self.before), 1)


def accuracies(candidate: Scores, live: Scores | None) -> list[Change]:
    rows = []
    for part, what in PARTS.items():
        after, before = candidate[part], live[part] if live else None
        if after:
            rows.append(
                Change(what, after["images"], before and before["accuracy"], after["accuracy"])
            )
    return rows


def recalls(candidate: Scores, live: Scores | None) -> list[Change]:
    """By label; on the known pictures, as the gate compares them,
    or on all of a label that has no known one.
    """
    rows = []
    for label, whole in candidate["all"]["labels"].items():
        known = _of(candidate["known"], label)
        part = "known" if known and known["images"] else "all"
        after = known if known and known["images"] else whole
        before = _of(live[part], label) if live else None
        rows.append(
            Change(
                label,
                after["images"],
                before and before["recall"],
                after["recall"],
                new=live is not None and label not in live["labels"],
            )
        )
    return rows


# Labels whose rows are shown at once; of more, those that are found least, and the others on
# demand.
MOST_AT_ONCE = 12


@dataclass(frozen=True)
class Ranked:
    """`weakest`: those that are found least first, where the others are folded away."""

    shown: Sequence[Change]
    folded: Sequence[Change] = ()


def ranked(recalls: Sequence[Change]) -> Ranked:
    if len(recalls) <= MOST_AT_ONCE:
        return Ranked(recalls)
    order = sorted(recalls, key=lambda row: 2.0 if row.after is None else row.after)
    return Ranked(order[:MOST_AT_ONCE], order[MOST_AT_ONCE:])


def gone(candidate: Scores, live: Scores | None) -> list[str]:
    """Labels that the live model knows and the candidate does not."""
    return (
        [label for label in live["labels"] if label not in candidate["all"]["labels"]]
        if live
        else []
    )


def _of(score: Scores | None, label: str) -> Any:
    return score["labels"].get(label) if score else None
