"""Which label does a file's place say? Folders by the data set's own rules of layout."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lensloop.dataset import layout
from lensloop.dataset.labels import composed
from lensloop.importing import data_sets

# A split in a folder in a folder of sources: what is turned once may have to be turned again.
_MOST_TURNS = 4
_SO = " So they are imported."


class Places(NamedTuple):
    """`labels`: by path; what lies in no label's folder is not in it. `causes`: why the folders
    were not taken as they are, and why they may be no labels all the same, a sentence each."""

    labels: dict[str, str]
    causes: tuple[str, ...]


def by_folders(paths: Iterable[str], folders_are_labels: bool = False) -> Places:
    """`paths`: of pictures, relative to the source."""
    now = {path: path for path in paths}
    causes: list[str] = []
    turned = folders_are_labels
    for _ in range(0 if folders_are_labels else _MOST_TURNS):
        found = layout.mistake(now.values())
        if found is None:
            break
        causes.append(f"{found.cause}{_SO if found.moves else ''}")
        now = _moved(now, found.moves)
        turned = turned or not all(move.source.endswith(move.target) for move in found.moves)
    if not turned and (doubt := data_sets.side_by_side(now.values())):
        causes.append(doubt)
    labels = {}
    for path, place in now.items():
        folder, slash, _ = place.partition("/")
        if slash:
            labels[path] = composed(folder)
    return Places(labels, tuple(causes))


def _moved(now: dict[str, str], moves: Sequence[layout.Move]) -> dict[str, str]:
    """What lies beside the labels, in a folder that is none itself, has no place any more. Without
    moves nothing has one: the folders are parts of a split, and no label is below them."""
    targets = {move.source: move.target for move in moves}
    uppers = {source.split("/")[0] for source in targets}
    there = {}
    for path, place in now.items():
        target = _target(place, targets)
        if target:
            there[path] = target
        elif targets and place.split("/")[0] not in uppers:
            there[path] = place
    return there


def _target(place: str, targets: dict[str, str]) -> str:
    at = place.find("/")
    while at >= 0:
        source = place[: at + 1]
        if source in targets:
            return targets[source] + place[at + 1 :]
        at = place.find("/", at + 1)
    return ""
