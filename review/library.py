"""Which pictures lie under which label, and what did the newest data set make of each? Read from
the bucket, kept in memory, and looked at again when it has grown old.
"""

import bisect
import contextlib
import csv
import gc
import gzip
import io
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cli.faults import OF_THE_CLOUD
from lensloop.dataset.labels import composed, is_folder_marker, label_problem
from lensloop.dataset.rows import Row, read_rows
from lensloop.dataset.suspicious import Doubt, Right, without
from lensloop.review.moves import Move, Place, place_of
from lensloop.review.places import SET_ASIDE
from lensloop.wire import names
from lensloop.wire.errors import LensloopError
from lensloop.wire.names import IMAGES_PREFIX
from review.bucket import Bucket, Found, Gone

# So old may be what is shown; pictures that are uploaded meanwhile are seen then.
FRESH_SECONDS = 20.0
_FILES = ("manifest.csv.gz", "rejected.csv", "report.json", "suspicious.csv")
REJECTED, NEW = "rejected", "new"  # besides the splits: what became of a picture


class Picture(NamedTuple):
    key: str
    etag: str
    state: str = NEW  # its split, or one of the above
    reason: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Looked:
    """What the newest data set says."""

    rows: Mapping[str, Row] = field(default_factory=dict)  # by key
    report: Mapping[str, Any] = field(default_factory=dict)
    doubts: Sequence[Doubt] = ()
    digest: str = ""
    etags: Sequence[str] = ()  # of the files that say so


