"""Is the new model good enough to replace the live one? The verdict, with every reason against it.

What is new is judged apart from what is known: a batch with wrong labels would otherwise lower the
live model's score and so vote itself in. A fall against the live model, and a calibration error
beyond its ceiling, must be worth at least two pictures: in a test set of twenty one picture alone
is five points.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lensloop.model.evaluation import Evaluation, Live, Score
from lensloop.settings import Settings

NOISE = 2  # pictures; a smaller net loss says nothing
ENOUGH_NEW = 5  # fewer new test pictures cannot speak against their batch


@dataclass(frozen=True, kw_only=True)
class Floors:
    min_accuracy: float
    min_recall: float
    tolerance: float
    max_calibration_error: float
    min_test_images_per_label: int

    @classmethod
    def from_settings(cls, settings: Settings) -> "Floors":
        return cls(**{name: getattr(settings, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Verdict:
    ship: bool
    reasons: tuple[str, ...]


def judge(evaluation: Evaluation, floors: Floors) -> Verdict:
    against = (
        *_too_little(evaluation, floors),
        *_below_floors(evaluation, floors),
        *_below_live(evaluation, floors),
    )
    return Verdict(False, against) if against else Verdict(True, tuple(_in_favour(evaluation)))


def _too_little(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    for label, score in evaluation.candidate.all.labels.items():
        if score.images < floors.min_test_images_per_label:
            have = f"{score.images} test picture{'' if score.images == 1 else 's'}"
            yield (
                f"{label} has {have} and a verdict needs {floors.min_test_images_per_label}; add"
                " pictures of it"
            )


def _below_floors(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    score, new = evaluation.candidate.all, evaluation.candidate.new
    if score.accuracy < floors.min_accuracy:
        yield f"accuracy {_below(score.accuracy, floors.min_accuracy)}"
    for label, of_label in score.labels.items():
        if of_label.recall is not None and of_label.recall < floors.min_recall:
            yield f"recall of {label} {_below(of_label.recall, floors.min_recall)}"
    if (score.calibration_error - floors.max_calibration_error) * score.images >= NOISE:
        error, ceiling = _apart(score.calibration_error, floors.max_calibration_error)
        yield f"calibration error {error} is above its ceiling {ceiling}"
    if evaluation.live and new and new.images >= ENOUGH_NEW and new.accuracy < floors.min_accuracy:
        low = _below(new.accuracy, floors.min_accuracy)
        yield (
            f"accuracy on the {new.images} new test pictures {low}; the labels of the new pictures"
            " may be wrong"
        )


def _below_live(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    live, candidate = evaluation.live, evaluation.candidate
    if live is None:
        return
    if candidate.known and live.scores.known:
        lost = live.losses - live.gains
        yield from _fall("known", candidate.known, live.scores.known, lost, floors)
        yield from _labels_fallen(candidate.known, live, floors)
    if candidate.new and live.scores.new:
        lost = live.scores.new.right - candidate.new.right
        yield from _fall("new", candidate.new, live.scores.new, lost, floors)


def _fall(which: str, ours: Score, theirs: Score, lost: int, floors: Floors) -> Iterator[str]:
    if lost >= NOISE and _fell(ours.accuracy, theirs.accuracy, floors):
        what = f"accuracy on the {ours.images} {which} test pictures"
        yield _worse(what, ours.accuracy, theirs.accuracy, lost, floors)


def _labels_fallen(ours: Score, live: Live, floors: Floors) -> Iterator[str]:
    theirs = live.scores.known
    for label in live.labels:
        before = theirs.labels.get(label) if theirs else None
        now = ours.labels.get(label)
        if before is None or now is None or before.recall is None or now.recall is None:
            continue
        lost = before.right - now.right
        if lost >= NOISE and _fell(now.recall, before.recall, floors):
            yield _worse(
                f"recall of {label} on the known test pictures",
                now.recall,
                before.recall,
                lost,
                floors,
            )


def _in_favour(evaluation: Evaluation) -> Iterator[str]:
    score, live = evaluation.candidate.all, evaluation.live
    yield f"accuracy {score.accuracy:.2f} on {score.images} test pictures"
    if live is None:
        return
    if evaluation.candidate.known and live.scores.known:
        ours, theirs = evaluation.candidate.known.accuracy, live.scores.known.accuracy
        yield f"on the pictures that the live model was judged on {ours:.2f}, live {theirs:.2f}"
    else:
        yield (
            "no test picture is left that the live model was judged on, so it could not be compared"
        )
    if added := [label for label in evaluation.labels if label not in live.labels]:
        yield f"new: {', '.join(added)}"
    if gone := [label for label in live.labels if label not in evaluation.labels]:
        yield f"no longer in the pictures: {', '.join(gone)}"


def _fell(now: float, before: float, floors: Floors) -> bool:
    # 0.93 < 0.95 - 0.02 in binary floating point: a fall of exactly the tolerance is not beyond it.
    return now < before - floors.tolerance - 1e-9


def _worse(what: str, now: float, before: float, lost: int, floors: Floors) -> str:
    ours, theirs = _apart(now, before)
    return (
        f"{what} {ours} is more than {floors.tolerance:g} below the live model's {theirs} ({lost}"
        " pictures lost)"
    )


def _below(value: float, floor: float) -> str:
    shown, limit = _apart(value, floor)
    return f"{shown} is below its floor {limit}"


def _apart(value: float, limit: float) -> tuple[str, str]:
    """Both with two digits, or with as many as it takes to tell them apart."""
    for digits in (2, 3, 4):
        if f"{value:.{digits}f}" != f"{limit:.{digits}f}":
            return f"{value:.{digits}f}", f"{limit:.{digits}f}"
    return str(value), str(limit)
