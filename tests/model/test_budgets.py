"""Is a model refused that is too large or too slow, and no other?"""

from typing import Any

import pytest

from lensloop.model.budgets import exceeded
from lensloop.model.evaluation import read_evaluation
from lensloop.model.floors import Floors
from lensloop.settings import Settings
from tests.model.evaluations import evaluation, scores

CONTENT = evaluation(scores(None, {"can": (20, 20), "jar": (20, 20)}))
TOO_LARGE = "the model has 13.6 MB, more than the 13 MB that cameras are to fetch (`max_model_mb`)"
TOO_SLOW = (
    "the model takes 12.3 ms for a picture in the training job, more than the 12 ms that it may"
    " (`max_milliseconds`)"
)


@pytest.mark.parametrize(
    ("measured", "settings", "reasons"),
    [
        ({"model_bytes": 13_600_000}, {"max_model_mb": 13}, [TOO_LARGE]),
        ({"model_bytes": 13_000_000}, {"max_model_mb": 13}, []),
        ({"model_bytes": 13_000_001}, {"max_model_mb": 13}, [TOO_LARGE.replace("13.6", "13.0")]),
        ({"model_bytes": 13_600_000}, {"max_model_mb": 0}, []),
        ({"model_bytes": 13_600_000}, {}, []),
        ({"milliseconds": 12.34}, {"max_milliseconds": 12}, [TOO_SLOW]),
        ({"milliseconds": 12.0}, {"max_milliseconds": 12}, []),
        ({"milliseconds": 12.34}, {}, []),
        ({}, {"max_model_mb": 1, "max_milliseconds": 1}, []),
        (
            {"milliseconds": 12.34, "model_bytes": 13_600_000},
            {"max_model_mb": 13, "max_milliseconds": 12},
            [TOO_LARGE, TOO_SLOW],
        ),
    ],
)
def test_a_budget_is_exceeded_by_more_than_it(
    measured: dict[str, Any], settings: dict[str, Any], reasons: list[str]
) -> None:
    floors = Floors.from_settings(Settings(**settings))
    assert list(exceeded(read_evaluation(CONTENT | measured), floors)) == reasons
