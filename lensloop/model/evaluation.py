"""What did the training job measure? Its evaluation.json as values; whatever does not add up is
refused here.

`known` are the test pictures that the live release was judged on too, `new` the others. Numbers of
pictures are what counts: shares are recomputed from them where a rule asks how many pictures a
change is worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lensloop.wire.errors import BadArtifact

FORMAT = 1

# How many pictures of a label (first key) were taken for which label (second); never zero.
Confusion = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class LabelScore:
    images: int
    recall: float | None  # None: no test picture of this label

    @property
    def right(self) -> int:
        return round((self.recall or 0) * self.images)


@dataclass(frozen=True)
class Score:
    images: int
    accuracy: float
    calibration_error: float
    labels: Mapping[str, LabelScore]
    confusion: Confusion | None = None  # None: written before there was one

    @property
    def right(self) -> int:
        return round(self.accuracy * self.images)


@dataclass(frozen=True)
class Scores:
    all: Score
    known: Score | None = None
    new: Score | None = None


@dataclass(frozen=True)
class Live:
    epoch: int
    labels: tuple[str, ...]
    scores: Scores
    losses: int  # known pictures that live gets right and the candidate wrong
    gains: int  # and the reverse


@dataclass(frozen=True)
class Evaluation:
    dataset: str
    labels: tuple[str, ...]
    candidate: Scores
    live: Live | None


def read_evaluation(content: Any) -> Evaluation:
    """Raises BadArtifact with the first thing that is not as the training job must write it."""
    top = _Part(content, "")
    if top.number("format") != FORMAT:
        raise BadArtifact(
            f"evaluation.json has format {top.number('format'):g}; this version reads format"
            f" {FORMAT}."
        )
    labels = top.labels("labels")
    candidate = _scores(top.part("candidate"))
    if set(candidate.all.labels) != set(labels):
        raise BadArtifact(
            "evaluation.json: `candidate.all.labels` does not name the labels of the model."
        )
    live = None if top.optional("live") is None else _live(top.part("live"))
    return Evaluation(top.text("dataset"), labels, candidate, live)


def _live(part: "_Part") -> Live:
    return Live(
        int(part.number("epoch", 1)),
        part.labels("labels"),
        _scores(part),
        int(part.number("losses")),
        int(part.number("gains")),
    )


def _scores(part: "_Part") -> Scores:
    known, new = (
        None if part.optional(name) is None else _score(part.part(name))
        for name in ("known", "new")
    )
    return Scores(_score(part.part("all")), known, new)


def _score(part: "_Part") -> Score:
    labels = part.part("labels")
    scores = {name: _label(labels.part(name)) for name in labels.names()}
    return Score(
        int(part.number("images")),
        part.number("accuracy", high=1),
        part.number("calibration_error", high=1),
        scores,
        _confusion(part, scores),
    )


def _confusion(part: "_Part", labels: Mapping[str, LabelScore]) -> Confusion | None:
    """Earlier versions wrote none, or a list of rows without names, which is passed over."""
    if not isinstance(part.optional("confusion"), dict):
        return None
    rows = part.part("confusion")
    found = {true: _row(rows.part(true)) for true in rows.names()}
    named = {name for true, row in found.items() for name in (true, *row)}
    if unknown := sorted(named - labels.keys()):
        raise BadArtifact(f"evaluation.json: `{rows.path}` has the unknown label {unknown[0]}.")
    for label, score in labels.items():
        row = found.get(label, {})
        if (sum(row.values()), row.get(label, 0)) != (score.images, score.right):
            raise BadArtifact(
                f"evaluation.json: `{rows.path}.{label}` does not add up to the"
                f" {score.images} pictures and the recall of {label}."
            )
    return found


def _row(part: "_Part") -> Mapping[str, int]:
    return {name: int(part.number(name, low=1)) for name in part.names()}


def _label(part: "_Part") -> LabelScore:
    recall = None if part.optional("recall") is None else part.number("recall", high=1)
    images = int(part.number("images"))
    if (recall is None) != (images == 0):
        raise BadArtifact(
            f"evaluation.json: `{part.path}` must have a recall exactly when it has pictures."
        )
    return LabelScore(images, recall)


class _Part:
    """A JSON object and where it stands, so that a mistake can be named."""

    def __init__(self, content: Any, path: str) -> None:
        if not isinstance(content, dict):
            raise BadArtifact(
                f"evaluation.json: {f'`{path}`' if path else 'the whole'} must be an object."
            )
        self._content, self.path = content, path

    def names(self) -> list[str]:
        return list(self._content)

    def optional(self, name: str) -> Any:
        return self._content.get(name)

    def part(self, name: str) -> "_Part":
        return _Part(self.optional(name), self._at(name))

    def number(self, name: str, low: float = 0, high: float = 10**9) -> float:
        value = self.optional(name)
        # A NaN is not within any limits.
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise BadArtifact(
                f"evaluation.json: `{self._at(name)}` is {value!r}; it must be a number from {low}"
                f" to {high}."
            )
        return value

    def text(self, name: str) -> str:
        value = self.optional(name)
        if not isinstance(value, str) or not value:
            raise BadArtifact(f"evaluation.json: `{self._at(name)}` must be text.")
        return value

    def labels(self, name: str) -> tuple[str, ...]:
        value = self.optional(name)
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(label, str) for label in value)
        ):
            raise BadArtifact(f"evaluation.json: `{self._at(name)}` must be a list of labels.")
        return tuple(value)

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
