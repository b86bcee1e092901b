"""What did a person decide about a frame? Written beside it once its copy is there, so that it is
not asked again. A frame without a mark whose copy is there is decided as well: whoever was killed
in between had got so far.
"""

import json
from dataclasses import dataclass

from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import Reader

FORMAT = 1


class MarkError(LensloopError):
    """What was decided about a frame cannot be read."""


@dataclass(frozen=True)
class Mark:
    """`label` is empty where none fits: then there is no copy. `at`: ISO 8601, in UTC."""

    label: str
    at: str


def to_json(mark: Mark) -> bytes:
    content = {"format": FORMAT, "label": mark.label or None, "at": mark.at}
    return json.dumps(content, ensure_ascii=False).encode()


def read(body: bytes) -> Mark:
    try:
        top = Reader(json.loads(body))
    except ValueError as error:
        raise MarkError(f"What was decided about the frame is not JSON: {error}.") from error
    top.expect_format(FORMAT)
    mark = Mark(top.text("label") if top.has("label") else "", top.text("at"))
    top.check(MarkError, "What was decided about the frame cannot be read")
    return mark
