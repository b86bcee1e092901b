"""How are the features of earlier jobs kept? Some hundred pictures a file, which is named by its
content, and beside it an index of the pictures in it.

What is damaged or of another backbone is no shard: whoever finds such a file embeds its pictures
again.
"""

import functools
import hashlib
import io
import itertools
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lensloop.dataset.kept_features import HASH_BYTES, INDEX, SHARD

Array = NDArray[np.float32]
DRAFTS = ".*.part"  # files that are being written
_DIGITS = 16  # of the content's hash, in the name
# What numpy raises on files that are no shard of ours.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Looked:
    """Pictures that a backbone has looked at, by content: what it saw, [pictures, D], and small
    JPEGs of them.
    """

    pictures: Sequence[bytes]
    features: Array
    thumbnails: Sequence[bytes]


@dataclass(frozen=True)
class Shard:
    path: Path
    pictures: Sequence[bytes]

    def features(self) -> Array:
        with np.load(self.path, allow_pickle=False) as content:
            features: Array = content["features"]
            return features

    @functools.cached_property
    def thumbnails(self) -> list[bytes]:
        """All of them, for whoever asks for one asks for more."""
        with np.load(self.path, allow_pickle=False) as content:
            together, ends = content["thumbnails"].tobytes(), content["ends"].tolist()
        return [together[begin:end] for begin, end in itertools.pairwise([0, *ends])]

    def only(self, wanted: Iterable[bytes]) -> Looked:
        """All that is kept of these pictures, as far as they are here."""
        chosen = frozenset(wanted)
        places = [i for i, picture in enumerate(self.pictures) if picture in chosen]
        return Looked(
            [self.pictures[i] for i in places],
            self.features()[places],
            [self.thumbnails[i] for i in places],
        )


def write(folder: Path, backbone: str, looked: Looked) -> Shard:
    """The shard first and then its index, each at once: whoever is killed in between has lost these
    pictures' features and nothing else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez(
        content,
        backbone=np.array(backbone),
        pictures=np.frombuffer(b"".join(looked.pictures), np.uint8).reshape(-1, HASH_BYTES),
        features=np.ascontiguousarray(looked.features, "<f4"),
        thumbnails=np.frombuffer(b"".join(looked.thumbnails), np.uint8),
        ends=np.cumsum([len(small) for small in looked.thumbnails], dtype="<i8"),
    )
    path = folder / f"{_name(content.getbuffer())}{SHARD}"
    replace(path, content.getbuffer())
    replace(path.with_suffix(INDEX), b"".join(looked.pictures))
    return Shard(path, tuple(looked.pictures))


def read(path: Path, backbone: str, width: int) -> Shard | None:
    """None for what is no shard of this backbone, or not whole any more."""
    try:
        data = path.read_bytes()
        if _name(data) != path.stem:
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as content:
            pictures = content["pictures"]
            fits = str(content["backbone"]) == backbone and _fits(content, width)
    except _DAMAGE:
        return None
    return Shard(path, [row.tobytes() for row in pictures]) if fits else None


def empty(path: Path) -> None:
    """Of no use any more. SageMaker carries files out and deletes none in the bucket: an empty one
    takes the place of the old one there, and the bucket's own rule deletes what is empty.
    """
    for name in (path, path.with_suffix(INDEX)):
        if name.exists() and name.stat().st_size:
            replace(name, b"")


def _fits(content: Any, width: int) -> bool:
    names = ("pictures", "features", "thumbnails", "ends")
    pictures, features, thumbnails, ends = (content[name] for name in names)
    return bool(
        (pictures.dtype, pictures.shape[1:]) == (np.uint8, (HASH_BYTES,))
        and (features.dtype, features.shape[1:]) == (np.float32, (width,))
        and (thumbnails.dtype, thumbnails.ndim) == (np.uint8, 1)
        and len(pictures) == len(features) == len(ends)
        and np.isfinite(features).all()
        and ends.dtype == np.int64
        and (np.diff(ends, prepend=0) >= 0).all()
        and ends[-1:].sum() == len(thumbnails)
    )


def _name(content: Any) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def replace(path: Path, content: Any) -> None:
    draft = path.with_name(f".{path.name}.part")  # see DRAFTS
    draft.write_bytes(content)
    os.replace(draft, path)
