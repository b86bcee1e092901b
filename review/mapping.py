"""Where does each picture lie in two dimensions, and which lies far from its label?

By the two directions in which the features differ most (PCA). They are found on a sample, evenly
spread, and hold for all: of 1,500 pictures or fewer that is all of them.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lensloop.dataset.labels import label_of
from review.bucket import Found
from review.features import Array, Features
from review.library import Library, Picture

_SAMPLE = 1500  # pictures: a second of computing
# Directions in which pictures are compared with their labels: what lies beyond is mostly noise.
_COMPARED = 24
# Beside those that are wanted, so that these are exact; and so often until they stand still.
_SPARE, _ITERATIONS = 8, 8
_NOISE = 1e-6  # of numbers with 24 bits
_SCALE = 10_000  # whole numbers, which are short to send
_ODD = 200  # of the pictures that are most unlike their label


@dataclass(frozen=True)
class Map:
    """`x`, `y`: 0 to 10,000, one for each picture; `odd`: places of the most unlike ones."""

    pictures: Sequence[Picture] = ()
    x: Sequence[int] = ()
    y: Sequence[int] = ()
    odd: Sequence[int] = ()
    without: int = 0  # pictures of the data set of which no features are kept


class Mapper:
    """The map is made when somebody looks, and again when pictures or features are others."""

    def __init__(self, library: Library, features: Features) -> None:
        self._library, self._features = library, features
        self._lock = threading.Lock()
        self._version: object = None
        self._map = Map()

    def map(self) -> Map:
        with self._lock:
            self._library.ready()
            shards = self._features.shards()
            version = ([shard.key for shard in shards], self._library.version)
            if version != self._version:
                self._map = self._make(shards)
                self._version = version
            return self._map

    def _make(self, shards: Sequence[Found]) -> Map:
        wanted = {picture.sha256: picture for picture in self._library.accepted()}
        places = [(number, at) for number, at, sha256 in self._places(shards) if sha256 in wanted]
        if not places:
            return Map(without=len(wanted))
        mean, directions = basis(self._sample(shards, set(places[:: -(-len(places) // _SAMPLE)])))
        found = dict[str, Array]()
        for shard in self._features.read(shards):
            near = (shard.features - mean) @ directions
            found |= {sha256: near[at] for at, sha256 in enumerate(shard.pictures)}
        pictures = [picture for sha256, picture in wanted.items() if sha256 in found]
        points = np.stack([found[picture.sha256] for picture in pictures])
        return _drawn(pictures, points, len(wanted) - len(pictures))

    def _places(self, shards: Sequence[Found]) -> Iterator[tuple[int, int, str]]:
        for number, shard in enumerate(self._features.read(shards)):
            for at, sha256 in enumerate(shard.pictures):
                yield number, at, sha256

    def _sample(self, shards: Sequence[Found], places: set[tuple[int, int]]) -> Array:
        chosen = []
        for number, shard in enumerate(self._features.read(shards)):
            rows = [at for at in range(len(shard.pictures)) if (number, at) in places]
            chosen.append(shard.features[rows])
        return np.concatenate(chosen)


def _drawn(pictures: Sequence[Picture], points: Array, without: int) -> Map:
    names = sorted({label_of(picture.key) for picture in pictures})
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers[label_of(picture.key)] for picture in pictures])
    odd = oddness(points, labels)
    order = np.argsort(-odd)[:_ODD]
    flat = points if points.shape[1] > 1 else np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    return Map(
        pictures=pictures,
        x=scaled(flat[:, 0]),
        y=scaled(flat[:, 1]),
        odd=[int(at) for at in order if odd[at] > 0],
        without=without,
    )


def basis(sample: Array) -> tuple[Array, Array]:
    """The mean, and the directions of largest variance, [width, kept].

    Each feature counts the same, whatever its scale: of the demo's pictures 86 of 100 neighbours
    then have the same label, and 68 as they are.
    """
    mean, spread = sample.mean(axis=0), sample.std(axis=0)
    weights = np.divide(1, spread, out=np.zeros_like(spread), where=spread > _NOISE)
    even = (sample - mean) * weights
    lengths, directions = _largest(even)
    kept = lengths > _NOISE * max(float(lengths.max()), _NOISE)
    return mean, (weights[:, None] * directions[:, kept]).astype(np.float32)


def _largest(even: Array) -> tuple[Array, Array]:
    """By subspace iteration (Halko and others, 2011): all eigenvectors of a sample take five times
    as long, and two of them are drawn.
    """
    count = min(_COMPARED + _SPARE, *even.shape)
    start = np.random.default_rng(0).normal(size=(len(even), count)).astype(np.float32)
    space = np.linalg.qr(start)[0]
    for _ in range(_ITERATIONS):
        space = np.linalg.qr(even @ (even.T @ space))[0]
    _, lengths, directions = np.linalg.svd(space.T @ even, full_matrices=False)
    return lengths[:_COMPARED], directions[:_COMPARED].T


def scaled(values: NDArray[np.float32]) -> list[int]:
    """Without the outermost thousandth, which would press all others together."""
    if not len(values):
        return []
    low, high = np.percentile(values, (0.1, 99.9))
    share = (values - low) / max(high - low, 1e-9)
    found: list[int] = (np.clip(share, 0, 1) * _SCALE).round().astype(int).tolist()
    return found


def oddness(points: Array, labels: NDArray[np.int64]) -> Array:
    """How much nearer a picture lies to another label's middle than to its own's."""
    count = int(labels.max()) + 1 if len(labels) else 0
    if count < 2:
        return np.zeros(len(points), np.float32)
    middles = np.stack([points[labels == label].mean(axis=0) for label in range(count)])
    distances = np.linalg.norm(points[:, None, :] - middles[None], axis=2)
    own = distances[np.arange(len(points)), labels].copy()
    distances[np.arange(len(points)), labels] = np.inf
    odd: Array = (own - distances.min(axis=1)).astype(np.float32)
    return odd
