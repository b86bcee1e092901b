"""How were floors judged until issue 9? By the test pictures alone, as if there were no luck."""

from collections.abc import Iterator

from lensloop.model.evaluation import Evaluation
from lensloop.model.floors import Floors
from lensloop.model.gate import overconfident, too_little


def below_floors(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    score = evaluation.candidate.all
    if score.accuracy < floors.min_accuracy:
        yield "accuracy is below its floor"
    for label, of_label in score.labels.items():
        if of_label.recall is not None and of_label.recall < floors.min_recall:
            yield f"recall of {label} is below its floor"


def against_a_first_model(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    yield from too_little(evaluation.candidate.all, floors)
    yield from below_floors(evaluation, floors)
    yield from overconfident(evaluation.candidate.all, floors)
