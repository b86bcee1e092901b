"""Is a batch with wrong labels noticed, and is a hard one let pass?"""

from typing import Any

import pytest

from lensloop.model.batch import doubtful
from lensloop.model.evaluation import read_evaluation
from tests.model.evaluations import LABELS, Counts, evaluation, scores

KNOWN = dict.fromkeys(LABELS, (20, 20))
LEARNT = dict.fromkeys(LABELS, (80, 78))


def doubts(new: Counts | None, learnt_new: Counts | None, **more: Any) -> list[str]:
    both = scores(KNOWN, new)
    content = evaluation(both, both, learnt=LEARNT, learnt_new=learnt_new, **more)
    return list(doubtful(read_evaluation(content)))


@pytest.mark.parametrize(
    ("new", "learnt_new", "expected"),
    [
        pytest.param({"can": (4, 1)}, None, [], id="four pictures say nothing"),
        pytest.param(
            {"can": (4, 1)},
            {"can": (16, 8)},
            [
                "of 20 new pictures 11 are taken for another label with confidence, where 0.8"
                " would be usual; the labels of the new pictures may be wrong"
            ],
            id="those that were learnt speak as well",
        ),
        pytest.param({"can": (4, 2)}, {"can": (16, 16)}, [], id="and may speak for the others"),
        pytest.param(
            None,
            {"can": (16, 8)},
            [
                "of 16 new pictures 8 are taken for another label with confidence, where 0.6"
                " would be usual; the labels of the new pictures may be wrong"
            ],
            id="no new test picture at all",
        ),
        pytest.param(None, {"battery": (16, 0)}, [], id="a new label has only its own floor"),
    ],
)
def test_a_batch_is_held_against_what_its_labels_are_worth(
    new: Counts | None, learnt_new: Counts | None, expected: list[str]
) -> None:
    assert doubts(new, learnt_new, learnt_known=LEARNT) == expected


def test_what_cannot_be_told_known_from_new_says_nothing() -> None:
    assert doubts(None, {"can": (16, 8)}) == []
    assert list(doubtful(read_evaluation(evaluation(scores(None, KNOWN), learnt=LEARNT)))) == []


@pytest.mark.parametrize(
    ("known", "new", "ships"),
    [
        (0, 0, True),
        (0, 1, True),  # one picture is noise
        (0, 2, True),  # with what is usual two are not two more
        (0, 3, False),
        (4, 2, True),  # a label whose pictures are always hard
        (4, 5, False),
    ],
)
def test_a_mistake_without_confidence_contradicts_no_label(
    known: int, new: int, ships: bool
) -> None:
    """Of 80 known pictures, and of 16 new ones, none of which is recognised."""
    content = evaluation(
        scores(KNOWN, None),
        scores(KNOWN, None),
        learnt=LEARNT,
        learnt_known={"can": (80, 76)},
        learnt_new={"can": (16, 0)},
    )
    content["out_of_fold_known"]["labels"]["can"]["surely_wrong"] = known
    content["out_of_fold_new"]["labels"]["can"]["surely_wrong"] = new
    assert (not list(doubtful(read_evaluation(content)))) == ships
