"""Must a model pass the golden set exactly when it is asked for?"""

from typing import Any

import pytest

from lensloop.model.evaluation import read_evaluation
from lensloop.model.floors import Floors
from lensloop.model.golden_set import failed
from lensloop.settings import Settings
from tests.model.evaluations import Counts, evaluation, score, scores

NOT_LOOKED_AT = (
    "the golden set was not looked at, and `golden_set_accuracy` asks for it; it is looked at when"
    " the next model is trained"
)


def reasons(golden: Counts | None, least: float) -> list[str]:
    content: dict[str, Any] = evaluation(scores(None, {"can": (20, 20), "jar": (20, 20)}))
    content["golden_set"] = None if golden is None else score(golden)
    floors = Floors.from_settings(Settings(golden_set_accuracy=least))
    return list(failed(read_evaluation(content), floors))


@pytest.mark.parametrize(
    ("golden", "least", "expected"),
    [
        (None, 0.0, []),
        ({"can": (10, 0), "jar": (10, 0)}, 0.0, []),
        (None, 0.9, [NOT_LOOKED_AT]),
        ({"can": (10, 9), "jar": (10, 9)}, 0.9, []),
        (
            {"can": (10, 9), "jar": (10, 8)},
            0.9,
            [
                "accuracy on the golden set 0.85 (0.64 to 0.95) on 20 pictures is below its"
                " floor 0.90"
            ],
        ),
        (
            {"can": (0, 0), "jar": (10, 9)},
            0.9,
            ["the golden set has no usable picture of can; put some into golden/can/"],
        ),
        (
            {"can": (0, 0), "jar": (0, 0)},
            0.9,
            [
                "the golden set has no usable picture of can; put some into golden/can/",
                "the golden set has no usable picture of jar; put some into golden/jar/",
            ],
        ),
    ],
)
def test_the_golden_set_is_a_floor_of_its_own(
    golden: Counts | None, least: float, expected: list[str]
) -> None:
    assert reasons(golden, least) == expected
