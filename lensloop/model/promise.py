"""Does the model's file answer as well as its training promised?

The answers out of fold come from models like it, taught with fewer pictures. If the file does far
worse on the test pictures, for a label or for all, then it is not that model: something broke on
the way into the file, which no floor would notice where the others pay for it.
"""

from collections.abc import Iterator

from lensloop.model.evaluation import Evaluation
from lensloop.model.figures import with_doubt
from lensloop.model.intervals import certain, chance_of_so_few_drawn
from lensloop.model.pool import Count

# Of a hundred files that are as they should be, one is doubted: a broken one is rare, and shows
# itself far more surely than that.
ALPHA = 0.01

_ALL = ""


def broken(evaluation: Evaluation) -> Iterator[str]:
    test, promised = _in_both(evaluation)
    chances = {label: _chance(test[label], promised[label]) for label in test}
    for label in certain(chances, ALPHA)[:1]:
        of_label = f" of {label}" if label != _ALL else ""
        yield (
            f"the model's file recognises {_figure(test[label])} of the test pictures{of_label},"
            f" and models like it recognised {_figure(promised[label])} of the others; the file may"
            " be broken"
        )


def _in_both(evaluation: Evaluation) -> tuple[dict[str, Count], dict[str, Count]]:
    """What the file has right and what was promised: of each label that has pictures in both, and
    of all these labels together.
    """
    test, promised = {}, {}
    learnt = evaluation.out_of_fold
    for label, score in evaluation.candidate.all.labels.items():
        like_it = learnt.all.labels.get(label) if learnt else None
        if like_it and like_it.images and score.images:
            test[label], promised[label] = Count.of(score), Count.of(like_it)
    return _with_their_sum(test), _with_their_sum(promised)


def _with_their_sum(counts: dict[str, Count]) -> dict[str, Count]:
    return {_ALL: Count.of(*counts.values()), **counts}


def _chance(test: Count, promised: Count) -> float:
    return chance_of_so_few_drawn(
        test.right,
        test.images,
        test.right + promised.right,
        test.images + promised.images,
    )


def _figure(count: Count) -> str:
    return with_doubt(count.right, count.images)
