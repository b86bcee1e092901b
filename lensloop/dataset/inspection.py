"""How is a picture judged that cannot be read, and of which is a thumbnail kept for the report?"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lensloop.dataset.labels import label_of
from lensloop.wire.errors import LensloopError
from lensloop.wire.picture import MAX_BYTES

_KEPT = ("thumbnail", "border", "brightness")
SAMPLES_PER_LABEL = 12  # as many thumbnails as the report shows of a label at most


class InspectionUnfinished(LensloopError):
    """The chunk is larger than one call's time; what was done is saved, the next call goes on."""


class Samples:
    """Thumbnails of the first pictures of each label in a chunk: the report shows a dozen."""

    def __init__(self, kept: Mapping[str, dict[str, Any]]) -> None:
        self.kept = dict(kept)
        self._counts = Counter(label_of(key) for key in kept)

    def wanted(self, key: str) -> bool:
        return self._counts[label_of(key)] < SAMPLES_PER_LABEL

    def keep(self, key: str, seen: Mapping[str, Any]) -> None:
        if "thumbnail" in seen:
            self._counts[label_of(key)] += 1
            self.kept[key] = {name: seen[name] for name in _KEPT}


def too_large(size: int) -> str:
    """Judged by the listing, so that what is far too large is never downloaded."""
    if size <= MAX_BYTES:
        return ""
    read = f"{MAX_BYTES / 1e6:.0f} MB"
    return f"The file has {size / 1e6:.0f} MB; at most {read} are read. Save it smaller."


def refusal(code: str) -> str:
    """Why S3 did not hand out a listed object."""
    if code in ("NoSuchKey", "404", "NotFound"):
        return "It was deleted while this run was looking at it."
    if code == "InvalidObjectState":
        return "It is archived (Glacier). Restore it, or upload it again."
    # Without leave to list all of the bucket, S3 says of what is gone that it may not be read.
    return (
        f"It was deleted meanwhile, or S3 does not let Lensloop read it ({code}): its permissions"
        " or encryption key."
    )
