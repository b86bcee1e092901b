"""Is a file noticed that answers otherwise than its training promised?"""

import pytest

from lensloop.model.evaluation import read_evaluation
from lensloop.model.promise import broken
from tests.model.evaluations import Counts, evaluation, scores

FINE = {f"label {number}": (8, 8) for number in range(38)}


def doubts(test: Counts, learnt: Counts | None) -> list[str]:
    return list(broken(read_evaluation(evaluation(scores(None, test), learnt=learnt))))


@pytest.mark.parametrize(
    ("test", "learnt", "expected"),
    [
        pytest.param({"can": (8, 0), "jar": (8, 0)}, None, [], id="nothing was promised"),
        pytest.param(
            {"can": (8, 7), "jar": (8, 6)},
            {"can": (32, 31), "jar": (32, 31)},
            [],
            id="nearly as good",
        ),
        pytest.param(
            {"can": (10, 5), "jar": (10, 5)},
            {"can": (40, 38), "jar": (40, 38)},
            [
                "the model's file recognises 0.50 (0.30 to 0.70) of the test pictures, and models"
                " like it recognised 0.95 (0.88 to 0.98) of the others; the file may be broken"
            ],
            id="far worse altogether",
        ),
        pytest.param(
            {"can": (6, 1), "jar": (60, 60)},
            {"can": (24, 22), "jar": (240, 230)},
            [
                "the model's file recognises 0.17 (0.03 to 0.56) of the test pictures of can, and"
                " models like it recognised 0.92 (0.74 to 0.98) of the others; the file may be"
                " broken"
            ],
            id="one label is not answered",
        ),
        pytest.param(
            {"can": (6, 2), "jar": (60, 60)},
            {"can": (24, 22), "jar": (240, 230)},
            [],
            id="one label has bad luck",
        ),
        pytest.param(
            {"can": (6, 1), **FINE},
            {"can": (24, 22), **FINE},
            [],
            id="among 39 labels that may be bad luck",
        ),
        pytest.param(
            {"can": (4, 0), "jar": (100, 100)},
            {"can": (40, 32), "jar": (400, 400)},
            [],
            id="luck in eleven of a thousand cases",
        ),
        pytest.param(
            {"can": (0, 0), "jar": (8, 8)},
            {"can": (9, 9), "jar": (9, 9)},
            [],
            id="no test picture",
        ),
        pytest.param(
            {"can": (8, 0), "jar": (80, 80)},
            {"can": (0, 0), "jar": (80, 80)},
            [],
            id="nothing was promised for a label",
        ),
        pytest.param(
            {"can": (8, 8), "jar": (8, 8)},
            {"can": (32, 3), "jar": (32, 3)},
            [],
            id="better than promised",
        ),
    ],
)
def test_a_file_is_doubted_only_where_luck_does_not_explain_it(
    test: Counts, learnt: Counts | None, expected: list[str]
) -> None:
    assert doubts(test, learnt) == expected
