"""How was a model judged until issue 9? Floors by the test pictures alone, as if there were no
luck; a batch by its test pictures alone; a fall by how many more pictures are lost than gained.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from lensloop.model.batch import ENOUGH_NEW, Batch
from lensloop.model.evaluation import Evaluation, LabelScore, Live, Score
from lensloop.model.floors import Floors
from lensloop.model.gate import too_little

_NOISE = 2


def against(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    yield from against_a_first_model(evaluation, floors)
    live = evaluation.live
    if live:
        yield from _doubtful_batch(evaluation, live)
        yield from _below_live(evaluation, live, floors)


def against_a_first_model(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    yield from too_little(evaluation.candidate.all, floors)
    yield from _below_floors(evaluation.candidate.all, floors)
    yield from _overconfident(evaluation.candidate.all, floors)


def _overconfident(score: Score, floors: Floors) -> Iterator[str]:
    beyond = score.calibration_error - floors.max_calibration_error
    if beyond * score.images >= _NOISE:
        yield "calibration error is above its ceiling"


def _below_floors(score: Score, floors: Floors) -> Iterator[str]:
    if score.accuracy < floors.min_accuracy:
        yield "accuracy is below its floor"
    for label, of_label in score.labels.items():
        if of_label.recall is not None and of_label.recall < floors.min_recall:
            yield f"recall of {label} is below its floor"


def _doubtful_batch(evaluation: Evaluation, live: Live) -> Iterator[str]:
    batch = Batch()
    batch.add_all(_any_mistake(evaluation.candidate.new), _any_mistake(live.scores.known))
    if batch.images >= ENOUGH_NEW and batch.is_unlikely():
        yield "the labels of the new pictures may be wrong"


def _any_mistake(score: Score | None) -> Score | None:
    """However confident it was."""
    if score is None:
        return None
    labels = {name: replace(label, surely_wrong=None) for name, label in score.labels.items()}
    return replace(score, labels=labels)


def _below_live(evaluation: Evaluation, live: Live, floors: Floors) -> Iterator[str]:
    ours, theirs = evaluation.candidate, live.scores
    if ours.known and theirs.known:
        taken = live.taken_from(ours.known)
        lost = live.losses - live.gains - sum(taken.values())
        if _is_too_much(lost, ours.known.images, floors):
            yield "worse on what is known"
        yield from _labels_fallen(ours.known.labels, theirs.known.labels, taken, floors)
    if ours.new and theirs.new:
        lost = theirs.new.right - ours.new.right
        if _is_too_much(lost, ours.new.images, floors):
            yield "worse on what is new"


def _labels_fallen(
    ours: Mapping[str, LabelScore],
    theirs: Mapping[str, LabelScore],
    taken: Mapping[str, int],
    floors: Floors,
) -> Iterator[str]:
    for label, before in theirs.items():
        now = ours.get(label)
        if now and now.images and before.images:
            lost = before.right - now.right - taken.get(label, 0)
            if _is_too_much(lost, now.images, floors):
                yield f"worse at {label}"


def _is_too_much(lost: int, images: int, floors: Floors) -> bool:
    return lost >= _NOISE and lost > Fraction(str(floors.tolerance)) * images
