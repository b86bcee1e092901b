"""Which test pictures did the candidate get wrong? The training job's mistakes.json, checked before
anyone is shown it.
"""

from collections.abc import Mapping
from typing import Any

from lensloop.wire.errors import BadArtifact

FORMAT = 1
FILE = "mistakes.json"  # in the training job's archive
MOST = 60  # as many thumbnails as a person looks through; 4 KB each

_TEXTS = ("key", "sha256", "label", "predicted")


def read_mistakes(content: Any) -> Mapping[str, Any]:
    """The whole file. Raises BadArtifact when the job did not write it so."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadArtifact(f"{FILE} must be an object of format {FORMAT}.")
    pictures, count = content.get("pictures"), content.get("count")
    if not isinstance(pictures, list) or not all(map(_is_mistake, pictures)):
        wanted = ", ".join((*_TEXTS, "confidence", "live_predicted"))
        raise BadArtifact(f"{FILE}: `pictures` must be a list of objects with {wanted}.")
    if not isinstance(count, int) or count < len(pictures) or len(pictures) > MOST:
        raise BadArtifact(
            f"{FILE}: `count` must be a number that is not below the {len(pictures)} pictures,"
            f" which are at most {MOST}."
        )
    return content


def _is_mistake(picture: Any) -> bool:
    if not isinstance(picture, dict):
        return False
    confidence, live = picture.get("confidence"), picture.get("live_predicted")
    return (
        all(isinstance(picture.get(name), str) for name in _TEXTS)
        and picture["label"] != picture["predicted"]
        and isinstance(confidence, int | float)
        and 0 <= confidence <= 1
        and isinstance(live, str | None)
        and isinstance(picture.get("thumbnail", ""), str)
    )
