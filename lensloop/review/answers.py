"""What did the camera answer for a frame that came back? Its JSON, as far as it can be read: a
frame without an answer is worth a look as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lensloop.wire.errors import LensloopError
from lensloop.wire.prediction import Prediction
from lensloop.wire.reading import Reader
from lensloop.wire.uncertain import DISAGREES, RANDOM, UNFAMILIAR, UNSURE

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
    before = _before(top)
    part = top.part("probabilities")
    found = {label: part.number(label, 0, 1) for label in part.names()}
    if not found:
        top.mistake("`probabilities` names no label")
    top.check(AnswerError, "The answer cannot be read")
    ranked = dict(sorted(found.items(), key=lambda pair: -pair[1]))
    said = Prediction(ranked, unsure, unfamiliar, far)
    words = said.words if before is None else f"{said.words}; {before.words}"
    if unfamiliar:
        kind, score = UNFAMILIAR, far
    elif before is not None and not unsure:
        kind, score = DISAGREES, min(said.confidence, before.confidence)
    else:
        kind, score = UNSURE if unsure else RANDOM, 1.0 - _margin(ranked)
    return Answer(said.predicted, kind, score, words, dict(list(ranked.items())[:SHOWN]))


@dataclass(frozen=True)
class _Before:
    """What the release before answered for the same frame."""

    epoch: int
    predicted: str
    confidence: float

    @property
    def words(self) -> str:
        return f"release {self.epoch} answers {self.predicted} ({self.confidence:.0%})"


def _before(top: Reader) -> _Before | None:
    if not top.has("previous"):
        return None
    part = top.part("previous")
    return _Before(part.whole("epoch", 1), part.text("predicted"), part.number("confidence", 0, 1))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _margin(ranked: Mapping[str, float]) -> float:
    first, second, *_ = (*ranked.values(), 0.0)
    return first - second
