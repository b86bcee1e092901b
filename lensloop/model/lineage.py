"""From which pictures was a release made, and which releases learnt a picture?

Made of what every release leaves behind anyway: its manifest, the manifest of its data set, and the
record of its run. Pictures are known by what is in them (their SHA-256), wherever they lie now.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lensloop.dataset.rows import Row
from lensloop.record import Record
from lensloop.wire.errors import LensloopError
from lensloop.wire.manifest import Manifest

# What a picture was used for, by the side of the split that it is on.
USES = {
    "train": "learnt from",
    "validation": "used to choose and calibrate",
    "test": "only tested on",
}
_SHA256 = re.compile(r"[0-9a-f]{64}")


class LineageError(LensloopError):
    """What was pointed at leads nowhere; the message says why."""


@dataclass(frozen=True)
class Answered:
    """Which release gave a camera's answer; `sha256` is empty where the answer does not say."""

    epoch: int
    sha256: str = ""


@dataclass(frozen=True)
class Picture:
    key: str
    label: str
    split: str
    sha256: str


@dataclass(frozen=True)
class Origin:
    """Of one release. What its run's record does not say is empty."""

    epoch: int
    model_sha256: str
    created_at: str
    dataset: str
    job: str
    archive: str  # what the training job left
    package: str  # its version in the model registry
    outcome: str  # of its run
    counts: Mapping[str, Mapping[str, int]]  # side → label → pictures
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Use:
    """What one release made of a picture."""

    epoch: int
    dataset: str
    key: str  # where it lay then
    label: str
    split: str


def answered(text: str) -> Answered:
    """By a camera's answer, its status.json, or the last line of its results.jsonl."""
    content = _json_in(text)
    epoch = content.get("epoch") if isinstance(content, dict) else None
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1:
        raise LineageError(
            "This answer does not say which release gave it (`epoch`). What AWS DeepLens' topic"
            " gets holds labels only; a camera's results.jsonl, its status.json and the topic"
            " deeplens/<thing>/answers say it."
        )
    sha256 = content.get("sha256")
    return Answered(epoch, sha256 if isinstance(sha256, str) else "")


def _json_in(text: str) -> Any:
    lines = text.strip().splitlines()
    for candidate in (text, lines[-1] if lines else ""):
        try:
            return json.loads(candidate)
        except ValueError:
            continue
    raise LineageError("This is not JSON, so it is no answer of a camera.")


def check(said: Answered, release: Manifest) -> None:
    """Whether the answer is of this very model. Raises LineageError if not."""
    if said.sha256 and said.sha256 != release.model.sha256:
        raise LineageError(
            f"The answer is of a model {said.sha256[:12]}, but release {release.epoch} is"
            f" {release.model.sha256[:12]}: it is from another project, stage or account."
        )


def origin(release: Manifest, record: Record | None, rows: Iterable[Row]) -> Origin:
    training = (record["training"] if record else None) or {}
    registered = (record["registered"] if record else None) or {}
    pictures = tuple(Picture(row.key, row.label, row.split, row.sha256) for row in rows)
    return Origin(
        epoch=release.epoch,
        model_sha256=release.model.sha256,
        created_at=release.created_at,
        dataset=release.dataset,
        job=_job(training),
        archive=training.get("model") or "",
        package=registered.get("package") or "",
        outcome=record["outcome"] if record else "",
        counts=_counts(pictures),
        pictures=pictures,
    )


def _job(training: Mapping[str, Any]) -> str:
    """A model that was judged again was trained by the job of an earlier run, which its archive's
    address names."""
    done = [job["name"] for job in training.get("jobs") or () if job.get("status") == "Completed"]
    found = re.search(r"/training/([^/]+)/", training.get("model") or "")
    return done[-1] if done else found[1] if found else ""


def _counts(pictures: Iterable[Picture]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {side: Counter() for side in USES}
    for picture in pictures:
        found.setdefault(picture.split, Counter())[picture.label] += 1
    return {side: dict(sorted(counts.items())) for side, counts in found.items()}


def is_sha256(text: str) -> bool:
    return bool(_SHA256.fullmatch(text))


def use(release: Manifest, rows: Iterable[Row], sha256: str, key: str = "") -> Use | None:
    """What the release made of this picture. `key`: where it lay, if it is no longer there to be
    looked at (then `sha256` is empty)."""
    for row in rows:
        if (sha256 and row.sha256 == sha256) or (not sha256 and row.key == key):
            return Use(release.epoch, release.dataset, row.key, row.label, row.split)
    return None
