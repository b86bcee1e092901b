"""Does the model pass the golden set? Pictures under golden/<label>/, where those who upload cannot
write: whatever was done to the others, these show what the labels mean.

A person chose each of them, so there is no luck in it: the floor is a floor.
"""

from collections.abc import Iterator

from lensloop.model.evaluation import Evaluation
from lensloop.model.figures import apart, between
from lensloop.model.floors import Floors
from lensloop.wire.names import GOLDEN_PREFIX


def failed(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    if not floors.golden_set_accuracy:
        return
    score = evaluation.golden_set
    if score is None:
        yield (
            "the golden set was not looked at, and `golden_set_accuracy` asks for it; it is looked"
            " at when the next model is trained"
        )
        return
    for label, of_label in score.labels.items():
        if not of_label.images:
            yield (
                f"the golden set has no usable picture of {label}; put some into"
                f" {GOLDEN_PREFIX}{label}/"
            )
    if score.right < floors.golden_set_accuracy * score.images:
        share, floor = apart(score.right / score.images, floors.golden_set_accuracy)
        yield (
            f"accuracy on the golden set {share} {between(score.right, score.images)} on"
            f" {score.images} pictures is below its floor {floor}"
        )
