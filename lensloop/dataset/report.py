"""What should a person know about this data set? Counts, what is new, what was left out and why,
and what looks odd.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lensloop.dataset.assembly import Dataset
from lensloop.dataset.labels import label_of
from lensloop.dataset.near_duplicates import DISTANCES
from lensloop.dataset.rows import Row
from lensloop.dataset.split import SPLITS
from lensloop.dataset.suspicious import sentences, still_doubted
from lensloop.dataset.warnings import warnings
from lensloop.reasons import MOST_LISTED
from lensloop.settings import Settings

_MOST_THUMBNAILS = 240  # of all labels together
_SHEET = 24


@dataclass(frozen=True)
class History:
    """What this run saw besides the data set itself; `report` is the last data set's, or empty."""

    epoch: int
    report: Mapping[str, Any] = field(default_factory=dict)
    inspected: frozenset[str] = frozenset()
    gone: Sequence[Row] = ()
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folders: Sequence[str] = ()


def report(
    dataset: Dataset, reasons: Sequence[str], history: History, settings: Settings
) -> dict[str, Any]:
    last = history.report
    new, removed = _difference(dataset, history)
    labels = _labels(dataset.accepted, new)
    examples = _examples(dataset.accepted, history, len(labels))
    alike = _alike(dataset, last)
    look_alike = _look_alike(dataset, labels, last)
    suspicious = still_doubted(last, dataset.digest, dataset.accepted)
    return {
        "format": 1,
        "epoch": history.epoch,
        "digest": dataset.digest,
        "project": settings.project,
        "since": {"epoch": last["epoch"], "digest": last["digest"]} if last else None,
        "images": len(dataset.accepted),
        "rejected": len(dataset.left_out),
        "new": len(new),
        "removed": removed,
        "labels": labels,
        "trainable": not reasons,
        "reasons": list(reasons),
        "warnings": warnings(dataset, examples, alike, look_alike, _empty(history.folders, dataset))
        + sentences(suspicious),
        "left_out": _left_out(dataset.left_out),
        "alike": alike,
        "look_alike": look_alike,
        "suspicious": suspicious,
        "near_duplicates": len({row.sha256 for pair in dataset.alike for row in pair}),
        "examples": examples,
        "new_examples": _new_examples(dataset.accepted, new, history),
        "left_out_examples": _left_out_examples(dataset.left_out, history),
    }


def _difference(dataset: Dataset, history: History) -> tuple[set[str], int]:
    """Pictures under a label that were not there before, and how many went; renames are neither."""
    before = {(row.sha256, row.label) for row in history.gone if row.sha256 and not row.reason}
    now = {
        (row.sha256, row.label): row.sha256
        for row in dataset.accepted
        if row.key in history.inspected
    }
    kept = before & now.keys()
    if kept != before:  # a second copy of what is gone may have taken its place
        kept |= before & {(row.sha256, row.label) for row in dataset.accepted}
    return {sha256 for place, sha256 in now.items() if place not in kept}, len(before - kept)


def _labels(accepted: Iterable[Row], new: set[str]) -> dict[str, dict[str, int]]:
    splits, news = Counter[tuple[str, str]](), Counter[str]()
    for row in accepted:
        splits[row.label, row.split] += 1
        if row.sha256 in new:
            news[row.label] += 1
    names = sorted({label for label, _ in splits})
    return {
        name: {
            **{split: splits[name, split] for split in SPLITS},
            "images": sum(splits[name, split] for split in SPLITS),
            "new": news[name],
        }
        for name in names
    }


