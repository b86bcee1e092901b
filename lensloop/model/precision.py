"""May a release carry its model in eight bits as well? Its answers are compared with the model's
own on pictures that it was not calibrated on, and what they cost is bounded.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lensloop.reasons import counted
from lensloop.wire.reading import Reader

FILE = "model.int8.onnx"  # in a release
# With fewer validation pictures nobody knows what eight bits cost: one wrong answer is a share of
# three in a hundred.
LEAST_PICTURES = 30
# Of the accuracy. A camera gains up to twice the speed for it; retraining gains a point with some
# dozens of pictures.
MOST_LOST = 0.01
# Of all pictures, that are called unfamiliar besides: such a frame is answered with nothing.
MOST_STRANGE = 0.02


class Compared(NamedTuple):
    pictures: int
    right: int  # by the model itself
    right_int8: int
    same: int  # answers
    unfamiliar: int = 0  # pictures that the model calls so, though all of them are of its labels
    unfamiliar_int8: int = 0


def objection(split: str, found: Compared) -> str:
    """Why the model in eight bits must not be used, by what it answers for a split's pictures;
    empty when it may.
    """
    lost = found.right - found.right_int8
    pictures = counted(found.pictures, f"{split} picture", f"{split} pictures")
    if lost > MOST_LOST * found.pictures:
        return f"it gets {lost} fewer of {pictures} right than in full precision"
    strange = found.unfamiliar_int8 - found.unfamiliar
    if strange > MOST_STRANGE * found.pictures:
        return f"it calls {strange} more of {pictures} unfamiliar"
    return ""


class Made(NamedTuple):
    """What a training says of the model in eight bits."""

    kept: bool
    reason: str  # why it is not; empty when it is
    bytes: int | None  # None, and so on: it did not come to that
    milliseconds: float | None
    validation: Compared | None
    test: Compared | None


def read_made(part: Reader) -> Made:
    """The `int8` part of evaluation.json."""
    kept = part.value("kept", lambda value: isinstance(value, bool), "true or false", False)
    validation, test = part.maybe("validation"), part.maybe("test")
    return Made(
        kept,
        "" if kept else part.text("reason"),
        part.whole("bytes") if part.has("bytes") else None,
        part.number("milliseconds") if part.has("milliseconds") else None,
        _compared(validation) if validation else None,
        _compared(test) if test else None,
    )


def _compared(part: Reader) -> Compared:
    pictures = part.whole("pictures")
    names = Compared._fields[1:]
    return Compared(pictures, *(part.whole(name, high=pictures) for name in names))


def told(evaluation: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same for the run's record, with what the model itself has and takes."""
    if not evaluation.get("int8"):
        return None
    whole = {"bytes": "model_bytes", "milliseconds": "milliseconds"}
    return {
        **evaluation["int8"],
        "whole": {name: evaluation.get(field) for name, field in whole.items()},
    }
