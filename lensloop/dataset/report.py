"""What should a person know about this data set? Counts, what is new, what was rejected and why,
and what looks odd.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lensloop.dataset import leftovers
from lensloop.dataset.assembly import Dataset
from lensloop.dataset.labels import label_of
from lensloop.dataset.lost import lost_labels
from lensloop.dataset.near_duplicates import DISTANCES
from lensloop.dataset.readiness import Readiness
from lensloop.dataset.rows import Row
from lensloop.dataset.split import SPLITS
from lensloop.dataset.suspicious import Right, sentences, still_doubted
from lensloop.dataset.warnings import warnings
from lensloop.importing.provenance import Record
from lensloop.reasons import MOST_LISTED, by_kind, shortened
from lensloop.settings import Settings

# With about 4 KB each, the report stays near a megabyte.
_MOST_THUMBNAILS = 240  # of all labels together
_MOST_OF_A_LABEL, _FEWEST_OF_A_LABEL = 12, 3
_SHEET = 24  # of what is new, and of what was rejected
# A kind of rejection names at least so many of its pictures, however many kinds there are.
_FEWEST_OF_A_KIND = 5

Example = Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """What this run saw besides the data set itself; `report` is the last data set's, or empty."""

    epoch: int
    report: Mapping[str, Any] = field(default_factory=dict)
    inspected: frozenset[str] = frozenset()
    gone: Sequence[Row] = ()
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folders: Sequence[str] = ()
    leftovers: Mapping[str, int] = field(default_factory=dict)
    beside: Sequence[str] = ()
    right: Right = frozenset()
    imports: Sequence[Record] = ()

    @property
    def new_beside(self) -> list[str]:
        """What was not there at the last run: people are told once."""
        known = self.report.get("beside", ())
        return [sentence for sentence in self.beside if sentence not in known]


def report(
    dataset: Dataset, ready: Readiness, history: History, settings: Settings
) -> dict[str, Any]:
    last = history.report
    new, removed = _difference(dataset, history)
    labels = _labels(dataset.accepted, new)
    examples = _examples(dataset.accepted, history, len(labels))
    alike = _alike(dataset, last)
    look_alike = _look_alike(dataset, labels, last)
    odd = warnings(dataset, examples, alike, look_alike, _empty(history.folders, dataset))
    suspicious = still_doubted(last, dataset.digest, dataset.accepted, history.right)
    unsaid = [sentence for sentence in history.beside if sentence not in ready.reasons]
    return {
        "format": 1,
        "epoch": history.epoch,
        "digest": dataset.digest,
        "project": settings.project,
        "since": {"epoch": last["epoch"], "digest": last["digest"]} if last else None,
        "images": len(dataset.accepted),
        "rejected": len(dataset.rejected),
        "new": len(new),
        "removed": removed,
        "labels": labels,
        "lost": list(shortened(lost_labels(dataset.accepted, dataset.rejected), MOST_LISTED)),
        "trainable": not ready.reasons,
        "misplaced": ready.misplaced,
        "reasons": list(ready.reasons),
        "moves": list(ready.moves[:MOST_LISTED]),
        "beside": list(history.beside),
        "imports": list(history.imports),
        "warnings": [*unsaid, *odd, *sentences(suspicious)],
        "left_out": _rejections(dataset.rejected),
        "passed_over": leftovers.sentence(history.leftovers),
        "alike": alike,
        "look_alike": look_alike,
        "suspicious": suspicious,
        "near_duplicates": len({row.sha256 for pair in dataset.alike for row in pair}),
        "examples": examples,
        "new_examples": _new_examples(dataset.accepted, new, history),
        "left_out_examples": _rejected_examples(dataset.rejected, history),
    }


def _difference(dataset: Dataset, history: History) -> tuple[set[str], int]:
    """Pictures under a label that were not there before, and how many went; renames are neither."""
    before = {_place(row) for row in history.gone if row.sha256 and not row.reason}
    now = {_place(row) for row in dataset.accepted if row.key in history.inspected}
    kept = before & now
    if kept != before:  # a second copy of what is gone may have taken its place
        kept = before & {_place(row) for row in dataset.accepted}
    return {sha256 for sha256, _ in now - kept}, len(before - kept)


def _place(row: Row) -> tuple[str, str]:
    return row.sha256, row.label


def _labels(accepted: Iterable[Row], new: set[str]) -> dict[str, dict[str, int]]:
    splits: defaultdict[str, Counter[str]] = defaultdict(Counter)
    news = Counter[str]()
    for row in accepted:
        splits[row.label][row.split] += 1
        if row.sha256 in new:
            news[row.label] += 1
    labels = {}
    for label, counts in sorted(splits.items()):
        of_splits = {split: counts[split] for split in SPLITS}
        labels[label] = {**of_splits, "images": counts.total(), "new": news[label]}
    return labels


