"""What is the data set? From everything known of the pictures: which count, under which label, in
which split, and why the others are rejected.

Each rule names the pictures that it rejects, by key, with the reason; the next one sees the others.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lensloop.dataset.labels import collisions, key_problem, label_of
from lensloop.dataset.lookalikes import told_apart
from lensloop.dataset.rows import Row
from lensloop.dataset.split import TEST, TRAIN, place
from lensloop.settings import Settings
from lensloop.wire.formats import READ


class Dataset(NamedTuple):
    """`accepted` and `rejected` are sorted by key; every rejected row has a reason. `alike`:
    near-duplicates that came with this run, each pair with at least one new picture.
    """

    accepted: list[Row]
    rejected: list[Row]
    digest: str
    alike: list[tuple[Row, Row]]
    distance: int  # how different near-duplicates were taken to be at most, in bits of the hash


def assemble(
    rows: Iterable[Row], gone: Iterable[Row], min_test: int, split_key: str = ""
) -> Dataset:
    """`rows`: every object under images/ that was looked at. `gone`: what left the last data set; a
    picture that comes back under another name finds its split there. `split_key`: the project's
    secret, by which new pictures get theirs.
    """
    sieve = _Sieve()
    losers = sieve.take(rows)
    sieve.reject(_clashing(sieve.usable, losers))
    sieve.reject(_nested(sieve.usable))
    sieve.usable.sort()  # a row begins with its key
    sieve.reject(_repeated(sieve.usable))

    waiting = _with_split(sieve.rejected)
    sieve.usable = _remembered(sieve.usable, [*_with_split(gone), *waiting])
    placed = place(sieve.usable, min_test, waiting, split_key)
    sieve.reject(_torn(sieve.usable, placed.torn))
    accepted = _split(sieve.usable, placed.splits)
    rejected = sorted(sieve.rejected)
    return Dataset(accepted, rejected, digest(accepted), placed.alike, placed.distance)


def digest(accepted: Iterable[Row]) -> str:
    """Which pictures under which labels, whatever their names:
    renames and re-uploads do not retrain.
    """
    lines = sorted(f"{row.sha256} {row.label}\n" for row in accepted)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# Is it enough to train on?


def shortfalls(dataset: Dataset, settings: Settings) -> list[str]:
    """Why this is not enough to train on, one sentence each; nothing when it is."""
    if not dataset.accepted:
        return [
            f"There is no usable picture yet: put {READ} pictures into images/<label>/, two"
            " labels or more."
        ]
    splits: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in dataset.accepted:
        splits[row.label][row.split] += 1
    labels = sorted({*splits, *_hopeful(dataset.rejected)})
    reasons = []
    if len(labels) == 1:
        reasons.append(f"`{labels[0]}` is the only label: a second one is needed to tell it from.")
    for label in labels:
        reason = _shortfall(label, splits[label], settings)
        if reason:
            reasons.append(reason)
    return reasons


def _hopeful(rejected: Iterable[Row]) -> set[str]:
    """Labels that somebody means to have, though their pictures could not be used."""
    labels, losers = set[str](), set[str]()
    for row in rejected:
        if row.reason.startswith(_COLLIDES):
            losers.add(row.label)
        elif not key_problem(row.key):
            labels.add(label_of(row.key))
    return labels - losers


def _shortfall(label: str, splits: Counter[str], settings: Settings) -> str:
    count, enough = splits.total(), settings.min_images_per_label
    if count < enough:
        return (
            f"`{label}` has {_pictures(count)} that can be used and needs {enough}"
            f" (`min_images_per_label`): add {enough - count} more."
        )
    if splits[TEST] < settings.min_test_images_per_label:
        return (
            f"`{label}` has {splits[TEST]} of the {settings.min_test_images_per_label} test"
            " pictures that a verdict needs (`min_test_images_per_label`): add pictures that"
            " differ from those already there."
        )
    if not splits[TRAIN]:
        return (
            f"`{label}` has no training pictures left: add pictures that differ from those"
            " already there."
        )
    return ""


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


# Which pictures count


class _Sieve:
    def __init__(self) -> None:
        self.usable: list[Row] = []
        self.rejected: list[Row] = []

    def take(self, rows: Iterable[Row]) -> dict[str, str]:
        """The readable pictures under the label of their folder. What rejected them last time is
        forgotten: it may have passed. Answers the labels that lose their name to another.
        """
        before, now = Counter[str](), Counter[str]()
        for row in rows:
            if not row.sha256:
                self.rejected.append(row)
                continue
            label = label_of(row.key)
            now[label] += 1
            if row.split and not row.reason:
                before[label] += 1
            if row.label != label or row.reason:
                row = row._replace(label=label, reason="")
            self.usable.append(row)
        return collisions({label: (before[label], count) for label, count in now.items()})

    def reject(self, reasons: Mapping[str, str]) -> None:
        """`reasons`: by key."""
        usable = []
        for row in self.usable:
            if row.key in reasons:
                self.rejected.append(row._replace(reason=reasons[row.key]))
            else:
                usable.append(row)
        self.usable = usable


_COLLIDES = "Its label "


def _clashing(rows: Iterable[Row], losers: Mapping[str, str]) -> dict[str, str]:
    reasons = {}
    for row in rows:
        if winner := losers.get(row.label):
            reasons[row.key] = (
                f"{_COLLIDES}`{row.label}` looks like `{winner}`{told_apart(row.label, winner)}:"
                " they differ only by case, spaces, form or letters that look alike. Move the"
                " picture there, or rename one of the two folders."
            )
    return reasons


def _nested(rows: Sequence[Row]) -> dict[str, str]:
    """S3 lets `a` and `a/b.jpg` both be objects; the folder of a training job cannot hold both."""
    keys, reasons = {row.key for row in rows}, {}
    for key in keys:
        parent = next((folder for folder in _folders(key) if folder in keys), None)
        if parent:
            reasons[key] = (
                f"It lies inside {parent}, which is a picture and cannot be a folder too."
                " Rename one of them."
            )
    return reasons


def _folders(key: str) -> Iterator[str]:
    """The folders below its label's that a picture lies in, the outermost first."""
    parts = key.split("/")
    for depth in range(3, len(parts)):
        yield "/".join(parts[:depth])