def _examples(
    accepted: Sequence[Row], history: History, labels: int
) -> dict[str, list[dict[str, Any]]]:
    """A few thumbnails of every label: those of the last report that still hold, then pictures of
    this run.
    """
    most = max(3, min(12, _MOST_THUMBNAILS // max(1, labels)))
    last = {e["sha256"]: e for shown in history.report.get("examples", {}).values() for e in shown}
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    fresh: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in accepted:
        kept, sample = last.get(row.sha256), history.samples.get(row.key)
        if kept and len(found[row.label]) < most:
            found[row.label].append({**kept, "key": row.key})
        elif sample and not kept:
            fresh[row.label].append({"key": row.key, "sha256": row.sha256, **sample})
    for label, candidates in fresh.items():
        room = most - len(found[label])
        step = max(1, len(candidates) // room) if room else 1
        found[label].extend(candidates[::step][:room])
    shown = sorted(found)[: _MOST_THUMBNAILS // 3]
    return {label: found[label] for label in shown}


def _new_examples(accepted: Iterable[Row], new: set[str], history: History) -> list[dict[str, Any]]:
    if not history.report:  # then everything is new, and shown by label
        return []
    shown = [row for row in accepted if row.sha256 in new and row.key in history.samples][:_SHEET]
    return [
        {"key": row.key, "label": row.label, "thumbnail": history.samples[row.key]["thumbnail"]}
        for row in shown
    ]


def _left_out_examples(left_out: Iterable[Row], history: History) -> list[dict[str, Any]]:
    shown = [row for row in left_out if row.key in history.samples][:_SHEET]
    return [
        {"key": row.key, "reason": row.reason, "thumbnail": history.samples[row.key]["thumbnail"]}
        for row in shown
    ]


def _left_out(left_out: Sequence[Row]) -> list[dict[str, Any]]:
    """Grouped by kind of reason, the most frequent first; each with a few of its pictures.

    The kind is what a reason says before its first name, as names are strangers' and can hold
    anything.
    """
    kinds: defaultdict[str, list[Row]] = defaultdict(list)
    for row in left_out:
        kinds[
            re.sub(r"\(.*?\)|[\d.,]+", "", re.split("`|images/", row.reason, maxsplit=1)[0])
        ].append(row)
    share = max(5, MOST_LISTED // max(1, len(kinds)))
    groups = sorted(kinds.values(), key=len, reverse=True)
    return [
        {
            "count": len(rows),
            "reason": rows[0].reason,
            "pictures": [{"key": row.key, "reason": row.reason} for row in rows[:share]],
        }
        for rows in groups
    ]


def _alike(dataset: Dataset, last: Mapping[str, Any]) -> list[dict[str, str]]:
    """Nearly the same picture under two labels: one of them may be wrong. Those found earlier stay
    until resolved.
    """
    found = {
        (one.key, other.key): {
            "key": one.key,
            "label": one.label,
            "other": other.key,
            "other_label": other.label,
        }
        for one, other in dataset.alike
        if one.label != other.label
    }
    earlier = [pair for pair in last.get("alike", ()) if (pair["key"], pair["other"]) not in found]
    wanted = {key for pair in earlier for key in (pair["key"], pair["other"])}
    there = {row.key: row.label for row in dataset.accepted if row.key in wanted} if wanted else {}
    still = [
        pair
        for pair in earlier
        if there.get(pair["key"]) == pair["label"]
        and there.get(pair["other"]) == pair["other_label"]
    ]
    return [*found.values(), *still][:MOST_LISTED]


def _look_alike(
    dataset: Dataset, labels: Mapping[str, Mapping[str, int]], last: Mapping[str, Any]
) -> list[str]:
    """Labels with pictures among which near-duplicates could not be told when they came: they stay
    where they are.
    """
    came = {
        label
        for label, counts in labels.items()
        if counts["new"] and dataset.distance < DISTANCES[0]
    }
    return sorted((came | set(last.get("look_alike", ()))) & labels.keys())


def _empty(folders: Iterable[str], dataset: Dataset) -> list[str]:
    used = {row.label for row in dataset.accepted} | {
        label_of(row.key) for row in dataset.left_out if "/" in row.key
    }
    return sorted(set(folders) - used)
