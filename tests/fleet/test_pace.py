"""Does a camera that proves a release and is too slow with it speak against it?"""

import pytest

from lensloop.fleet.pace import within_budget
from lensloop.rollout import Answer

SLOW = (
    "it takes 812.4 ms for a picture, more than the 500 ms that it may (`max_camera_milliseconds`)"
)


@pytest.mark.parametrize(
    ("said", "most", "why"),
    [
        pytest.param("812.4", 500, SLOW, id="too slow"),
        pytest.param("500.0", 500, "", id="just in time"),
        pytest.param("812.4", 0, "", id="no limit"),
        pytest.param(None, 500, "", id="an agent that does not say"),
        pytest.param("fast", 500, "", id="no number"),
        pytest.param("nan", 500, "", id="not a number"),
        pytest.param("inf", 500, "", id="not a time"),
    ],
)
def test_who_proved_it_and_takes_too_long_has_failed(said: str | None, most: int, why: str) -> None:
    answer = Answer("deeplens_a", "SUCCEEDED", {"latency_ms": said} if said else {}, at=5)
    expected = Answer("deeplens_a", "FAILED", {"reason": why}, at=5) if why else answer
    assert within_budget([answer], most) == [expected]


@pytest.mark.parametrize("status", ["QUEUED", "IN_PROGRESS", "FAILED", "TIMED_OUT"])
def test_who_has_not_proved_it_keeps_its_answer(status: str) -> None:
    answer = Answer("deeplens_a", status, {"latency_ms": "812.4", "reason": "disk full"})
    assert within_budget([answer], 500) == [answer]
