"""What does a backbone see in each picture? Looked at once, however many ask, in however many jobs.

What earlier jobs saw is kept (feature_cache.py), and checked by looking again at a few.
"""

import base64
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from lensloop.dataset.kept_features import ALL, UNCACHED
from lensloop.machines.choose import CACHE_DAMAGED
from lensloop.reasons import counted
from lensloop.wire.errors import BadArtifact
from training.embed import embed
from training.feature_cache import FeatureCache, begin_anew, clear_others
from training.model_file import Backbone, frozen
from training.pictures import Picture, Pictures
from training.shards import Array

_AGAIN = 8  # kept pictures that are looked at once more, of those whose files are here
# Of a picture's features: what another processor makes of them, generously; another picture's
# differ by more than a tenth.
_AGREE = 1e-3


class CacheDamaged(BadArtifact):
    """What is kept is not what the data set's step took it for. The workflow knows this failure by
    its words, and trains again with every picture.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"{CACHE_DAMAGED}: {why}. The training needs every picture once more.")


@dataclass(frozen=True)
class Kept:
    """What earlier jobs left, and how far it goes."""

    folder: Path
    pictures: str = ""  # UNCACHED, else all are here

    @classmethod
    def found(cls, folder: Path, pictures: str, job: str) -> "Kept":
        """`pictures`: what the job was told of them. With ALL nothing is kept."""
        if pictures == ALL:
            begin_anew(folder, job)
        return cls(folder, pictures)


class Features:
    """Of this job's pictures, by the frozen backbone and by those of the models that are judged."""

    def __init__(self, pictures: Pictures, backbone: Callable[[], bytes], kept: Kept) -> None:
        """`backbone` makes the frozen one, which not every algorithm needs."""
        self._pictures, self._make, self.kept = pictures, backbone, kept
        self._caches: dict[str, FeatureCache] = {}  # by the backbone's hash
        self.embedded = 0  # pictures that this job looked at

    @functools.cached_property
    def frozen(self) -> Backbone:
        return frozen(self._make())

    def of(self, rows: Sequence[Picture]) -> tuple[list[Picture], Array]:
        """The usable ones of these pictures, in order, and what the frozen backbone sees in them,
        [pictures, D].
        """
        return self.by(self.frozen, rows, "embedded")

    def by(
        self, backbone: Backbone, rows: Sequence[Picture], verb: str
    ) -> tuple[list[Picture], Array]:
        """The same by any backbone. `verb`: what the log calls it."""
        cache = self._caches.get(backbone.hash) or self._open(backbone)
        unseen = [row for row in rows if row.content not in cache]
        if self.kept.pictures == UNCACHED:
            self._must_be_here(unseen)
        for looked in embed(self._pictures, unseen, backbone.session, verb):
            cache.put(looked)
            self.embedded += len(looked.pictures)
        cache.flush()
        usable = [row for row in rows if row.content in cache]
        return usable, cache.features([row.content for row in usable])

    def kept_by(self, backbone: Backbone) -> int:
        """Of how many of the data set's pictures earlier jobs had kept what this backbone sees."""
        cache = self._caches.get(backbone.hash)
        return cache.kept_of([row.content for row in self._pictures.rows]) if cache else 0

    def thumbnail(self, row: Picture) -> str | None:
        """A small JPEG in base64 for people to look at; None if the picture is gone by now."""
        for cache in self._caches.values():
            small = cache.thumbnail(row.content)
            if small:
                return base64.b64encode(small).decode()
        return self._pictures.thumbnail(row)

    def close(self) -> None:
        """When nobody asks any more: leaves in order what the next job is to find."""
        wanted = [row.content for row in self._pictures.rows]
        for cache in self._caches.values():
            cache.tidy(wanted)
        clear_others(self.kept.folder, {*self._caches, self.frozen.hash})

    def _open(self, backbone: Backbone) -> FeatureCache:
        cache = FeatureCache(self.kept.folder, backbone.hash, backbone.width)
        self._check(backbone, cache)
        self._caches[backbone.hash] = cache
        return cache

    def _check(self, backbone: Backbone, cache: FeatureCache) -> None:
        """Looks once more at a few that are kept. Where one is not what it was, nothing that is
        kept is used: all is embedded again, by another job if the pictures are not here.
        """
        again = [*islice(self._here(cache), _AGAIN)]
        kept = cache.features([row.content for row in again])
        places = {row.content: place for place, row in enumerate(again)}
        for looked in embed(self._pictures, again, backbone.session, "checked"):
            before = kept[[places[picture] for picture in looked.pictures]]
            off = np.linalg.norm(looked.features - before, axis=1)
            if (off <= _AGREE * np.linalg.norm(before, axis=1)).all():
                continue
            if self.kept.pictures == UNCACHED:
                raise CacheDamaged("what it holds of a picture is not what the network sees in it")
            print("what was kept is wrong; every picture is embedded again", flush=True)
            cache.forget()
            return

    def _here(self, cache: FeatureCache) -> Iterator[Picture]:
        for row in sorted(self._pictures.rows, key=lambda row: row.sha256):
            if row.content in cache and self._pictures.paths.picture(row.key).is_file():
                yield row

    def _must_be_here(self, unseen: Sequence[Picture]) -> None:
        """SageMaker brings what is listed or ends the job, so what is not here was not listed."""
        absent = [row for row in unseen if not self._pictures.paths.picture(row.key).is_file()]
        if absent:
            missing = counted(len(absent), "picture", "pictures")
            raise CacheDamaged(f"it lacks {missing} that it should hold")
