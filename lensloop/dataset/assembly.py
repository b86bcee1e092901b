"""What is the data set? From everything known of the pictures: which count, under which label, in
which split, and why the others are left out."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from lensloop.dataset.labels import collisions, key_problem, label_of
from lensloop.dataset.rows import Row
from lensloop.dataset.split import TEST, TRAIN, Placed, place
from lensloop.settings import Settings


class Dataset(NamedTuple):
    """`accepted` and `left_out` are sorted by key; every row left out has a reason. `alike`:
    near-duplicates that came with this run, each pair with at least one new picture."""

    accepted: list[Row]
    left_out: list[Row]
    digest: str
    alike: list[tuple[Row, Row]]
    distance: int  # how different near-duplicates were taken to be at most, in bits of the hash


def assemble(rows: Iterable[Row], gone: Iterable[Row], min_test: int) -> Dataset:
    """`rows`: every object under images/ that was looked at. `gone`: what left the last data set; a
    picture that comes back under another name finds its split there."""
    left_out: list[Row] = []
    usable = _labelled(rows, left_out)
    usable = _outside_each_other(usable, left_out)
    usable = _once(usable, left_out)
    waiting = [row for row in left_out if row.split]
    known = {row.sha256: row.split for row in (*gone, *waiting) if row.split}
    usable = [row if row.split else row._replace(split=known.get(row.sha256, "")) for row in usable]
    placed = place(usable, min_test, waiting)
    usable = _with_split(usable, left_out, placed)
    usable.sort(key=lambda row: row.key)
    left_out.sort(key=lambda row: row.key)
    return Dataset(usable, left_out, digest(usable), placed.alike, placed.distance)


def digest(accepted: Iterable[Row]) -> str:
    """Which pictures under which labels, whatever their names: renames and re-uploads do not
    retrain.
    """
    lines = sorted(f"{row.sha256} {row.label}\n" for row in accepted)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def shortfalls(dataset: Dataset, settings: Settings) -> list[str]:
    """Why this is not enough to train on, one sentence each; nothing when it is."""
    counts = Counter(row.label for row in dataset.accepted)
    tests = Counter(row.label for row in dataset.accepted if row.split == TEST)
    taught = {row.label for row in dataset.accepted if row.split == TRAIN}
    hopeful = {label_of(row.key) for row in dataset.left_out if not key_problem(row.key)}
    hopeful -= {row.label for row in dataset.left_out if row.reason.startswith(_COLLIDES)}
    labels = sorted(counts.keys() | {label for label in hopeful if label not in counts and label})
    if not counts:
        return [
            "There is no usable picture yet: put JPEG or PNG pictures into images/<label>/, two"
            " labels or more."
        ]
    reasons = (
        []
        if len(labels) > 1
        else [f"`{labels[0]}` is the only label: a second one is needed to tell it from."]
    )
    for label in labels:
        if counts[label] < settings.min_images_per_label:
            reasons.append(
                f"`{label}` has {_pictures(counts[label])} that can be used and needs"
                f" {settings.min_images_per_label} (`min_images_per_label`): add"
                f" {settings.min_images_per_label - counts[label]} more."
            )
        elif tests[label] < settings.min_test_images_per_label:
            reasons.append(
                f"`{label}` has {tests[label]} of the {settings.min_test_images_per_label} test"
                " pictures that a verdict needs (`min_test_images_per_label`): add pictures that"
                " differ from those already there."
            )
        elif label not in taught:
            reasons.append(
                f"`{label}` has no training pictures left: add pictures that differ from those"
                " already there."
            )
    return reasons


_COLLIDES = "Its label "


def _labelled(rows: Iterable[Row], left_out: list[Row]) -> list[Row]:
    """The readable pictures with the label of their folder. What left them out last time is
    forgotten: it may have passed."""
    readable, before, now = [], Counter[str](), Counter[str]()
    for row in rows:
        if not row.sha256:
            left_out.append(row)
            continue
        label = label_of(row.key)
        now[label] += 1
        before[label] += row.split != "" and row.reason == ""
        readable.append(
            row if row.label == label and not row.reason else row._replace(label=label, reason="")
        )
    losers = collisions({label: (before[label], now[label]) for label in now})
    if not losers:
        return readable
    left_out.extend(
        row._replace(
            reason=(
                f"{_COLLIDES}`{row.label}` differs from `{losers[row.label]}` only by case or"
                " spaces. Move the picture there, or rename one of the two folders."
            )
        )
        for row in readable
        if row.label in losers
    )
    return [row for row in readable if row.label not in losers]


def _once(rows: list[Row], left_out: list[Row]) -> list[Row]:
    """Every content once: the first key of a content counts, and a content under two labels not at
    all.
    """
    rows.sort(key=lambda row: row.key)
    first: dict[str, Row] = {}
    again: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if first.setdefault(row.sha256, row) is not row:
            again[row.sha256].append(row)
    conflicts = {
        sha256
        for sha256, others in again.items()
        if {r.label for r in others} != {first[sha256].label}
    }
    usable = [row for row in first.values() if row.sha256 not in conflicts]
    for sha256, others in again.items():
        if sha256 not in conflicts:
            reason = f"It is the same picture as {first[sha256].key}, which counts."
            left_out.extend(row._replace(reason=reason) for row in others)
            continue
        same = [first[sha256], *others]
        for row in same:
            other = next(r for r in same if r.label != row.label)
            left_out.append(
                row._replace(
                    reason=(
                        f"The same picture is also `{other.label}` ({other.key}), so neither"
                        " counts. Delete the wrong one."
                    )
                )
            )
    return usable


def _outside_each_other(rows: list[Row], left_out: list[Row]) -> list[Row]:
    """S3 lets `a` and `a/b.jpg` both be objects; the folder of a training job cannot hold both."""
    nested = [row for row in rows if row.key.count("/") > 2]
    if not nested:
        return rows
    keys, inside = {row.key for row in rows}, {}
    for row in nested:
        parts = row.key.split("/")
        parent = next((p for n in range(3, len(parts)) if (p := "/".join(parts[:n])) in keys), None)
        if parent:
            inside[row.key] = row._replace(
                reason=(
                    f"It lies inside {parent}, which is a picture and cannot be a folder too."
                    " Rename one of them."
                )
            )
    left_out.extend(inside.values())
    return [row for row in rows if row.key not in inside] if inside else rows


def _with_split(rows: list[Row], left_out: list[Row], placed: Placed) -> list[Row]:
    usable = []
    for row in rows:
        if row.sha256 in placed.torn:
            one, other = placed.torn[row.sha256]
            left_out.append(
                row._replace(
                    reason=(
                        f"It is nearly the same as {one.key} ({one.split}) and as {other.key}"
                        f" ({other.split}), and these two must be kept apart. Delete the one that"
                        " is worth less."
                    )
                )
            )
        else:
            usable.append(row if row.split else row._replace(split=placed.splits[row.sha256]))
    return usable


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
