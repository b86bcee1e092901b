"""Are the labels of the new pictures wrong? They are held against what their labels are worth.

A batch with wrong labels would lower the live model's score and so vote itself in. It cannot be
learnt either: the candidate contradicts its labels with confidence, on its test pictures and, out
of fold, on those that it learnt, which are four times as many. What is only hard to tell, for a new
background or a difficult label, is mistaken without such confidence. Known pictures of the same
labels say how much is usual. What live knows nothing of has only its own floor.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lensloop.model.evaluation import Evaluation, LabelScore, Score

# Pictures of a batch before they can speak against it: the test pictures that 25 bring.
ENOUGH_NEW = 5
NOISE = 2  # pictures; one that happens to go the other way is no sign of a worse model
# Standard deviations beyond what is usual: one honest batch in forty is there by chance
# (bench/gate.py has what passes and what is refused).
UNLIKELY = 2


def doubtful(evaluation: Evaluation) -> Iterator[str]:
    live, learnt = evaluation.live, evaluation.out_of_fold
    if live is None:
        return
    batch = Batch()
    batch.add_all(evaluation.candidate.new, live.scores.known)
    if learnt:
        batch.add_all(learnt.new, learnt.known)
    if batch.images >= ENOUGH_NEW and batch.is_unlikely():
        wrong, usual = batch.contradicted, batch.expected
        yield (
            f"of {batch.images} new pictures {wrong} are taken for another label with confidence,"
            f" where {usual:.1f} would be usual; the labels of the new pictures may be wrong"
        )


@dataclass
class Batch:
    """New pictures, and how many of them would be contradicted if they are like the known ones."""

    images: int = 0
    contradicted: int = 0
    expected: float = 0.0
    variance: float = 0.0

    def add_all(self, new: Score | None, known: Score | None) -> None:
        """What was answered in the same way: by the file, or out of fold."""
        if new is None or known is None:
            return
        for label, of_label in new.labels.items():
            like_it = known.labels.get(label)
            if like_it is not None and like_it.images:
                self.add(of_label, like_it)

    def add(self, new: LabelScore, known: LabelScore) -> None:
        # One more that is contradicted and one that is not (Laplace): of twenty right pictures no
        # share is certain to be 0.
        share = (known.contradicted + 1) / (known.images + 2)
        self.images += new.images
        self.contradicted += new.contradicted
        self.expected += new.images * share
        # The known pictures are a sample as well, which matters where they are few.
        self.variance += new.images * share * (1 - share) * (1 + new.images / (known.images + 2))

    def is_unlikely(self) -> bool:
        beyond = self.contradicted - self.expected
        return beyond >= NOISE and beyond**2 > UNLIKELY**2 * self.variance
