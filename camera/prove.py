"""Does the model answer on this camera as it did where it was judged? Runs it on the release's
golden pictures.
"""

from __future__ import annotations

import hashlib
import time
import zipfile
from pathlib import Path
from typing import Callable, NamedTuple

from camera.model import Model, file_sha256
from lensloop.wire.errors import BadArtifact, PictureError
from lensloop.wire.manifest import GoldenPicture
from lensloop.wire.picture import MAX_BYTES

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


def prove(model: Model, folder: Path, clock: Callable[[], float] = time.perf_counter) -> Proof:
    """All golden pictures must get the label they got in the cloud; raises BadArtifact or NotProven
    otherwise.
    """
    manifest, wrong, times = model.manifest, [], []
    path = folder / manifest.golden.file
    if file_sha256(path) != manifest.golden.sha256:
        raise BadArtifact(f"{path.name} is not the file that the manifest names")
    try:
        with zipfile.ZipFile(str(path)) as archive:
            for picture in manifest.pictures:
                data = _read(archive, picture)
                begin = clock()
                answer = next(iter(model.predict_file(data)))
                times.append(clock() - begin)
                if answer != picture.label:
                    wrong.append(f"{picture.file} is {answer} here and must be {picture.label}")
    except _UNREADABLE as error:
        raise BadArtifact(f"the golden pictures cannot be read: {error}") from error
    if wrong:
        raise NotProven(
            "{} of {} golden pictures are classified wrongly: {}".format(
                len(wrong), len(times), "; ".join(wrong[:3])
            )
        )
    return Proof(len(times), len(times), round(sorted(times)[len(times) // 2] * 1000, 1))


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
