"""Does the model answer on this camera as it did where it was judged?
Runs it on the release's golden pictures.
"""

from __future__ import annotations

import hashlib
import math
import time
import zipfile
from typing import BinaryIO, Callable, Iterator, NamedTuple, Set

from camera.model import Model
from lensloop.wire.errors import BadArtifact, PictureError
from lensloop.wire.manifest import GoldenPicture
from lensloop.wire.picture import MAX_BYTES
from lensloop.wire.prediction import Prediction

# So many are tried however long it takes: of the first labels, as they take turns in a release. An
# Atom may need a second for each.
LEAST = 12
# What zipfile and the decoder say to a damaged archive; RuntimeError is an encrypted one.
_UNREADABLE = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    PictureError,
    RuntimeError,
)


class NotProven(BadArtifact):
    """The model loads and answers, but not what it must."""


class Proof(NamedTuple):
    right: int
    pictures: int
    milliseconds: float  # the median picture, decoding included

    @property
    def golden(self) -> str:
        return f"{self.right}/{self.pictures}"


class _Trial(NamedTuple):
    seconds: float
    mistake: str  # empty: the model answered as it must


def prove(
    model: Model,
    golden: BinaryIO,
    clock: Callable[[], float] = time.perf_counter,
    trying: float = math.inf,
) -> Proof:
    """All golden pictures must get the label they got in the cloud, and none may be unfamiliar: the
    training chose them among those that are not. After `trying` seconds no more are begun. Raises
    BadArtifact or NotProven otherwise.
    """
    file = model.manifest.golden
    try:
        if _sha256(golden) != file.sha256:
            raise BadArtifact(f"{file.file} is not the file that the manifest names")
        with zipfile.ZipFile(golden) as archive:
            trials = [*_trials(model, archive, clock, trying)]
    except _UNREADABLE as error:
        raise BadArtifact(f"the golden pictures cannot be read: {error}") from error
    wrong = [trial.mistake for trial in trials if trial.mistake]
    if wrong:
        raise NotProven(
            f"{len(wrong)} of {len(trials)} golden pictures are answered wrongly:"
            f" {'; '.join(wrong[:3])}"
        )
    median = sorted(trial.seconds for trial in trials)[len(trials) // 2]
    return Proof(len(trials), len(trials), round(median * 1000, 1))


def _trials(
    model: Model, archive: zipfile.ZipFile, clock: Callable[[], float], trying: float
) -> Iterator[_Trial]:
    """Never of one label alone: a model that always answers it would pass."""
    began = clock()
    shown: Set[str] = set()
    for number, picture in enumerate(model.manifest.pictures):
        if number >= LEAST and len(shown) > 1 and clock() - began > trying:
            return
        shown.add(picture.label)
        yield _try(model, archive, picture, clock)


def _try(
    model: Model, archive: zipfile.ZipFile, picture: GoldenPicture, clock: Callable[[], float]
) -> _Trial:
    data = _read(archive, picture)
    began = clock()
    prediction = model.predict_file(data)
    return _Trial(clock() - began, _mistake(prediction, picture))


def _mistake(prediction: Prediction, picture: GoldenPicture) -> str:
    if prediction.predicted != picture.label:
        return f"{picture.file} is {prediction.predicted} here and must be {picture.label}"
    if prediction.unfamiliar:
        return f"{picture.file} is unfamiliar here and must not be"
    return ""


def _read(archive: zipfile.ZipFile, picture: GoldenPicture) -> bytes:
    """By name, within a cap, and stored as the publisher stores it: nothing is ever unpacked."""
    entry = archive.getinfo(picture.file)
    if entry.file_size > MAX_BYTES or entry.compress_type != zipfile.ZIP_STORED:
        raise BadArtifact(f"golden picture {picture.file} is too large or compressed")
    with archive.open(picture.file) as file:
        data = file.read(MAX_BYTES + 1)
    if hashlib.sha256(data).hexdigest() != picture.sha256:
        raise BadArtifact(f"golden picture {picture.file} is not the one the manifest names")
    return data


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1024 * 1024), b""):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
