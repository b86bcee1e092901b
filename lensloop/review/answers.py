"""What did the camera answer for a frame that came back? Its JSON, as far as it can be read: a
frame without an answer is worth a look as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lensloop.wire.errors import LensloopError
from lensloop.wire.prediction import Prediction
from lensloop.wire.reading import Reader
from lensloop.wire.uncertain import RANDOM, UNFAMILIAR, UNSURE

SHOWN = 5  # of the likeliest labels
_FLAGS, _FLAG = ("unsure", "unfamiliar"), "true or false"
_FAR = 1e9  # no model's measure of unfamiliarity is beyond


class AnswerError(LensloopError):
    """What lies beside a frame is no camera's answer."""


@dataclass(frozen=True)
class Answer:
    predicted: str
    kind: str  # why it came: lensloop.wire.uncertain's
    score: float  # the higher, the more worth a look among those of its kind
    words: str  # to a person
    probabilities: Mapping[str, float]  # the likeliest first


def read(body: bytes) -> Answer | None:
    """None where it is damaged, or from a version that wrote otherwise."""
    try:
        content = json.loads(body)
        return _read(content)
    except (ValueError, AnswerError):
        return None


def _read(content: object) -> Answer:
    top = Reader(content)
    unsure, unfamiliar = (bool(top.value(name, _is_flag, _FLAG)) for name in _FLAGS)
    far = top.number("unfamiliarity", -_FAR, _FAR) if top.has("unfamiliarity") else 0.0
    part = top.part("probabilities")
    found = {label: part.number(label, 0, 1) for label in part.names()}
    if not found:
        top.mistake("`probabilities` names no label")
    top.check(AnswerError, "The answer cannot be read")
    ranked = dict(sorted(found.items(), key=lambda pair: -pair[1]))
    said = Prediction(ranked, unsure, unfamiliar, far)
    kind = UNFAMILIAR if unfamiliar else UNSURE if unsure else RANDOM
    score = far if unfamiliar else 1.0 - _margin(ranked)
    return Answer(said.predicted, kind, score, said.words, dict(list(ranked.items())[:SHOWN]))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _margin(ranked: Mapping[str, float]) -> float:
    first, second, *_ = (*ranked.values(), 0.0)
    return first - second
