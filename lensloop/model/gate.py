"""Is the new model good enough to replace the live one? The verdict, with every reason against it.

Each question has a module: what its floors say (floors.py), whether its file is what was trained
(promise.py), whether the labels of the new pictures may be wrong (batch.py), whether it is worse
than live on the same pictures (paired.py), whether it passes the golden set (golden_set.py) and is
small and fast enough (budgets.py), and what no rule can decide (hold.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lensloop.model import budgets, golden_set, hold
from lensloop.model.batch import doubtful
from lensloop.model.evaluation import Change, Evaluation, Score
from lensloop.model.figures import apart, with_doubt
from lensloop.model.floors import Floors
from lensloop.model.floors import below as below_floors
from lensloop.model.floors import weak as weak_labels
from lensloop.model.paired import below_live, noise_or_not
from lensloop.model.promise import broken

# Few pictures in ten bins look badly calibrated by luck alone (Roelofs and others 2022): of a model
# that has nine in ten right, the error is about the root of this through their number.
_LUCK = 10 * 0.9 * 0.1


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
        *doubtful(evaluation),
        *below_live(evaluation, floors),
        *golden_set.failed(evaluation, floors),
        *budgets.exceeded(evaluation, floors),
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
    if beyond > 0 and beyond**2 * score.images > _LUCK:
        error, ceiling = apart(score.calibration_error, floors.max_calibration_error)
        yield f"calibration error {error} is above its ceiling {ceiling}"


def _in_favour(evaluation: Evaluation) -> Iterator[str]:
    score, live = evaluation.candidate.all, evaluation.live
    yield f"accuracy {with_doubt(score.right, score.images)} on {score.images} test pictures"
    if evaluation.out_of_fold:
        learnt = evaluation.out_of_fold.all
        yield (
            f"{with_doubt(learnt.right, learnt.images)} on the {learnt.images} pictures that it"
            " learnt, each answered by a model that had not seen it"
        )
    if live is None:
        return
    if evaluation.candidate.known and live.scores.known:
        ours, theirs = evaluation.candidate.known.accuracy, live.scores.known.accuracy
        yield (
            f"on the pictures that the live model was judged on {ours:.2f}, live {theirs:.2f}"
            f" ({noise_or_not(Change(live.losses, live.gains))})"
        )
    for old, new in live.renamed.items():
        yield f"{old} is called {new} now"
    if added := [label for label in evaluation.labels if label not in live.labels]:
        yield f"new: {', '.join(added)}"
    if gone := [label for label in live.labels if label not in evaluation.labels]:
        yield f"no longer in the pictures: {', '.join(gone)}"
