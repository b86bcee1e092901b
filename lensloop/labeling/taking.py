"""What becomes of the pictures that people labelled? Each is copied under its label, with a name
that is made of its own, so that a job that is taken twice brings nothing twice.
"""

import hashlib
import posixpath
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lensloop.dataset.labels import composed, key_problem, label_problem
from lensloop.importing import provenance
from lensloop.importing.groundtruth import Labelled
from lensloop.importing.provenance import Record
from lensloop.labeling.job import UNLABELLED_PREFIX
from lensloop.review.places import copy_of, frame_of
from lensloop.wire.names import IMAGES_PREFIX, REVIEW_PREFIX
from lensloop.wire.review import PICTURE

_SOURCES = (REVIEW_PREFIX, UNLABELLED_PREFIX)
_HASH = 16


class Copy(NamedTuple):
    source: str
    target: str
    label: str  # as the people who labelled it called it


class LeftOut(NamedTuple):
    uri: str
    reason: str


class Taking(NamedTuple):
    copies: list[Copy]
    left_out: list[LeftOut]


def taking(lines: Iterable[Labelled], bucket: str) -> Taking:
    found = Taking([], [])
    for line in lines:
        key = line.uri.removeprefix(f"s3://{bucket}/")
        problem = line.problem or _problem(line, key)
        if problem:
            found.left_out.append(LeftOut(line.uri, problem))
        else:
            target = _target(key, composed(line.label))
            found.copies.append(Copy(key, target, line.label))
    return found


def recorded(
    copied: Iterable[Copy], left_out: Mapping[str, int], manifest: str, version: str, now: str
) -> Record:
    """As any import leaves it. `manifest`: its address in S3. What a picture holds is not known
    here, for S3 copies it: its place stands for it."""
    copies = list(copied)
    origin = {"source": f"groundtruth:{manifest}", "version": version, "licence": "", "url": ""}
    labels = {copy.label: composed(copy.label) for copy in copies}
    contents = ((copy.source, composed(copy.label)) for copy in copies)
    told = provenance.record(origin, contents, labels, left_out, now)
    told["finished"] = now
    return told


def _problem(line: Labelled, key: str) -> str:
    if key == line.uri or not key.startswith(_SOURCES):
        return f"It lies neither in {_SOURCES[0]} nor in {_SOURCES[1]} of this project's bucket."
    label = composed(line.label)
    if "/" in label or label_problem(label):
        return f"`{line.label}` cannot be a label."
    return key_problem(_target(key, label))


def _target(key: str, label: str) -> str:
    frame = frame_of(key, PICTURE) if key.startswith(REVIEW_PREFIX) else None
    if frame is not None:
        return copy_of(frame, label)
    stem, ending = posixpath.splitext(posixpath.basename(key))
    own = hashlib.sha256(key.encode()).hexdigest()[:_HASH]
    return f"{IMAGES_PREFIX}{label}/{stem}-{own}{ending}"
