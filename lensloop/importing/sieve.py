"""Where does each picture of a source go, and which have no place: what is there, what comes twice,
what nobody can name the label of?
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lensloop.dataset.labels import composed, key_problem
from lensloop.dataset.rows import Listed, Row
from lensloop.importing.label_map import SKIP
from lensloop.wire.names import IMAGES_PREFIX

# How a picture ends that is uploaded as it is; all others become JPEGs.
_ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
CONVERTED_ENDING = ".jpg"
# Of a content's hash in a key, hexadecimal: no two of a billion pictures share it by chance.
_HASH = 16
_IMPORTED = re.compile(rf"-([0-9a-f]{{{_HASH}}})\.(?:jpg|png|webp)$")
_STEM = 40  # characters of a file's own name that a key keeps, for people
_ODD = re.compile(r"[^A-Za-z0-9_-]+")

NO_LABEL = (
    "Nothing says its label: it lies in no label's folder, and no list names it. Say it for all"
    " with --label, or sort the pictures into a folder for each label."
)


class Seen(NamedTuple):
    """A file of the source that may be a picture, as it was looked at. With a `reason` it cannot be
    used."""

    path: str
    size: int = 0
    sha256: str = ""
    kind: str = ""  # as Pillow calls it
    width: int = 0
    height: int = 0
    phash: str = ""
    plain: str = ""
    label: str | None = None  # of the source
    reason: str = ""


class Entry(NamedTuple):
    """A picture that has its key; `there`: the bucket has it under this key already."""

    seen: Seen
    label: str  # ours
    key: str
    there: bool = False


class LeftOut(NamedTuple):
    path: str
    reason: str


@dataclass(frozen=True)
class There:
    """What the bucket holds. `rows`: what the newest data set knows of its pictures; `listed`: all
    that lies under images/ now."""

    rows: Sequence[Row] = ()
    listed: Sequence[Listed] = ()

    @classmethod
    def of(cls, rows: Iterable[Row], listed: Sequence[Listed]) -> "There":
        """Rows of what was replaced or deleted since say nothing any more."""
        etags = {entry.key: entry.etag for entry in listed}
        return cls([row for row in rows if etags.get(row.key) == row.etag], listed)

    @property
    def labels(self) -> set[str]:
        return {entry.key.split("/")[1] for entry in self.listed if entry.key.count("/") > 1}


def key_of(label: str, path: str, sha256: str, kind: str) -> str:
    """The same content has the same key under its label, so nothing is ever uploaded twice."""
    stem = path.rpartition("/")[2].rpartition(".")[0] or path.rpartition("/")[2]
    short = _ODD.sub("-", stem)[:_STEM].strip("-_") or "picture"
    ending = _ENDINGS.get(kind, CONVERTED_ENDING)
    return f"{IMAGES_PREFIX}{composed(label)}/{short}-{sha256[:_HASH]}{ending}"


class Sieve:
    def __init__(self, there: There) -> None:
        self.taken: list[Entry] = []
        self.left_out: list[LeftOut] = []
        self._there = there
        # content → the key of a picture that is there
        self._known = {row.sha256: row.key for row in there.rows if row.sha256}
        self._named: defaultdict[str, list[str]] = defaultdict(list)
        for listed in there.listed:
            if match := _IMPORTED.search(listed.key):
                self._named[match[1]].append(listed.key)

    def once(self, seen: Iterable[Seen], labels: Mapping[str, str]) -> list[Seen]:
        """Every content of which the label is known, once; one under two of our labels never."""
        usable: defaultdict[str, list[Seen]] = defaultdict(list)
        for found in seen:
            if reason := found.reason or _unlabelled(found, labels):
                self.left_out.append(LeftOut(found.path, reason))
            else:
                usable[found.sha256].append(found)
        return [first for same in usable.values() for first in self._one_of(same, labels)]

    def _one_of(self, same: Sequence[Seen], labels: Mapping[str, str]) -> list[Seen]:
        first, *copies = same
        ours = {_ours(found, labels) for found in same}
        for found in copies if len(ours) == 1 else same:
            self.left_out.append(LeftOut(found.path, _copy(found, same, labels, ours)))
        return [first] if len(ours) == 1 else []

    def place(self, found: Seen, labels: Mapping[str, str]) -> None:
        label = _ours(found, labels)
        known = self._known.get(found.sha256)
        named = self._named.get(found.sha256[:_HASH], [])
        keys = [known] if known else named
        key = key_of(label, found.path, found.sha256, found.kind)
        if keys:
            self._is_there(found, label, keys)
        elif problem := key_problem(key):
            self.left_out.append(LeftOut(found.path, problem))
        else:
            self.taken.append(Entry(found, label, key))

    def _is_there(self, found: Seen, label: str, keys: Sequence[str]) -> None:
        same = [key for key in keys if composed(key.split("/")[1]) == label]
        if same and _IMPORTED.search(same[0]):
            self.taken.append(Entry(found, label, same[0], there=True))
        elif same:
            self.left_out.append(
                LeftOut(found.path, f"The bucket has it already, under the same label: {same[0]}.")
            )
        else:
            other = keys[0].split("/")[1]
            reason = (
                f"The bucket has the same picture as `{other}` ({keys[0]}), and under two labels"
                " neither would count. Move that one, or leave this out."
            )
            self.left_out.append(LeftOut(found.path, reason))

    def rows(self) -> list[Row]:
        """What the next run would see: what it knows, and what would have come."""
        known = {row.key for row in self._there.rows}
        rows = list(self._there.rows)
        for entry in self.taken:
            if entry.key not in known:
                rows.append(_row(entry))
        return rows

    @property
    def new(self) -> dict[str, Entry]:
        """By key."""
        return {entry.key: entry for entry in self.taken if not entry.there}

    def leave_out(self, reasons: Mapping[str, str]) -> None:
        """Of what is new: what is there is not for an import to judge."""
        kept = []
        for entry in self.taken:
            if not entry.there and entry.key in reasons:
                self.left_out.append(LeftOut(entry.seen.path, reasons[entry.key]))
            else:
                kept.append(entry)
        self.taken = kept


def _unlabelled(found: Seen, labels: Mapping[str, str]) -> str:
    if found.label is None:
        return NO_LABEL
    if labels[found.label] == SKIP:
        return f"Its label `{found.label}` is skipped, as the label map says."
    return ""


def _ours(found: Seen, labels: Mapping[str, str]) -> str:
    return labels[found.label or ""]


def _copy(found: Seen, same: Sequence[Seen], labels: Mapping[str, str], ours: Iterable[str]) -> str:
    mine = _ours(found, labels)
    if set(ours) == {mine}:
        return f"It is the same picture as `{same[0].path}`, which is taken."
    other = next(one for one in same if _ours(one, labels) != mine)
    return (
        f"The same picture is also `{_ours(other, labels)}` ({other.path}), so neither is taken."
        " Delete the wrong one."
    )


def _row(entry: Entry) -> Row:
    seen = entry.seen
    return Row(
        entry.key,
        "",
        seen.size,
        seen.sha256,
        entry.label,
        "",
        seen.width,
        seen.height,
        seen.phash,
        plain=seen.plain,
    )
