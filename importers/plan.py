"""What would an import do? Walks a source once, looks at each file in a sealed process, and has the
rules of lensloop/importing/plan.py say where each goes.

What a source must give is said in importers/source.py: all that a new kind of source needs to know.
What is planned is carried out by importers/run.py, which walks the source a second time.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from importers.ahead import ahead
from importers.decoders import Decoders, is_converted, kind_of
from importers.source import CannotRead, Found, Source
from lambdas.decoding.decoder import Unreadable
from lensloop.dataset.inspection import too_large
from lensloop.dataset.labels import composed
from lensloop.dataset.leftovers import leftover, sentence
from lensloop.importing import addresses, lists, no_pictures
from lensloop.importing.places import by_folders
from lensloop.importing.sieve import Seen

# Read and not yet looked at: they lie in memory.
_AHEAD_BYTES = 48 * 1024**2
# Of all lists of a source: they lie in memory too.
_LIST_BYTES = 64 * 1024**2

Progress = Callable[[int, int], None]  # pictures, bytes: so many more


class _Read(NamedTuple):
    found: Found
    content: bytes


@dataclass
class Looked:
    """A source as it was seen. `seen` has the labels of the source."""

    seen: list[Seen] = field(default_factory=list)
    leftovers: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def all_notes(self) -> list[str]:
        passed = sentence(self.leftovers)
        return [*self.notes, *([passed] if passed else [])]


def look(
    source: Source,
    pool: Decoders,
    label: str = "",
    folders_are_labels: bool = False,
    progress: Progress = lambda *_: None,
) -> Looked:
    """`label`: one for all pictures."""
    looked, texts = Looked(), dict[str, bytes]()
    if warning := addresses.warning(source.origin.source):
        looked.notes.append(warning)
    reading = _Reading(source, looked, texts)
    work = ahead(
        reading.pictures(),
        lambda one: _seen(one, pool),
        pool.count,
        lambda one: len(one.content),
        _AHEAD_BYTES,
    )
    for one, seen in work:
        looked.seen.append(seen)
        progress(1, len(one.content))
    looked.seen = _labelled(looked, texts, label, folders_are_labels)
    return looked


class _Reading:
    """Tells pictures from what is none, by name and size where these say enough."""

    def __init__(self, source: Source, looked: Looked, texts: dict[str, bytes]) -> None:
        self._source, self._looked, self._texts = source, looked, texts
        self._list_bytes = 0

    def pictures(self) -> Iterator[_Read]:
        for found in self._source.found():
            if left := leftover(found.path):
                self._looked.leftovers[left] += 1
            elif problem := found.problem or self._passed_over(found):
                self._looked.seen.append(Seen(found.path, found.size, reason=problem))
            else:
                yield from self._read(found)

    def _passed_over(self, found: Found) -> str:
        if lists.is_list(found.path):
            return "" if self._fits(found) else no_pictures.LARGE_LIST
        return no_pictures.by_name(found.path) or no_pictures.by_size(found.path, found.size)

    def _fits(self, found: Found) -> bool:
        return found.size <= lists.MOST_BYTES and self._list_bytes + found.size <= _LIST_BYTES

    def _read(self, found: Found) -> Iterator[_Read]:
        try:
            content = found.read()
        except CannotRead as error:
            self._looked.seen.append(Seen(found.path, found.size, reason=str(error)))
            return
        if lists.is_list(found.path) and not kind_of(content):
            self._texts[found.path] = content
            self._list_bytes += len(content)
        else:
            yield _Read(found, content)


def _seen(one: _Read, pool: Decoders) -> Seen:
    found, content = one
    label = None if found.label is None else composed(found.label)
    seen = Seen(found.path, len(content), hashlib.sha256(content).hexdigest(), label=label)
    if problem := no_pictures.by_size(found.path, len(content)) or _empty(content):
        return seen._replace(reason=problem)
    kind, readable = kind_of(content), content
    if is_converted(content):
        made = pool.convert(content)
        if isinstance(made, Unreadable):
            return seen._replace(reason=made.reason)
        readable = made
    if problem := too_large(len(readable)):
        return seen._replace(reason=problem)
    answer = pool.look(readable)
    if isinstance(answer, Unreadable):
        return seen._replace(reason=answer.reason)
    facts = {name: answer[name] for name in ("width", "height", "phash", "plain")}
    return seen._replace(kind=kind, **facts)


def _empty(content: bytes) -> str:
    return "" if content else no_pictures.EMPTY


# Labels


def _labelled(
    looked: Looked, texts: Mapping[str, bytes], label: str, folders_are_labels: bool
) -> list[Seen]:
    """What the source says itself counts most, then what the person says for all, then a list that
    names most pictures, then the folders."""
    if label:
        return [_with(found, composed(label)) for found in looked.seen]
    unsaid = [found.path for found in looked.seen if not found.reason and found.label is None]
    said = lists.by_lists(texts, unsaid)
    if lists.covers(said, unsaid):
        names = ", ".join(said.files[:3])
        looked.notes.append(f"Labels are those of the list beside the pictures: {names}.")
        labels = said.labels
    else:
        if passed := lists.passed_over(said, unsaid):
            looked.notes.append(passed)
        places = by_folders(unsaid, folders_are_labels)
        looked.notes += places.causes
        labels = places.labels
    return [_with(found, labels.get(found.path)) for found in looked.seen]


def _with(found: Seen, label: str | None) -> Seen:
    return found if found.label is not None or label is None else found._replace(label=label)
