"""What would an import do? Which picture goes to which key, what is left out and why, and would it
be enough?

The data set's own rules answer, on what is there and what would come: what they would reject is not
even uploaded, and the verdict is the one that the next run would give.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lensloop.dataset.assembly import Dataset, assemble
from lensloop.dataset.readiness import readiness
from lensloop.dataset.warnings import warnings
from lensloop.importing.sieve import Entry, LeftOut, Seen, Sieve, There
from lensloop.reasons import counted
from lensloop.settings import Settings

_PAIRS = 3  # of near-duplicates under two labels that are named


class Near(NamedTuple):
    """A new picture, by its path in the source, and the key of one that is there."""

    path: str
    key: str


@dataclass(frozen=True)
class Plan:
    """`taken`: with those that are there under their key already, which are not uploaded again.
    `labels`: source label → our label or `skip`. `near`: what of the new is a
    near-duplicate of what is there. `missing`: why it would not be enough, none if it would."""

    taken: Sequence[Entry]
    left_out: Sequence[LeftOut]
    labels: Mapping[str, str]
    near: Sequence[Near] = ()
    missing: Sequence[str] = ()
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()  # how labels were found, and what was passed over
    after: Mapping[str, int] = field(default_factory=dict)  # label → pictures that would count

    @property
    def new(self) -> list[Entry]:
        return [entry for entry in self.taken if not entry.there]

    @property
    def counts(self) -> dict[str, int]:
        """Label → pictures of this source, uploaded or there already."""
        return dict(sorted(Counter(entry.label for entry in self.taken).items()))


def plan(
    seen: Sequence[Seen],
    there: There,
    labels: Mapping[str, str],
    settings: Settings,
    notes: Sequence[str] = (),
    skip_near: bool = False,
) -> Plan:
    """`seen`: with the labels of the source; `labels`: source label → our label or `skip`, for each
    of them; `skip_near`: near-duplicates of what is there are left out."""
    sieve = Sieve(there)
    for found in sieve.once(seen, labels):
        sieve.place(found, labels)
    dataset = _assembled(sieve, settings)
    near = _near(dataset, sieve)
    if skip_near and near:
        sieve.leave_out({key: _skipped(found) for key, found in near.items()})
        dataset, near = _assembled(sieve, settings), {}
    used = {str(found.label) for found in seen} & labels.keys()
    return Plan(
        sieve.taken,
        sieve.left_out,
        {label: labels[label] for label in sorted(used)},
        list(near.values()),
        readiness(dataset, settings, "").reasons,
        [*warnings(dataset, {}, (), (), ()), *_doubtful(dataset, sieve)],
        notes,
        dict(sorted(Counter(row.label for row in dataset.accepted).items())),
    )


def _assembled(sieve: Sieve, settings: Settings) -> Dataset:
    """What the next run would make of it, without what it would reject."""
    dataset = assemble(sieve.rows(), (), settings.min_test_images_per_label)
    sieve.leave_out({row.key: row.reason for row in dataset.rejected if row.reason})
    return dataset


def _near(dataset: Dataset, sieve: Sieve) -> dict[str, Near]:
    """By the key that the new one would have. What the same source brought does not count, so that
    an import that was stopped goes on with the same pictures."""
    new, own = sieve.new, {entry.key for entry in sieve.taken}
    there: dict[str, str] = {}
    for one, other in dataset.alike:
        if one.key in new and other.key not in own:
            there.setdefault(one.phash, other.key)
    # Of several new ones with the very same hash, only the first is beside what is there.
    return {
        key: Near(entry.seen.path, there[entry.seen.phash])
        for key, entry in new.items()
        if entry.seen.phash in there
    }


def _skipped(near: Near) -> str:
    return (
        f"It is nearly the same as `{near.key}`, which is there, and such are left out"
        " (--skip-near-duplicates)."
    )


def _doubtful(dataset: Dataset, sieve: Sieve) -> list[str]:
    """By the names that the pictures have in the source: their keys are nowhere yet."""
    names = {key: entry.seen.path for key, entry in sieve.new.items()}
    pairs = [(one, other) for one, other in dataset.alike if one.label != other.label]
    pairs = [(one, other) for one, other in pairs if one.key in names or other.key in names]
    found = [
        f"{names.get(one.key, one.key)} (`{one.label}`) and {names.get(other.key, other.key)}"
        f" (`{other.label}`) look nearly the same: one label may be wrong."
        for one, other in pairs[:_PAIRS]
    ]
    more = counted(len(pairs) - _PAIRS, "more such pair was found", "more such pairs were found")
    return [*found, f"{more}."] if len(pairs) > _PAIRS else found
