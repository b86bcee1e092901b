"""Are the labels that folders say rather names of data sets, or of a folder around labels?

`downloads/trashnet/glass` beside `downloads/taco/can`: the folders at the top would become the
labels. Nobody but a person can know (`glass/green` beside `plastic/bottle` looks the same), so this
only says what was seen, and what to do.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from lensloop.dataset import layout
from lensloop.dataset.labels import composed
from lensloop.dataset.lookalikes import seen
from lensloop.reasons import listed

_NAMED = 6  # folders in a sentence


def side_by_side(places: Iterable[str]) -> str:
    """A sentence, or nothing. `places`: of pictures, as their labels are read from them
    (`label/deeper/picture.jpg`).
    """
    below: defaultdict[str, list[str]] = defaultdict(list)
    for place in places:
        top, slash, rest = place.partition("/")
        if slash:
            below[top].append(rest)
    inner = {top: _labels(rests) for top, rests in below.items()}
    sets = {top: labels for top, labels in inner.items() if len(labels) > 1}
    if around := _around(sets, below):
        return _wrapper(around, sets)
    return _several(sets) if _differ(sets) else ""


def _labels(places: list[str]) -> set[str]:
    """Which labels a data set of these pictures would have."""
    found = layout.mistake(places)
    if found:
        return set(found.labels)
    folders = {place.partition("/")[0] for place in places if "/" in place}
    return {folder for folder in folders if layout.may_be_label(folder)}


def _around(sets: Mapping[str, set[str]], tops: Iterable[str]) -> list[str]:
    """Which hold a folder that is called as one at the top is."""
    called = {seen(composed(top)) for top in tops}
    found = []
    for top, labels in sets.items():
        others = called - {seen(composed(top))}
        if any(seen(composed(label)) in others for label in labels):
            found.append(top)
    return sorted(found)


def _differ(sets: Mapping[str, set[str]]) -> bool:
    """As few names as folders are kinds of each label (`glass/clean`, `paper/clean`)."""
    return len(sets) > 1 and len(set().union(*sets.values())) > len(sets)


def _wrapper(around: list[str], sets: Mapping[str, set[str]]) -> str:
    names = _named(set().union(*(sets[top] for top in around)))
    are, hold = ("is", "holds") if len(around) == 1 else ("are", "hold")
    label = "a label" if len(around) == 1 else "labels"
    return (
        f"{_named(around)} {are} taken for {label}, and {hold} folders that are called as labels"
        f" beside it ({names}). Move these up, beside the others, or import {_named(around)} by"
        f" itself. {_IF_LABELS}"
    )


def _several(sets: Mapping[str, set[str]]) -> str:
    names = _named(set().union(*sets.values()))
    return (
        f"{_named(sets)} are taken for labels, and each holds several folders ({names}). If they"
        f" are data sets with their labels below, import each by itself. {_IF_LABELS}"
    )


_IF_LABELS = "If they are labels, --folders-are-labels says so."


def _named(folders: Iterable[str]) -> str:
    return listed([f"`{folder}`" for folder in sorted(folders)], _NAMED)