class Library:
    """`digest` says which data set is the newest; empty: there is none."""

    def __init__(self, bucket: Bucket, digest: Callable[[], str]) -> None:
        self._bucket, self._digest = bucket, digest
        self._lock, self._loading = threading.RLock(), threading.Lock()
        self._looked = Looked()
        self._labels: dict[str, list[Picture]] = {}
        self._aside: list[Picture] = []
        self._moved: list[tuple[Move, str]] = []  # since the listing began
        self._read_at: float | None = None

    # Reading

    def ready(self) -> None:
        """Reads the first time; later in the background, and what is known is shown meanwhile."""
        with self._lock:
            age = None if self._read_at is None else time.monotonic() - self._read_at
        if age is None:
            self.refresh(only_first=True)
        elif age > FRESH_SECONDS and not self._loading.locked():
            threading.Thread(target=self._refresh_later, daemon=True).start()

    def _refresh_later(self) -> None:
        """Where the cloud does not answer, what is known stays shown."""
        with contextlib.suppress(LensloopError, *OF_THE_CLOUD):
            self.refresh()

    def refresh(self, only_first: bool = False) -> None:
        with self._loading, _without_collecting():
            if only_first and self._read_at is not None:
                return
            with self._lock:
                self._moved = []
            with ThreadPoolExecutor(3) as pool:
                looking, listing = pool.submit(self._look), pool.submit(self._listed)
                beside = pool.submit(lambda: list(self._bucket.below(SET_ASIDE)))
            looked = looking.result()
            labels: dict[str, list[Picture]] = {}
            for folder, found in listing.result():
                labels.setdefault(composed(folder), []).extend(_pictures(found, looked.rows))
            aside = list(_pictures(beside.result(), {}))
            with self._lock:
                self._labels, self._aside, self._looked = labels, aside, looked
                for move, etag in self._moved:
                    self._move(move, etag)
                self._read_at = time.monotonic()

    def _listed(self) -> list[tuple[str, list[Found]]]:
        """Each folder under images/."""
        folders = self._bucket.folders(IMAGES_PREFIX)
        found = self._bucket.below_all([f"{IMAGES_PREFIX}{folder}/" for folder in folders])
        return list(zip(folders, found, strict=True))

    def _look(self) -> Looked:
        digest = self._digest()
        if not digest:
            return Looked()
        files = [names.dataset(digest, file) for file in _FILES]
        etags = self._bucket.etags(files)
        if etags == self._looked.etags:
            return self._looked
        try:
            rows = {row.key: row for file in files[:2] for row in self._rows(file)}
            report = json.loads(self._bucket.read(files[2]))
        except Gone:
            return Looked()
        return Looked(rows, report, self._doubts(digest, report), digest, etags)

    def _rows(self, key: str) -> Iterable[Row]:
        body = self._bucket.read(key)
        text = (gzip.decompress(body) if key.endswith(".gz") else body).decode()
        return read_rows(io.StringIO(text, newline=""))

    def _doubts(self, digest: str, report: Mapping[str, Any]) -> Sequence[Doubt]:
        """All of them where the training left its list; the report's first ones otherwise."""
        suspicious = report.get("suspicious") or {"pictures": []}
        listed: Sequence[Doubt] = suspicious["pictures"]
        try:
            text = self._bucket.read(names.dataset(digest, "suspicious.csv")).decode()
        except Gone:
            return listed
        everything = [_doubt(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        return everything or listed

    # What is known

    @property
    def report(self) -> Mapping[str, Any]:
        return self._looked.report

    @property
    def version(self) -> object:
        """Another when the data set is."""
        return self._looked.etags

    def accepted(self) -> list[Picture]:
        """Of the newest data set, as far as they are still there."""
        self.ready()
        with self._lock:
            everything = [each for pictures in self._labels.values() for each in pictures]
        return [each for each in everything if each.state not in (NEW, REJECTED)]

    def labels(self) -> list[str]:
        """Those that can be given."""
        with self._lock:
            return sorted(label for label in self._labels if label and not label_problem(label))

    def counts(self) -> dict[str, dict[str, int]]:
        """Of each folder under images/, also of one that cannot be a label."""
        found = {}
        with self._lock:
            for label, pictures in sorted(self._labels.items()):
                states: dict[str, int] = {}
                for picture in pictures:
                    states[picture.state] = states.get(picture.state, 0) + 1
                found[label] = states
        return found

    def pictures(self, label: str, state: str = "") -> list[Picture]:
        with self._lock:
            found = self._labels.get(label, [])
            return [each for each in found if not state or each.state == state]

    def samples(self, label: str, most: int) -> list[Picture]:
        """Spread over the whole, that no burst stands for all."""
        with self._lock:
            found = self._labels.get(label, [])
            return found[:: max(1, len(found) // most)][:most]

    def set_aside(self) -> list[Picture]:
        with self._lock:
            return list(self._aside)

    def find(self, key: str) -> Picture | None:
        place = place_of(key)
        if place is None:
            return None
        with self._lock:
            pictures = self._under(place)
            at = bisect.bisect_left(pictures, key, key=_key)
            fits = at < len(pictures) and pictures[at].key == key
            return pictures[at] if fits else None

    def _under(self, place: Place) -> list[Picture]:
        return self._aside if place.aside else self._labels.setdefault(place.label, [])

    def to_check(self, right: Right) -> list[tuple[Doubt, Picture]]:
        """Doubted labels of pictures that are still there, and of which nobody said that they are
        right.
        """
        found = []
        for doubt in without(self._looked.doubts, right):
            picture = self.find(doubt["key"])
            if picture and picture.sha256 == doubt["sha256"]:
                found.append((doubt, picture))
        return found

    # What was done here

    def moved(self, move: Move, etag: str) -> None:
        with self._lock:
            self._moved.append((move, etag))
            self._move(move, etag)

    def _move(self, move: Move, etag: str) -> None:
        source, target = place_of(move.source), place_of(move.target)
        assert source is not None
        assert target is not None
        _take_out(self._under(source), move.source)
        _take_out(self._under(target), move.target)
        row = self._looked.rows.get(move.target)  # it may have come back
        bisect.insort(self._under(target), _picture(move.target, etag, row), key=_key)


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """What is read stays: looking again and again for what could go takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _pictures(found: Iterable[Found], rows: Mapping[str, Row]) -> Iterable[Picture]:
    for each in found:
        if not is_folder_marker(each.key, each.size):
            yield _picture(each.key, each.etag, rows.get(each.key))


def _picture(key: str, etag: str, row: Row | None) -> Picture:
    if row is None or row.etag not in ("", etag):
        return Picture(key, etag)
    if row.reason:
        return Picture(key, etag, REJECTED, row.reason, row.sha256)
    return Picture(key, etag, row.split, "", row.sha256)


def _key(picture: Picture) -> str:
    return picture.key


def _take_out(pictures: list[Picture], key: str) -> None:
    at = bisect.bisect_left(pictures, key, key=_key)
    if at < len(pictures) and pictures[at].key == key:
        del pictures[at]


def _doubt(row: Mapping[str, str]) -> Doubt:
    numbers = {name: float(row[name]) for name in ("probability", "label_probability")}
    return {**row, **numbers}
