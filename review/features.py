"""What did a training job see of each picture? The features that jobs keep for each other, fetched
once: a shard is named by its content, and never changes.
"""

import contextlib
import io
import zipfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lensloop.dataset.kept_features import GOLDEN_FOLDER, SHARD
from lensloop.wire import names
from review.bucket import AT_ONCE, Bucket, Found, Gone
from review.files import keep

Array = NDArray[np.float32]
# What numpy raises on files that are no shard.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class Shard(NamedTuple):
    pictures: list[str]  # their sha256
    features: Array


class Features:
    def __init__(self, bucket: Bucket, folder: Path) -> None:
        self._bucket, self._folder = bucket, folder

    def shards(self) -> list[Found]:
        """Those of the backbone that has looked at most, for no two can be compared."""
        best: list[Found] = []
        for folder in self._bucket.folders(names.FEATURES_PREFIX):
            if folder == GOLDEN_FOLDER:
                continue
            files = self._bucket.below(names.features(folder))
            found = [file for file in files if file.key.endswith(SHARD) and file.size]
            best = max(best, found, key=lambda each: sum(file.size for file in each))
        return best

    def read(self, shards: Collection[Found]) -> Iterator[Shard]:
        """One after the other, so that no more than one lies in memory."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            files = list(pool.map(self._fetched, shards))
        width = 0
        for file in files:
            shard = _shard(file)
            if shard and width in (0, shard.features.shape[1]):
                width = shard.features.shape[1]
                yield shard

    def _fetched(self, found: Found) -> Path:
        file = self._folder / found.key.replace("/", "-")
        if not file.exists():
            with contextlib.suppress(Gone):  # emptied by a job in this moment
                keep(file, self._bucket.read(found.key, found.etag))
        return file


def _shard(file: Path) -> Shard | None:
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as content:
            pictures = [row.tobytes().hex() for row in content["pictures"]]
            features: Array = content["features"].astype(np.float32)
    except _DAMAGE:
        return None
    fits = features.ndim == 2 and len(features) == len(pictures) and np.isfinite(features).all()
    return Shard(pictures, features) if fits else None
