"""Which pictures are trained on? The manifest's rows, read, verified and decoded."""

import base64
import csv
import functools
import gzip
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lensloop.wire.errors import BadArtifact, PictureError
from lensloop.wire.picture import open_for_input, open_picture, thumbnail, to_input
from training.paths import Paths

SIZE = 224  # pixels a side of what every model is given: what its backbone learnt with
# Pixels a side that are decoded for a thumbnail: some more than its own, so that it stays sharp.
_AT_LEAST = 256


@dataclass(frozen=True)
class Picture:
    key: str
    sha256: str
    label: str
    split: str
    phash: str

    @functools.cached_property
    def content(self) -> bytes:
        """The hash as it is kept by."""
        return bytes.fromhex(self.sha256)


class Loaded(NamedTuple):
    """Pictures that can be used, as model inputs, and small JPEGs of them."""

    usable: list[Picture]
    inputs: list[np.ndarray]
    thumbnails: list[bytes]


@dataclass
class Pictures:
    """The data set's pictures; those that cannot be used
    after all are left out, each with its reason.
    """

    paths: Paths
    rows: list[Picture]
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, paths: Paths) -> "Pictures":
        try:
            with gzip.open(paths.manifest, "rt", encoding="utf-8", newline="") as file:
                rows = [
                    Picture(r["key"], r["sha256"], r["label"], r["split"], r["phash"])
                    for r in csv.DictReader(file)
                ]
        except FileNotFoundError as missing:
            raise BadArtifact("The channel `dataset` holds no manifest.csv.gz.") from missing
        except (OSError, EOFError, KeyError, ValueError) as damage:
            raise BadArtifact(f"manifest.csv.gz cannot be read: {damage}.") from damage
        return cls(paths, rows)

    @property
    def labels(self) -> list[str]:
        return sorted({row.label for row in self.rows})

    def of(self, *splits: str) -> list[Picture]:
        return [row for row in self.rows if row.split in splits]

    def bytes_of(self, row: Picture) -> bytes:
        """The picture's file, if it is the one that the manifest lists."""
        try:
            data = self.paths.picture(row.key).read_bytes()
        except OSError as problem:
            raise PictureError(
                f"the file did not reach the training job: {problem.strerror}"
            ) from problem
        if hashlib.sha256(data).hexdigest() != row.sha256:
            raise PictureError("the file is not the one that was inspected; it changed in between")
        return data

    def thumbnail(self, row: Picture) -> str | None:
        """A small JPEG in base64 for people to look at; None if the picture is gone by now."""
        try:
            return thumbnail(open_picture(self.bytes_of(row), at_least=_AT_LEAST))
        except PictureError:
            return None

    def load(self, batch: Iterable[Picture]) -> Loaded:
        """The usable ones of these pictures. May be called from several threads."""
        loaded = Loaded([], [], [])
        for row in batch:
            try:
                image = open_for_input(self.bytes_of(row), SIZE, SIZE)
            except PictureError as reason:
                self.left_out[row.key] = str(reason)
                continue
            loaded.usable.append(row)
            loaded.inputs.append(to_input(image, SIZE, SIZE))
            loaded.thumbnails.append(base64.b64decode(thumbnail(image)))
        return loaded


def numbered(rows: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.int64]:
    """Each picture's label, by its place among the labels."""
    return np.array([labels.index(row.label) for row in rows], np.int64)


def check_trainable(rows: Sequence[Picture], labels: Sequence[str]) -> None:
    if len(labels) < 2:
        have = f"only the label {labels[0]}" if labels else "no pictures at all"
        raise BadArtifact(
            f"The data set has {have}; training needs pictures of at least two labels."
        )
    learnt = {row.label for row in rows if row.split == "train"}
    without = [label for label in labels if label not in learnt]
    if without:
        raise BadArtifact(
            f"No usable training pictures of {', '.join(without)}; add pictures of it or remove the"
            " label."
        )
