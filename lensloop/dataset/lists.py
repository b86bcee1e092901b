"""Which pictures is SageMaker's built-in image classification given, and how are they listed?

It is given copies, each made once: a JPEG that stands upright, as large as the algorithm would make
it itself, under a name of 64 letters. So it meets no format that it does not read (WebP), no
picture below its 224 pixels, no turned one (it does not know EXIF), no name in a script that its
Python 2 stumbles over, and no stranger's file in a decoder that has had no patches since 2024.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lensloop.dataset.rows import Row
from lensloop.dataset.split import TRAIN, VALIDATION
from lensloop.wire import names
from lensloop.wire.errors import BadArtifact, LensloopError

# What the algorithm's own `resize` is set to: as AWS's example of it has it, for 224 pixels.
SHORTEST_SIDE = 256
# Of a copy: a panorama would be 60 times as wide as high, and its middle is all that is looked at.
LONGEST_SIDE = 1024
BATCH = 32  # pictures that the network learns from at once: the algorithm's own default
QUALITY = 95  # of the JPEG: what it loses is less than what resizing does


class ConversionUnfinished(LensloopError):
    """Some pictures are converted; the next call goes on from there."""


@dataclass(frozen=True)
class Lists:
    """The content of the files: for each of the two splits its `.lst`, and which objects it
    names.
    """

    labels: list[str]
    train: str
    validation: str
    train_objects: str
    validation_objects: str
    learnt: int  # pictures in `train`


def copied(rows: Iterable[Row]) -> list[Row]:
    """The pictures that the algorithm is given; the test pictures are for the verdict."""
    return [row for row in rows if row.split in (TRAIN, VALIDATION)]


def copy_size(width: int, height: int) -> tuple[int, int]:
    scale = SHORTEST_SIDE / min(width, height)
    wide, high = round(width * scale), round(height * scale)
    return min(wide, LONGEST_SIDE), min(high, LONGEST_SIDE)


def lists(rows: Sequence[Row], unusable: Collection[str], bucket: str) -> Lists:
    """`rows`: the data set. `unusable`: by content hash, those of which there is no copy. Raises
    BadArtifact when what is left cannot be learnt from.
    """
    labels = sorted({row.label for row in rows})
    usable = [row for row in copied(rows) if row.sha256 not in unusable]
    train = sorted(row for row in usable if row.split == TRAIN)
    validation = sorted(row for row in usable if row.split == VALIDATION)
    _check(labels, train, validation)
    return Lists(
        labels,
        _listed(train, labels),
        _listed(validation, labels),
        _objects(train, bucket),
        _objects(validation, bucket),
        len(train),
    )


def _check(labels: Sequence[str], train: Sequence[Row], validation: Sequence[Row]) -> None:
    learnt = {row.label for row in train}
    without = [label for label in labels if label not in learnt]
    if without:
        raise BadArtifact(
            f"No picture of {', '.join(without)} could be made ready for the training; upload"
            " others."
        )
    if not validation:
        raise BadArtifact(
            "SageMaker's image classification needs validation pictures, and this data set has"
            " none: add pictures that differ from those already there."
        )


def _listed(rows: Iterable[Row], labels: Sequence[str]) -> str:
    """Index, class and path, with tabs between them: the classes count from 0 in the labels'
    order.
    """
    classes = {label: place for place, label in enumerate(labels)}
    lines = [
        f"{index}\t{classes[row.label]}\t{names.copy_name(row.sha256)}\n"
        for index, row in enumerate(rows)
    ]
    return "".join(lines)


def _objects(rows: Iterable[Row], bucket: str) -> str:
    prefix = {"prefix": f"s3://{bucket}/{names.COPIES_PREFIX}"}
    return json.dumps([prefix, *(names.copy_name(row.sha256) for row in rows)])
