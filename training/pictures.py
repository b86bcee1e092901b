"""Which pictures are trained on? The manifest's rows, read, verified and decoded a few batches ahead of the network."""

import csv
import gzip
import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from lensloop.errors import BadArtifact, PictureError
from lensloop.picture import read_input
from training.backbone import SIZE
from training.paths import Paths

BATCH = 32


@dataclass(frozen=True)
class Picture:
    key: str
    sha256: str
    label: str
    split: str


@dataclass
class Pictures:
    """The data set's pictures; those that cannot be used after all are left out, each with its reason."""

    paths: Paths
    rows: list[Picture]
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, paths: Paths) -> "Pictures":
        try:
            with gzip.open(paths.manifest, "rt", encoding="utf-8", newline="") as file:
                rows = [Picture(r["key"], r["sha256"], r["label"], r["split"]) for r in csv.DictReader(file)]
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
            raise PictureError(f"the file did not reach the training job: {problem.strerror}") from problem
        if hashlib.sha256(data).hexdigest() != row.sha256:
            raise PictureError("the file is not the one that was inspected; it changed in between")
        return data

    def batches(self, rows: Iterable[Picture]) -> Iterator[tuple[list[Picture], np.ndarray]]:
        """Usable pictures as model inputs, in the order of `rows`, decoded on every core while the network runs."""
        waiting = iter(rows)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            ahead: deque[Future[tuple[list[Picture], list[Any]]]] = deque()

            def fill() -> None:
                while len(ahead) < 2 * (os.cpu_count() or 1) and (batch := list(islice(waiting, BATCH))):
                    ahead.append(pool.submit(self._decode, batch))

            fill()
            while ahead:
                usable, inputs = ahead.popleft().result()
                fill()
                if usable:
                    yield usable, np.stack(inputs)

    def _decode(self, batch: list[Picture]) -> tuple[list[Picture], list[Any]]:
        usable, inputs = [], []
        for row in batch:
            try:
                inputs.append(read_input(self.bytes_of(row), SIZE, SIZE))
                usable.append(row)
            except PictureError as reason:
                self.left_out[row.key] = str(reason)
        return usable, inputs
