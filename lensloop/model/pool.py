"""How many pictures speak about a model, and how many of them are right?

The test pictures, which its file answered; and those that it learnt, each answered by a model that
had not seen it (out of fold). Together they are five times as many as the test pictures alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lensloop.model.evaluation import Evaluation, LabelScore, Score
from lensloop.model.intervals import chance_of_so_few


@dataclass(frozen=True)
class Count:
    right: int
    images: int

    @classmethod
    def of(cls, *scores: "Score | LabelScore | Count | None") -> "Count":
        there = [score for score in scores if score]
        return cls(sum(score.right for score in there), sum(score.images for score in there))

    @property
    def share(self) -> float:
        return self.right / self.images

    def is_below(self, floor: float) -> bool:
        return self.right < floor * self.images

    def luck(self, floor: float) -> float:
        """How likely a model that just reaches the floor is to have no more right than this."""
        return chance_of_so_few(self.right, self.images, floor)


def everything(evaluation: Evaluation) -> Count:
    learnt = evaluation.out_of_fold
    return Count.of(evaluation.candidate.all, learnt.all if learnt else None)


def by_label(evaluation: Evaluation) -> Mapping[str, Count]:
    """Of the labels that have a picture."""
    learnt = evaluation.out_of_fold.all.labels if evaluation.out_of_fold else {}
    counts = {}
    for label, score in evaluation.candidate.all.labels.items():
        count = Count.of(score, learnt.get(label))
        if count.images:
            counts[label] = count
    return counts
