"""What of this job's pictures did a backbone see before? Kept from job to job, checked, and written
while the job runs, so that one which is interrupted goes on where it was.

The folder is SageMaker's for checkpoints: it is filled before the job starts, and what is written
there is carried out while the job runs, though the job has no network. All of it may be deleted at
any time; that costs one embedding.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lensloop.dataset.kept_features import (
    BACKBONES_FILE,
    BACKBONES_FORMAT,
    CHECKPOINT,
    GOLDEN_FOLDER,
    INT8_FOLDER,
    LESSONS_FOLDER,
    SHARD,
)
from training import shards
from training.shards import Array, Looked, Shard

# Pictures a shard while a job embeds: half a minute of work that an interruption may cost.
_SOON = 256
# A shard of so many pictures, some 200 MB, is left as it is; smaller ones are made one when there
# are more of them than a job should have to fetch one by one.
_FULL = 16_384
_MOST_SMALL = 8
_ANEW = "anew"  # a file with the name of the last job that began so
_A_BACKBONE = "[0-9a-f]" * 16  # as its folder is called
_KEPT = (
    *(f"{_A_BACKBONE}/*{SHARD}", f"{GOLDEN_FOLDER}/*.jpg"),
    *(f"{INT8_FOLDER}/*.onnx", f"{INT8_FOLDER}/{_A_BACKBONE}/*{SHARD}"),
)


class FeatureCache:
    """Of one backbone."""

    def __init__(self, folder: Path, backbone: str, width: int) -> None:
        """`width`: numbers a picture."""
        self._folder, self._backbone, self._width = folder / backbone, backbone, width
        self._shards: list[Shard] = []
        self._places: dict[bytes, tuple[int, int]] = {}  # picture → shard, place in it
        self._waiting: list[Looked] = []
        self._waste: set[Path] = set()
        for path in sorted(self._folder.glob(f"*{SHARD}")):
            shard = shards.read(path, backbone, width)
            if shard:
                self._take(shard)
            else:
                self._waste.add(path)
        self._before = frozenset(self._places)

    def __contains__(self, picture: bytes) -> bool:
        return picture in self._places

    def kept_of(self, pictures: Iterable[bytes]) -> int:
        """How many of these were there before this job."""
        return len(self._before.intersection(pictures))

    def forget(self) -> None:
        """What was kept is wrong; from now on there is nothing."""
        self._waste.update(shard.path for shard in self._shards)
        self._shards, self._places, self._before = [], {}, frozenset()

    def put(self, looked: Looked) -> None:
        self._waiting.append(looked)
        if sum(len(part.pictures) for part in self._waiting) >= _SOON:
            self.flush()

    def flush(self) -> None:
        if not self._waiting:
            return
        together, self._waiting = _joined(self._waiting), []
        if together.pictures:
            self._take(shards.write(self._folder, self._backbone, together))

    def features(self, pictures: Sequence[bytes]) -> Array:
        """Of pictures that are here, in this order."""
        wanted: dict[int, list[tuple[int, int]]] = {}
        for row, picture in enumerate(pictures):
            shard, place = self._places[picture]
            wanted.setdefault(shard, []).append((row, place))
        found = np.empty((len(pictures), self._width), np.float32)
        for shard, pairs in wanted.items():
            rows, places = np.array(pairs).T
            found[rows] = self._shards[shard].features()[places]
        return found

    def thumbnail(self, picture: bytes) -> bytes | None:
        if picture not in self._places:
            return None
        shard, place = self._places[picture]
        return self._shards[shard].thumbnails[place]

    def tidy(self, wanted: Collection[bytes]) -> None:
        """Makes many small shards few, without the pictures that are not `wanted` any more."""
        written = set[Path]()
        small = [shard for shard in self._shards if len(shard.pictures) < _FULL]
        if len(small) > _MOST_SMALL:
            for together in _gathered(small, frozenset(wanted)):
                written.add(shards.write(self._folder, self._backbone, together).path)
            self._waste.update(shard.path for shard in small)
        for path in self._waste - written:  # what has the same content has the same name
            shards.empty(path)
        self._waste = set()

    def _take(self, shard: Shard) -> None:
        for place, picture in enumerate(shard.pictures):
            self._places[picture] = (len(self._shards), place)
        self._shards.append(shard)
        self._waste.discard(shard.path)  # written anew


def note_backbones(folder: Path, epochs: Mapping[str, str]) -> None:
    """Which backbone the model of each of these runs has: the data set's step asks for that of the
    live one.
    """
    content = {"format": BACKBONES_FORMAT, "epochs": dict(epochs)}
    shards.replace(folder / BACKBONES_FILE, json.dumps(content).encode())


def begin_anew(folder: Path, job: str) -> None:
    """Empties all that is kept, once in a job of this name: one that is interrupted goes on with
    what it has seen itself since.
    """
    note = folder / _ANEW
    if job and note.is_file() and note.read_text("utf-8") == job:
        return
    for kept in _KEPT:
        for path in folder.glob(kept):
            shards.empty(path)
    shards.replace(note, job.encode())


def clear_others(folder: Path, backbones: Collection[str]) -> None:
    """Empties what is kept for other backbones than these, and what was never finished."""
    for path in folder.glob(f"{_A_BACKBONE}/*{SHARD}"):
        if path.parent.name not in backbones:
            shards.empty(path)
    # A draft of a job that was killed, or that was carried out in the middle of being written.
    for draft in folder.rglob(shards.DRAFTS):
        draft.write_bytes(b"")


def clear_lessons(folder: Path) -> None:
    """The job is over, and whatever was taught is in its model."""
    for path in folder.glob(f"{LESSONS_FOLDER}/*{CHECKPOINT}"):
        shards.empty(path)


def _gathered(small: Sequence[Shard], wanted: frozenset[bytes]) -> Iterator[Looked]:
    """Of the small shards few large ones; each picture once."""
    left, parts = set(wanted), list[Looked]()
    for shard in small:
        part = shard.only(left)
        left.difference_update(part.pictures)
        parts.append(part)
        if sum(len(part.pictures) for part in parts) >= _FULL:
            yield _joined(parts)
            parts = []
    together = _joined(parts) if parts else None
    if together and together.pictures:
        yield together


def _joined(parts: Sequence[Looked]) -> Looked:
    pictures, thumbnails = list[bytes](), list[bytes]()
    for part in parts:
        pictures += part.pictures
        thumbnails += part.thumbnails
    return Looked(pictures, np.concatenate([part.features for part in parts]), thumbnails)
