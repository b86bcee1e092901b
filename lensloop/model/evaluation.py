"""What did the training job measure? Its evaluation.json as values;
whatever does not add up is refused here.

`known` are the test pictures that the live release was judged on too, `new` the others; a label
that was renamed since then has its new name also in what is said of the live model. Numbers of
pictures are what counts: shares are recomputed from them where a rule asks how many pictures a
change is worth.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lensloop.model.precision import Made, read_made
from lensloop.model.untaught import Untaught, read_untaught
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import MOST_UNFAMILIAR
from lensloop.wire.reading import Reader

FORMAT = 1

# How many pictures of a label (first key) were taken for which label (second); never zero.
Confusion = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class LabelScore:
    images: int
    recall: float | None  # None: no test picture of this label
    surely_wrong: int | None = None  # taken for another with confidence; None: nobody noted it

    @property
    def right(self) -> int:
        return round((self.recall or 0) * self.images)

    @property
    def contradicted(self) -> int:
        """Pictures whose label a model denies with confidence, or by any mistake if nobody noted
        how confident it was.
        """
        return self.images - self.right if self.surely_wrong is None else self.surely_wrong


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
class Change:
    """Pictures that only the live model gets right, and those that only the candidate does."""

    losses: int
    gains: int

    @classmethod
    def between(cls, live: "Score | LabelScore", candidate: "Score | LabelScore") -> "Change":
        """As little as the numbers of right pictures allow: where nobody noted which they are."""
        lost = live.right - candidate.right
        return cls(max(lost, 0), max(-lost, 0))

    @property
    def turned(self) -> "Change":
        return Change(self.gains, self.losses)

    def without(self, losses: int) -> "Change":
        return Change(max(self.losses - losses, 0), self.gains)


@dataclass(frozen=True)
class Live:
    epoch: int
    labels: tuple[str, ...]
    scores: Scores
    losses: int  # known pictures that live gets right and the candidate wrong
    gains: int  # and the reverse
    renamed: Mapping[str, str] = field(default_factory=dict)  # a label's name in that release → now
    judged_on: int = 0  # test pictures, whether they are still there or not; 0: nobody noted it
    # Of the known pictures of each label; empty: written before anybody noted it.
    changes: Mapping[str, Change] = field(default_factory=dict)
    change_of_new: Change | None = None

    def taken_from(self, known: Score) -> Mapping[str, int]:
        """Known pictures that a candidate takes for a label which live does not know, by label.
        Whoever learns to tell one more thing takes some pictures for it.
        """
        taken = Counter[str]()
        for label, row in (known.confusion or {}).items():
            for predicted, count in row.items():
                if predicted not in self.labels and predicted != label:
                    taken[label] += count
        return taken


@dataclass(frozen=True)
class Unfamiliar:
    """`false_alarms`: test pictures that the candidate calls unfamiliar, though it was taught their
    labels.
    """

    threshold: float
    false_alarms: int


@dataclass(frozen=True)
class Evaluation:
    dataset: str
    labels: tuple[str, ...]
    candidate: Scores
    live: Live | None
    unfamiliar: Unfamiliar | None = None  # None: the candidate cannot tell
    # Of the pictures that the candidate learnt, as models that had not seen them answered; known
    # are those that live had. None: written before anybody noted it.
    out_of_fold: Scores | None = None
    golden_set: Score | None = None  # None: nobody asked for it when the model was trained
    # Of the model's file; for one picture, on one thread of the training job. None: not measured.
    model_bytes: int | None = None
    milliseconds: float | None = None
    eight_bits: Made | None = None  # None: made before there were any
    untaught: Mapping[str, Untaught] = field(default_factory=dict)  # by label


def read_evaluation(content: Any) -> Evaluation:
    """Raises BadArtifact with everything that is not as the training job must write it."""
    top = Reader(content)
    top.expect_format(FORMAT)
    labels = _labels(top)
    candidate = _scores(top.part("candidate"))
    if not top.mistakes and set(candidate.all.labels) != set(labels):
        top.mistake("`candidate.all.labels` does not name the labels of the model")
    live, unfamiliar, learnt = top.maybe("live"), top.maybe("unfamiliar"), top.maybe("out_of_fold")
    evaluation = Evaluation(
        top.text("dataset"),
        labels,
        candidate,
        _live(live) if live else None,
        _unfamiliar(unfamiliar, candidate.all.images) if unfamiliar else None,
        _out_of_fold(top, learnt) if learnt else None,
        _golden_set(top, labels),
        top.whole("model_bytes") if top.has("model_bytes") else None,
        top.number("milliseconds") if top.has("milliseconds") else None,
        read_made(top.part("int8")) if top.has("int8") else None,
        read_untaught(top, labels),
    )
    top.check(BadArtifact, "evaluation.json")
    return evaluation


def _unfamiliar(part: Reader, images: int) -> Unfamiliar:
    most = MOST_UNFAMILIAR
    return Unfamiliar(
        part.number("threshold", -most, most), part.whole("false_alarms", high=images)
    )


def _golden_set(top: Reader, labels: tuple[str, ...]) -> Score | None:
    part = top.maybe("golden_set")
    if part is None:
        return None
    score = _score(part)
    if not top.mistakes and set(score.labels) != set(labels):
        top.mistake("`golden_set.labels` does not name the labels of the model")
    return score


def _out_of_fold(top: Reader, everything: Reader) -> Scores:
    known, new = top.maybe("out_of_fold_known"), top.maybe("out_of_fold_new")
    return Scores(
        _score(everything),
        _score(known) if known else None,
        _score(new) if new else None,
    )


def _live(part: Reader) -> Live:
    change_of_new = part.maybe("change_of_new")
    return Live(
        part.whole("epoch", low=1),
        _labels(part),
        _scores(part),
        part.whole("losses"),
        part.whole("gains"),
        _renamed(part),
        part.whole("judged_on") if part.has("judged_on") else 0,
        _changes(part),
        _change(change_of_new) if change_of_new else None,
    )


def _changes(part: Reader) -> Mapping[str, Change]:
    if not part.has_object("changes"):
        return {}
    labels = part.part("changes")
    return {label: _change(labels.part(label)) for label in labels.names()}


def _change(part: Reader) -> Change:
    return Change(part.whole("losses"), part.whole("gains"))


def _labels(part: Reader) -> tuple[str, ...]:
    return part.texts("labels", "a list of labels")


def _renamed(part: Reader) -> Mapping[str, str]:
    """Earlier versions knew no renamed labels."""
    if not part.has_object("renamed"):
        return {}
    names = part.part("renamed")
    return {old: names.text(old) for old in names.names()}


def _scores(part: Reader) -> Scores:
    known, new = part.maybe("known"), part.maybe("new")
    return Scores(
        _score(part.part("all")),
        _score(known) if known else None,
        _score(new) if new else None,
    )


def _score(part: Reader) -> Score:
    labels = part.part("labels")
    scores = {name: _label(labels.part(name)) for name in labels.names()}
    return Score(
        part.whole("images"),
        part.number("accuracy", high=1),
        part.number("calibration_error", high=1),
        scores,
        _confusion(part, scores),
    )


def _label(part: Reader) -> LabelScore:
    score = LabelScore(
        part.whole("images"),
        part.number("recall", high=1) if part.has("recall") else None,
        part.whole("surely_wrong") if part.has("surely_wrong") else None,
    )
    if not part.mistakes and (score.recall is None) != (score.images == 0):
        part.mistake(f"`{part.path}` must have a recall exactly when it has pictures")
    if score.contradicted > score.images - score.right:
        part.mistake(f"`{part.at('surely_wrong')}` is more than what is wrong")
    return score


def _confusion(part: Reader, labels: Mapping[str, LabelScore]) -> Confusion | None:
    """Earlier versions wrote none, or a list of rows without names, which is passed over."""
    if not part.has_object("confusion"):
        return None
    rows = part.part("confusion")
    found = {true: _row(rows.part(true)) for true in rows.names()}
    named = {name for true, row in found.items() for name in (true, *row)}
    if unknown := sorted(named - labels.keys()):
        rows.mistake(f"`{rows.path}` has the unknown label {unknown[0]}")
    for label, score in labels.items():
        row = found.get(label, {})
        if (sum(row.values()), row.get(label, 0)) != (score.images, score.right):
            rows.mistake(
                f"`{rows.path}.{label}` does not add up to the {score.images} pictures and the"
                f" recall of {label}"
            )
    return found


def _row(part: Reader) -> Mapping[str, int]:
    return {name: part.whole(name, low=1) for name in part.names()}