def _examples(
    accepted: Sequence[Row], history: History, labels: int
) -> dict[str, list[dict[str, Any]]]:
    """A few thumbnails of every label:
    those of the last report that still hold, then pictures of this run.
    """
    share = _MOST_THUMBNAILS // max(1, labels)
    most = max(_FEWEST_OF_A_LABEL, min(_MOST_OF_A_LABEL, share))
    last = _by_content(history.report.get("examples", {}))
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    fresh: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in accepted:
        kept, sample = last.get(row.sha256), history.samples.get(row.key)
        if kept and len(found[row.label]) < most:
            found[row.label].append({**kept, "key": row.key})
        elif sample and not kept:
            fresh[row.label].append({"key": row.key, "sha256": row.sha256, **sample})
    for label, candidates in fresh.items():
        found[label] += _spread(candidates, most - len(found[label]))
    shown = sorted(found)[: _MOST_THUMBNAILS // _FEWEST_OF_A_LABEL]
    return {label: found[label] for label in shown}


def _by_content(examples: Mapping[str, Iterable[Example]]) -> dict[str, Example]:
    found = {}
    for shown in examples.values():
        for example in shown:
            found[example["sha256"]] = example
    return found


def _spread(candidates: Sequence[dict[str, Any]], room: int) -> Sequence[dict[str, Any]]:
    """So many of them, from the first to the last: neighbours are often much alike."""
    step = max(1, len(candidates) // max(1, room))
    return candidates[::step][:room]


def _new_examples(accepted: Iterable[Row], new: set[str], history: History) -> list[dict[str, Any]]:
    if not history.report:  # then everything is new, and shown by label
        return []
    shown = _sampled((row for row in accepted if row.sha256 in new), history)
    return [{"key": row.key, "label": row.label, "thumbnail": picture} for row, picture in shown]


def _rejected_examples(rejected: Iterable[Row], history: History) -> list[dict[str, Any]]:
    shown = _sampled(rejected, history)
    return [{"key": row.key, "reason": row.reason, "thumbnail": picture} for row, picture in shown]


def _sampled(rows: Iterable[Row], history: History) -> Iterator[tuple[Row, str]]:
    """The first rows of which this run kept a thumbnail, with it."""
    seen = (row for row in rows if row.key in history.samples)
    for row in islice(seen, _SHEET):
        yield row, history.samples[row.key]["thumbnail"]


def _rejections(rejected: Iterable[Row]) -> list[dict[str, Any]]:
    """Grouped by kind of reason, the most frequent first; each with a few of its pictures."""
    kinds = by_kind(rejected, lambda row: row.reason)
    share = max(_FEWEST_OF_A_KIND, MOST_LISTED // max(1, len(kinds)))
    groups = []
    for rows in kinds:
        pictures = [{"key": row.key, "reason": row.reason} for row in rows[:share]]
        groups.append({"count": len(rows), "reason": rows[0].reason, "pictures": pictures})
    return groups


def _alike(dataset: Dataset, last: Mapping[str, Any]) -> list[dict[str, str]]:
    """Nearly the same picture under two labels: one of them may be wrong.
    Those found earlier stay until resolved.
    """
    found = {}
    for one, other in dataset.alike:
        if one.label != other.label:
            found[one.key, other.key] = {
                "key": one.key,
                "label": one.label,
                "other": other.key,
                "other_label": other.label,
            }
    earlier = [pair for pair in last.get("alike", ()) if (pair["key"], pair["other"]) not in found]
    still = _still_there(earlier, dataset.accepted)
    return [*found.values(), *still][:MOST_LISTED]


def _still_there(pairs: Sequence[dict[str, str]], accepted: Iterable[Row]) -> list[dict[str, str]]:
    wanted = set[str]()
    for pair in pairs:
        wanted |= {pair["key"], pair["other"]}
    there = {(row.key, row.label) for row in accepted if row.key in wanted}
    still = []
    for pair in pairs:
        if {(pair["key"], pair["label"]), (pair["other"], pair["other_label"])} <= there:
            still.append(pair)
    return still


def _look_alike(
    dataset: Dataset, labels: Mapping[str, Mapping[str, int]], last: Mapping[str, Any]
) -> list[str]:
    """Labels with pictures among which near-duplicates could not be told when they came: they stay
    where they are.
    """
    doubtful = set(last.get("look_alike", ()))
    if dataset.distance < DISTANCES[0]:
        doubtful |= {label for label, counts in labels.items() if counts["new"]}
    return sorted(doubtful & labels.keys())


def _empty(folders: Iterable[str], dataset: Dataset) -> list[str]:
    used = {row.label for row in dataset.accepted}
    used |= {label_of(row.key) for row in dataset.rejected if "/" in row.key}
    return sorted(set(folders) - used)
