"""Which label does a person believe to have, and does not? A folder of which nothing counts.

A model trained without it can be released, and nobody would miss it in a list of rejected files:
so it is said first, wherever a run is told.
"""

from collections import Counter
from collections.abc import Iterable

from lensloop.dataset.labels import label_of
from lensloop.dataset.rows import Row


def lost_labels(accepted: Iterable[Row], rejected: Iterable[Row]) -> list[str]:
    """One sentence for each, the largest first."""
    there = {row.label for row in accepted}
    folders: dict[str, Counter[str]] = {}
    for row in rejected:
        if row.key.count("/") < 2:
            continue  # in no folder, so meant for no label
        folder = label_of(row.key)
        if folder and folder not in there:
            folders.setdefault(folder, Counter())[row.reason] += 1
    largest_first = sorted(folders, key=lambda folder: (-folders[folder].total(), folder))
    return [_sentence(folder, folders[folder]) for folder in largest_first]


def _sentence(folder: str, reasons: Counter[str]) -> str:
    """With the reason that most of its files have."""
    count = reasons.total()
    [(reason, share)] = reasons.most_common(1)
    files = "its only file does not count" if count == 1 else f"none of its {count:,} files counts"
    of = "" if share == count else f" Of {share:,} of them:"
    return f"The folder `{folder}` gives no label: {files}.{of} {reason}"
