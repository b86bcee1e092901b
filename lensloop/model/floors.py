"""Does a model reach its floors, as far as its pictures can say? Which labels are weak?

A floor that is missed may be bad luck. Only what luck does not explain is refused, and the more
labels there are, the more luck explains.

A label below its floor is weak: it is named, and ships with the others, whom it does no harm. One
that is hardly recognised at all ships with nobody: its pictures lie in wrong folders, or nobody
could tell it from another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lensloop.model.evaluation import Evaluation
from lensloop.model.figures import apart, between, with_doubt
from lensloop.model.intervals import certain
from lensloop.model.pool import Count, by_label, everything
from lensloop.settings import REFUSE, Settings

# Of a hundred models that just reach their floors, as many are refused by bad luck.
ALPHA = 0.05
# Of its floor, what a weak label must reach. Where the floor is a half, three in four of the
# pictures of a label below it are taken for another.
LEAST = 0.5


@dataclass(frozen=True, kw_only=True)
class Floors:
    min_accuracy: float
    min_recall: float
    tolerance: float
    max_calibration_error: float
    min_test_images_per_label: int
    weak_labels: str
    golden_set_accuracy: float
    max_model_mb: int
    max_milliseconds: int

    @classmethod
    def from_settings(cls, settings: Settings) -> "Floors":
        return cls(**{name: getattr(settings, name) for name in cls.__dataclass_fields__})


def below(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    """What is below its floor for certain."""
    yield from _inaccurate(evaluation, floors)
    yield from _not_recognised(evaluation, floors)


def weak(evaluation: Evaluation, floors: Floors) -> Mapping[str, str]:
    """The labels that are below their floor, by what is known of them; each with its sentence."""
    found = {}
    for label, count in by_label(evaluation).items():
        if count.is_below(floors.min_recall):
            share, floor = apart(count.share, floors.min_recall)
            found[label] = (
                f"{label} is weak: {share} {_between(count)} of its pictures recognised, below its"
                f" floor {floor}; add pictures of it"
            )
    return found


def _inaccurate(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    """The test pictures are asked on their own as well: the model's file answered only them."""
    test = Count.of(evaluation.candidate.all)
    asked = {"pictures": everything(evaluation), "test pictures": test}
    for which, count in asked.items():
        if count.images and count.luck(floors.min_accuracy) < ALPHA / len(asked):
            share, floor = apart(count.share, floors.min_accuracy)
            yield (
                f"accuracy {share} {_between(count)} on {count.images} {which} is below its floor"
                f" {floor}"
            )
            return


def _not_recognised(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    counts = by_label(evaluation)
    chances = {label: count.luck(_least(count, floors)) for label, count in counts.items()}
    bad = set(certain(chances, ALPHA))
    for label, count in counts.items():
        if label in bad:
            yield f"recall of {label} {_too_low(count, floors)}"


def _least(count: Count, floors: Floors) -> float:
    """A label without a single right picture has to be held against the whole floor: ten pictures
    of it are certain then.
    """
    if floors.weak_labels == REFUSE or not count.right:
        return floors.min_recall
    return floors.min_recall * LEAST


def _too_low(count: Count, floors: Floors) -> str:
    if floors.weak_labels == REFUSE:
        share, floor = apart(count.share, floors.min_recall)
        return f"{share} {_between(count)} on {count.images} pictures is below its floor {floor}"
    figure = with_doubt(count.right, count.images)
    return (
        f"{figure} on {count.images} pictures is not even half of its floor"
        f" {floors.min_recall:.2f}; look for its pictures in wrong folders, or remove the label"
    )


def _between(count: Count) -> str:
    return between(count.right, count.images)
