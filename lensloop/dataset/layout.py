"""Do the folders under images/ look like labels, or did a whole data set land one level too deep?

People bring folders that are split already (train/glass/…), wrapped (dataset/glass/…) or sorted by
source first (kitchen/glass/…). Taken as they are, the upper folders would become the labels, and a
training would be paid for that can only be refused. One function for the bucket, the demo's own
photographs and every importer; it sees names only.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lensloop.reasons import listed

SPLIT_NAMES = frozenset(
    (
        *("train", "training", "trainset", "train_set"),
        *("val", "valid", "validation", "valset", "dev", "eval", "evaluation"),
        *("test", "testing", "testset", "test_set", "holdout"),
    )
)
# Of all pictures below the folders in question; the rest are strays that change nothing.
_MOST = 0.8
_NUMBERS = re.compile(r"[\d ._-]+")  # 2024, 2024-05-01, 001: a year or a batch, never a label
_NAMED = 6  # folders in a sentence; the others are counted

MEND = (
    "The commands listed with this move them; no file is lost, and the next run starts by itself."
)
UPLOAD_AGAIN = "Delete them, and upload each picture as images/<label>/<file>."
ACCEPT = (
    "If these folders are your labels after all, set `folders_are_labels` to true in cdk.json,"
    " deploy, and start a run with `lensloop retrain`."
)

Path = tuple[str, ...]


class Move(NamedTuple):
    """Everything below the first prefix belongs below the second; both end with a slash."""

    source: str
    target: str


class Mistake(NamedTuple):
    """`cause` is a sentence; `moves` mend it without two files ever getting the same name."""

    cause: str
    labels: tuple[str, ...]
    moves: tuple[Move, ...]


def mistake(paths: Iterable[str]) -> Mistake | None:
    """`paths` of pictures, relative to where the label folders should be (`glass/1.jpg`)."""
    folders = Counter(tuple(path.split("/")[:-1]) for path in paths)
    folders.pop((), None)  # what lies in no folder has no label, which is told elsewhere
    wrapper, inner = _unwrapped(folders)
    tops = _tops(inner)
    if len(tops) < 2:
        return None
    if found := _split(wrapper, tops) or _crossed(wrapper, tops):
        return found
    return _wrapped(wrapper, tops) if wrapper else None


def commands(found: Mistake, root: str) -> tuple[str, ...]:
    """What mends it in the bucket; `root` is `s3://<bucket>/images/`."""
    return tuple(
        f"aws s3 mv --recursive {quoted(root + move.source)} {quoted(root + move.target)}"
        for move in found.moves
    )


def local_commands(found: Mistake, folder: str) -> tuple[str, ...]:
    """What mends it on a disk."""
    lines = []
    for move in found.moves:
        source, target = (f"{folder}/{part}".rstrip("/") for part in move)
        parent = target.rpartition("/")[0]
        lines.append(f"mkdir -p {quoted(parent)} && mv {quoted(source)} {quoted(target)}")
    if lines:
        lines.append(f"find {quoted(folder)} -type d -empty -delete")
    return tuple(lines)


def sentences(found: Mistake) -> list[str]:
    """Why nothing is trained, and what a person can do about it."""
    return [found.cause, MEND if found.moves else UPLOAD_AGAIN, ACCEPT]


def _unwrapped(folders: Counter[Path]) -> tuple[str, Counter[Path]]:
    """The one folder around everything, if there is one (`a/` or `a/a/`), and what lies in it."""
    wrapper, inner = "", folders
    while len({path[0] for path in inner}) == 1 and all(len(path) > 1 for path in inner):
        wrapper += f"{next(iter(inner))[0]}/"
        inner = Counter({path[1:]: count for path, count in inner.items()})
    return wrapper, inner


def _tops(folders: Counter[Path]) -> dict[str, Counter[str]]:
    """Upper folder → pictures below each of its sub-folders; those directly in it under ""."""
    tops: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path, count in folders.items():
        tops[path[0]][path[1] if len(path) > 1 else ""] += count
    return dict(tops)


def _split(wrapper: str, tops: Mapping[str, Counter[str]]) -> Mistake | None:
    """Two upper folders or more are named as the parts of a split data set are."""
    parts = sorted(top for top in tops if _is_split(top))
    if len(parts) < 2:
        return None
    labels = sorted({sub for part in parts for sub in tops[part] if sub})
    names = _listed(parts)
    if not labels:
        return Mistake(
            f"The folders {names} look like the parts of a split data set, and no label is below"
            " them. Lensloop chooses training and test pictures by itself.",
            (),
            (),
        )
    return Mistake(
        f"The folders {names} look like the parts of a split data set, with the labels"
        f" {_listed(labels)} below them. Lensloop chooses training and test pictures by itself, and"
        " the label must come first.",
        tuple(labels),
        _turned(wrapper, parts, tops),
    )


def _crossed(wrapper: str, tops: Mapping[str, Counter[str]]) -> Mistake | None:
    """The same sub-folders lie below several folders, and at least as many as there are of those:
    sources above labels. Fewer are kinds of each label (glass/default, paper/default, …)."""
    below = Counter(sub for subs in tops.values() for sub in subs if may_be_label(sub))
    shared = sorted(sub for sub, count in below.items() if count > 1)
    uppers = sorted(top for top, subs in tops.items() if any(sub in subs for sub in shared))
    if len(uppers) < 2 or len(shared) < max(2, len(uppers)):
        return None
    among = sum(count for top in uppers for sub, count in tops[top].items() if sub in shared)
    if among < _MOST * sum(subs.total() for subs in tops.values()):
        return None
    return Mistake(
        f"The same folders, {_listed(shared)}, lie below {_listed(uppers)}: they look like the"
        " labels, and the label must come first.",
        tuple(sorted(below)),
        _turned(wrapper, uppers, tops),
    )


def _wrapped(wrapper: str, tops: Mapping[str, Counter[str]]) -> Mistake | None:
    labels = sorted(top for top in tops if may_be_label(top))
    if len(labels) < 2:
        return None
    return Mistake(
        f"All pictures lie in one folder, `{wrapper[:-1]}`, in the sub-folders {_listed(labels)}:"
        " these look like the labels, and the label must come first.",
        tuple(labels),
        tuple(Move(f"{wrapper}{label}/", f"{label}/") for label in labels),
    )


def _turned(
    wrapper: str, uppers: Iterable[str], tops: Mapping[str, Counter[str]]
) -> tuple[Move, ...]:
    """`train/glass/` → `glass/train/`: the upper folder stays in the name, as two parts of a split
    often hold files of the same name."""
    moves = []
    for upper in uppers:
        for sub in sorted(filter(None, tops[upper])):
            moves.append(Move(f"{wrapper}{upper}/{sub}/", f"{sub}/{upper}/"))
    return tuple(moves)


def _is_split(name: str) -> bool:
    return re.sub(r"[\s-]+", "_", name.strip().casefold()) in SPLIT_NAMES


def may_be_label(sub: str) -> bool:
    """A part of a split is none, nor is a year or a batch."""
    return sub != "" and not _is_split(sub) and not _NUMBERS.fullmatch(sub)


def _listed(names: Iterable[str]) -> str:
    return listed([f"`{name}`" for name in names], _NAMED)


def quoted(uri: str) -> str:
    """For a POSIX shell; a plain name needs no quotes."""
    if re.fullmatch(r"[A-Za-z0-9:/._-]+", uri):
        return uri
    return "'" + uri.replace("'", "'\\''") + "'"
