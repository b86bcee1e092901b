"""Which pictures of Open Images show one of these classes? Its CSV files.

`*-annotations-human-imagelabels.csv`: ImageID, Source, LabelName (`/m/01`), Confidence (1: people
saw it, 0: they saw that it is not there); `class-descriptions.csv`: LabelName, DisplayName.
https://storage.googleapis.com/openimages/web/factsfigures_v7.html
"""

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from lensloop.wire.errors import LensloopError

BUCKET = "open-images-dataset"
LICENCE = "annotations CC BY 4.0; pictures stated as CC BY 2.0, each to be verified by its user"
SPLITS = ("train", "validation", "test")
_ID = re.compile(r"[0-9a-f]{16}")
_SURE = 1.0


class ClassesError(LensloopError):
    """The classes cannot be found in the files; the message says which."""


class Picture(NamedTuple):
    key: str  # in BUCKET
    label: str
    problem: str = ""


def chosen(lines: Iterable[str], wanted: Collection[str]) -> dict[str, str]:
    """The names that these classes have in the annotations → as people call them. Raises
    ClassesError."""
    words = {name.casefold() for name in wanted}
    found = {}
    for row in csv.reader(lines):
        if len(row) == 2 and row[1].strip().casefold() in words:
            found[row[0].strip()] = row[1].strip()
    missing = words - {name.casefold() for name in found.values()}
    if missing:
        names = ", ".join(sorted(name for name in wanted if name.casefold() in missing))
        raise ClassesError(f"Open Images has no class that is called {names}.")
    return found


def split_of(file: str) -> str:
    """Of which pictures a file of annotations is; empty for any other file."""
    name = file.lower()
    if "imagelabels" not in name or not name.endswith(".csv"):
        return ""
    return next((split for split in SPLITS if split in name), "train" if "oidv" in name else "")


def pictures(lines: Iterable[str], split: str, classes: Mapping[str, str]) -> list[Picture]:
    """Those that people saw to show exactly one of the classes, in the order of their ids; one that
    shows several is named with a problem."""
    labels: dict[str, set[str]] = {}
    for row in csv.DictReader(lines):
        label = classes.get(row.get("LabelName") or "", "")
        identity = row.get("ImageID") or ""
        if label and _ID.fullmatch(identity) and _confidence(row) >= _SURE:
            labels.setdefault(identity, set()).add(label)
    return [_picture(split, identity, names) for identity, names in sorted(labels.items())]


def _picture(split: str, identity: str, names: set[str]) -> Picture:
    key, several = f"{split}/{identity}.jpg", ", ".join(sorted(names))
    if len(names) > 1:
        return Picture(key, "", f"It shows several of the classes: {several}.")
    return Picture(key, several)


def _confidence(row: Mapping[str, str]) -> float:
    try:
        return float(row.get("Confidence") or 0)
    except ValueError:
        return 0.0
