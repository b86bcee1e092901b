"""What changed against the live model? Both models' scores side by side, on the same pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def gone(candidate: Scores, live: Scores | None) -> list[str]:
    """Labels that the live model knows and the candidate does not."""
    return (
        [label for label in live["labels"] if label not in candidate["all"]["labels"]]
        if live
        else []
    )


def _of(score: Scores | None, label: str) -> Any:
    return score["labels"].get(label) if score else None
