"""Is the new model good enough to replace the live one? The verdict, with every reason against it.

What is new is judged apart from what is known, and by what its labels are worth: a batch with wrong
labels would otherwise lower the live model's score and so vote itself in. A fall against the live
model, and a calibration error beyond its ceiling, must be worth at least two pictures: in a test
set of twenty one picture alone is five points.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from lensloop.model import hold
from lensloop.model.evaluation import Evaluation, LabelScore, Live, Score
from lensloop.model.figures import apart, with_doubt
from lensloop.model.floors import Floors
from lensloop.model.floors import below as below_floors
from lensloop.model.floors import weak as weak_labels
from lensloop.model.promise import broken

NOISE = 2  # pictures; one that happens to go the other way is no sign of a worse model
# Test pictures of a batch before they can speak against it: about what 25 pictures bring.
ENOUGH_NEW = 5
# Standard deviations by which a batch must miss what its labels are worth: one honest batch in
# forty does so by chance (bench/gate.py has what passes and what is refused).
UNLIKELY = 2


@dataclass(frozen=True)
class Verdict:
    ship: bool
    reasons: tuple[str, ...]
    hold: bool = False  # neither shipped nor refused: a person decides
    weak: tuple[str, ...] = ()  # labels that are below their floor, whatever becomes of the model


def judge(
    evaluation: Evaluation,
    floors: Floors,
    obstacle: str = "",
    *,
    slid: float = 0.0,
    approved: bool = False,
) -> Verdict:
    """`obstacle` is what stands in the release's way, where the model itself is good enough.
    `slid`: how far live is below the best release before it. `approved`: a person has seen what no
    rule can decide.
    """
    against = (
        *too_little(evaluation.candidate.all, floors),
        *below_floors(evaluation, floors),
        *broken(evaluation),
        *overconfident(evaluation.candidate.all, floors),
        *_doubtful_batch(evaluation),
        *_below_live(evaluation, floors),
        *([obstacle] if obstacle else ()),
    )
    weak = weak_labels(evaluation, floors)
    if against:
        return Verdict(False, against, weak=tuple(weak))
    held = tuple(hold.questions(evaluation, floors.tolerance, slid))
    if held and not approved:
        return Verdict(False, (*held, *weak.values()), hold=True, weak=tuple(weak))
    by_a_person = tuple(f"approved by a person, though {question}" for question in held)
    reasons = (*_in_favour(evaluation), *weak.values(), *by_a_person)
    return Verdict(True, reasons, weak=tuple(weak))


def too_little(score: Score, floors: Floors) -> Iterator[str]:
    for label, of_label in score.labels.items():
        if of_label.images < floors.min_test_images_per_label:
            have = f"{of_label.images} test picture{'' if of_label.images == 1 else 's'}"
            yield (
                f"{label} has {have} and a verdict needs {floors.min_test_images_per_label}; add"
                " pictures of it"
            )


def overconfident(score: Score, floors: Floors) -> Iterator[str]:
    beyond = score.calibration_error - floors.max_calibration_error
    if beyond * score.images >= NOISE:
        error, ceiling = apart(score.calibration_error, floors.max_calibration_error)
        yield f"calibration error {error} is above its ceiling {ceiling}"


def _doubtful_batch(evaluation: Evaluation) -> Iterator[str]:
    """A batch of a label that is hard to tell is a hard batch and no wrong one: so it is held
    against what live knows of these labels. What live knows nothing of has only its own floor.
    """
    new, live = evaluation.candidate.new, evaluation.live
    if live is None or new is None or live.scores.known is None:
        return
    batch = _Batch()
    for label, of_label in new.labels.items():
        known = live.scores.known.labels.get(label)
        if known is not None and known.images:
            batch.add(of_label, known)
    if batch.images >= ENOUGH_NEW and batch.is_unlikely():
        now, usual = apart(batch.right / batch.images, batch.expected / batch.images)
        yield (
            f"accuracy on the {batch.images} new test pictures {now} is far below the {usual} that"
            " their labels are worth; the labels of the new pictures may be wrong"
        )


@dataclass
class _Batch:
    """New test pictures, and how many of them should be right if they are like the known ones."""

    images: int = 0
    right: int = 0
    expected: float = 0.0
    variance: float = 0.0

    def add(self, new: LabelScore, known: LabelScore) -> None:
        # One right and one wrong picture more (Laplace): of twenty right pictures no recall is
        # certain to be 1.
        recall = (known.right + 1) / (known.images + 2)
        self.images += new.images
        self.right += new.right
        self.expected += new.images * recall
        # The known pictures are a sample as well, which matters where they are few.
        self.variance += new.images * recall * (1 - recall) * (1 + new.images / (known.images + 2))

    def is_unlikely(self) -> bool:
        missed = self.expected - self.right
        return missed >= NOISE and missed**2 > UNLIKELY**2 * self.variance


def _below_live(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    live = evaluation.live
    if live is None:
        return
    ours, theirs = evaluation.candidate, live.scores
    if ours.known and theirs.known:
        # How much a new label may take, the floors say.
        taken = live.taken_from(ours.known)
        lost = live.losses - live.gains - sum(taken.values())
        yield from _fall("known", ours.known, theirs.known, lost, floors)
        yield from _labels_fallen(ours.known.labels, theirs.known.labels, live, taken, floors)
    if ours.new and theirs.new:
        lost = theirs.new.right - ours.new.right
        yield from _fall("new", ours.new, theirs.new, lost, floors)


def _fall(which: str, ours: Score, theirs: Score, lost: int, floors: Floors) -> Iterator[str]:
    if _is_too_much(lost, ours.images, floors):
        what = f"accuracy on the {ours.images} {which} test pictures"
        yield _worse(what, ours.accuracy, theirs.accuracy, lost, floors)


def _labels_fallen(
    ours: Mapping[str, LabelScore],
    theirs: Mapping[str, LabelScore],
    live: Live,
    taken: Mapping[str, int],
    floors: Floors,
) -> Iterator[str]:
    for label in live.labels:
        before, now = theirs.get(label), ours.get(label)
        if before is None or now is None or before.recall is None or now.recall is None:
            continue
        lost = before.right - now.right - taken.get(label, 0)
        if _is_too_much(lost, now.images, floors):
            what = f"recall of {label} on the known test pictures"
            yield _worse(what, now.recall, before.recall, lost, floors)


def _is_too_much(lost: int, images: int, floors: Floors) -> bool:
    """Counted in whole pictures: between shares, 0.96 - 0.94 would be more than 0.02."""
    return lost >= NOISE and lost > Fraction(str(floors.tolerance)) * images


def _in_favour(evaluation: Evaluation) -> Iterator[str]:
    score, live = evaluation.candidate.all, evaluation.live
    yield f"accuracy {with_doubt(score.right, score.images)} on {score.images} test pictures"
    if learnt := evaluation.out_of_fold:
        yield (
            f"{with_doubt(learnt.right, learnt.images)} on the {learnt.images} pictures that it"
            " learnt, each answered by a model that had not seen it"
        )
    if live is None:
        return
    if evaluation.candidate.known and live.scores.known:
        ours, theirs = evaluation.candidate.known.accuracy, live.scores.known.accuracy
        yield f"on the pictures that the live model was judged on {ours:.2f}, live {theirs:.2f}"
    for old, new in live.renamed.items():
        yield f"{old} is called {new} now"
    if added := [label for label in evaluation.labels if label not in live.labels]:
        yield f"new: {', '.join(added)}"
    if gone := [label for label in live.labels if label not in evaluation.labels]:
        yield f"no longer in the pictures: {', '.join(gone)}"


def _worse(what: str, now: float, before: float, lost: int, floors: Floors) -> str:
    ours, theirs = apart(now, before)
    return (
        f"{what} {ours} is more than {floors.tolerance:g} below the live model's {theirs} ({lost}"
        " pictures lost)"
    )
