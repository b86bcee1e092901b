"""Which labels does a list beside the pictures give them?

A list is recognised by what is in it. What cannot be read so is no list, and nobody's mistake:
data sets come with all kinds of tables.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lensloop.dataset.labels import composed
from lensloop.importing.list_formats import NUMBER, class_names, class_number, rows_of

ENDINGS = (".csv", ".tsv", ".lst", ".txt", ".json", ".jsonl", ".names")
MOST_BYTES = 16 * 1024**2  # of a list; larger ones have sources of their own (Open Images)

# Of the pictures that have to be in a list for it to be theirs.
MOST = 0.8


class Lists(NamedTuple):
    """`labels`: by path of a picture. `files`: the lists that were used."""

    labels: dict[str, str]
    files: tuple[str, ...]


def is_list(path: str) -> bool:
    return path.lower().endswith(ENDINGS)


def by_lists(files: Mapping[str, bytes], paths: Sequence[str]) -> Lists:
    """`files`: what may be a list, by path; `paths`: of the pictures."""
    texts = {path: _text(content) for path, content in files.items()}
    names = class_names(texts)
    pictures = _Pictures(paths)
    labels: dict[str, str] = {}
    used = []
    for path, text in sorted(texts.items()):
        found = dict(_found(path, text, pictures, names))
        if found:
            used.append(path)
            for picture, label in found.items():
                labels.setdefault(picture, label)
    return Lists(labels, tuple(used))


def covers(lists: Lists, paths: Sequence[str]) -> bool:
    """Is it theirs? Of most pictures it says the label, by a name, and not one for all."""
    named = {label for label in lists.labels.values() if not NUMBER.fullmatch(label)}
    return len(named) > 1 and len(lists.labels) >= MOST * len(paths)


def passed_over(lists: Lists, paths: Sequence[str]) -> str:
    """Why labels are not those of a list that names some pictures; empty where none does."""
    named = len(lists.labels)
    if not named or covers(lists, paths):
        return ""
    which = ", ".join(lists.files[:3])
    return (
        f"{which} beside the pictures says a label for {named:,} of {len(paths):,} pictures, which"
        " are too few, or numbers without names, or one label for all: folders say the labels."
    )


def _found(
    path: str, text: str, pictures: "_Pictures", names: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    folder = path.rpartition("/")[0]
    for file, label in rows_of(path, text):
        picture = pictures.named(file, folder)
        label = names.get(class_number(label), label) if NUMBER.fullmatch(label) else label
        if picture and label:
            yield picture, composed(" ".join(label.split()))


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


class _Pictures:
    """Finds the picture that a list means: by its path from the list or from the top, else by its
    name where only one has it, with its ending or without.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in self._paths:
            name = path.rpartition("/")[2]
            self._by_name[name].append(path)
            stem = name.rpartition(".")[0]
            if stem:
                self._by_name[stem].append(path)

    def named(self, file: str, folder: str) -> str:
        file = file.replace("\\", "/").removeprefix("./")
        for path in (f"{folder}/{file}" if folder else file, file):
            if path in self._paths:
                return path
        return self._below(file, folder)

    def _below(self, file: str, folder: str) -> str:
        found = self._by_name.get(file.rpartition("/")[2], [])
        near = [path for path in found if path.startswith(f"{folder}/")] if folder else found
        parts = [path for path in near if path.endswith(f"/{file}")] or near
        return parts[0] if len(parts) == 1 else ""
