"""Which test pictures did the candidate get wrong? The training job's mistakes.json, checked before
anyone is shown it.
"""

from collections.abc import Mapping
from typing import Any

from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader

FORMAT = 1
FILE = "mistakes.json"  # in the training job's archive
MOST = 60  # as many thumbnails as a person looks through; 4 KB each

_TEXTS = ("key", "sha256", "label", "predicted")


def read_mistakes(content: Any) -> Mapping[str, Any]:
    """The whole file. Raises BadArtifact when the job did not write it so."""
    top = Reader(content)
    top.expect_format(FORMAT)
    pictures, count = top.parts("pictures"), top.whole("count")
    for picture in pictures:
        _check_picture(picture)
    if not len(pictures) <= count:
        top.mistake(f"`count` is {count}, which is below the {len(pictures)} pictures")
    if len(pictures) > MOST:
        top.mistake(f"there are {len(pictures)} pictures, which must be at most {MOST}")
    top.check(BadArtifact, FILE)
    found: Mapping[str, Any] = content
    return found


def _check_picture(picture: Reader) -> None:
    for name in _TEXTS:
        picture.text(name)
    picture.number("confidence", 0, 1)
    if picture.has("live_predicted"):
        picture.text("live_predicted")
    if "thumbnail" in picture.names():
        picture.text("thumbnail")
    if not picture.mistakes and picture.text("label") == picture.text("predicted"):
        picture.mistake(f"`{picture.path}` was predicted rightly")
