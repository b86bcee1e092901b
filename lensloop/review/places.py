"""Where does the page put what a person decides? Every key is made of what is decided, so that the
same decision twice is one object.

review/<camera>/<name>.jpg, .json          a frame and its answer: lensloop.wire.review's
review/<camera>/<name>.labelled.json       a person has decided about it: not asked again
images/<label>/review.<camera>.<name>.jpg  its copy, which trains
review/set-aside/<label>/<file>            a picture that a person took out of images/<label>/
review/moves/<id>.json                     a move that has begun: whoever was killed is finished
"""

from typing import NamedTuple

from lensloop.wire.names import IMAGES_PREFIX, REVIEW_PREFIX
from lensloop.wire.review import ANSWER, PICTURE

MARK = ".labelled.json"
COPY = "review."
# No cameras' folders: a thing's name begins with `deeplens_`.
SET_ASIDE = f"{REVIEW_PREFIX}set-aside/"
MOVES = f"{REVIEW_PREFIX}moves/"


class FrameId(NamedTuple):
    thing: str
    name: str

    def __str__(self) -> str:
        return f"{self.thing}/{self.name}"

    def key(self, ending: str) -> str:
        return f"{REVIEW_PREFIX}{self.thing}/{self.name}{ending}"


def frame_id(text: str) -> FrameId | None:
    """Of what a browser sent: None for what can name no frame."""
    thing, _, name = text.partition("/")
    fits = thing and name and "/" not in name and thing not in (".", "..")
    return FrameId(thing, name) if fits else None


def frame_of(key: str, ending: str) -> FrameId | None:
    """The frame whose file this is; None: a file of another kind, or in no camera's folder."""
    if key.startswith((SET_ASIDE, MOVES)) or not key.endswith(ending):
        return None
    if ending == ANSWER and key.endswith(MARK):
        return None
    return frame_id(key.removeprefix(REVIEW_PREFIX)[: -len(ending)])


def copies(label: str) -> str:
    """How the keys of all copies under a label begin."""
    return f"{IMAGES_PREFIX}{label}/{COPY}"


def copy_of(frame: FrameId, label: str) -> str:
    return f"{copies(label)}{frame.thing}.{frame.name}{PICTURE}"


def copied_from(file: str) -> FrameId | None:
    """The frame that this file under a label is a copy of. Neither cameras nor their frames have a
    dot in their names.
    """
    if not file.startswith(COPY) or not file.endswith(PICTURE):
        return None
    thing, _, name = file[len(COPY) : -len(PICTURE)].partition(".")
    return FrameId(thing, name) if thing and name else None