def _repeated(rows: Iterable[Row]) -> dict[str, str]:
    """Every content counts once, under its first key; a content under two labels not at all."""
    first: dict[str, Row] = {}
    again: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if first.setdefault(row.sha256, row) is not row:
            again[row.sha256].append(row)
    reasons: dict[str, str] = {}
    for sha256, others in again.items():
        reasons.update(_copies(first[sha256], others))
    return reasons


def _copies(first: Row, others: Sequence[Row]) -> Iterator[tuple[str, str]]:
    under_another = next((row for row in others if row.label != first.label), None)
    if under_another is None:
        for row in others:
            yield row.key, f"It is the same picture as {first.key}, which counts."
        return
    for row in (first, *others):
        other = under_another if row.label == first.label else first
        yield (
            row.key,
            f"The same picture is also `{other.label}` ({other.key}), so neither counts. Delete"
            " the wrong one.",
        )


def _torn(rows: Iterable[Row], torn: Mapping[str, tuple[Row, Row]]) -> dict[str, str]:
    reasons = {}
    for row in rows:
        if row.sha256 in torn:
            one, other = torn[row.sha256]
            reasons[row.key] = (
                f"It is nearly the same as {one.key} ({one.split}) and as {other.key}"
                f" ({other.split}), and these two must be kept apart. Delete the one that is worth"
                " less."
            )
    return reasons


# Where they belong


def _with_split(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.split]


def _remembered(rows: Iterable[Row], elsewhere: Iterable[Row]) -> list[Row]:
    """Pictures that have their place, if only under another name, are in it."""
    return _split(rows, {row.sha256: row.split for row in elsewhere})


def _split(rows: Iterable[Row], splits: Mapping[str, str]) -> list[Row]:
    """`splits`: by content; those that have one keep it."""
    return [row if row.split else row._replace(split=splits.get(row.sha256, "")) for row in rows]
