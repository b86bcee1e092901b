"""Is what the training job lists as its mistakes checked before anyone is shown it?"""

from typing import Any

import pytest

from lensloop.model.mistakes import FILE, MOST, read_mistakes
from lensloop.wire.errors import BadArtifact


def mistake(**different: Any) -> dict[str, Any]:
    return {
        "key": "images/can/1.jpg",
        "sha256": "0" * 64,
        "label": "can",
        "predicted": "glass",
        "confidence": 0.9,
        "live_predicted": None,
    } | different


def content(*pictures: Any, **different: Any) -> dict[str, Any]:
    return {"format": 1, "count": len(pictures), "pictures": list(pictures)} | different


def test_it_lies_in_the_archive_under_this_name() -> None:
    """That of archives that were written before."""
    assert FILE == "mistakes.json"


@pytest.mark.parametrize(
    "good",
    [
        pytest.param(content(), id="none"),
        pytest.param(content(mistake(live_predicted="can", thumbnail="/9j/")), id="one"),
        pytest.param(content(mistake(), count=70), id="more than are shown"),
        pytest.param(content(mistake(confidence=1), mistake(confidence=0)), id="all confidences"),
        pytest.param(content(*[mistake()] * MOST), id="as many as are shown"),
    ],
)
def test_what_the_training_job_writes_is_read(good: dict[str, Any]) -> None:
    assert read_mistakes(good) == good


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ([], "must be an object of format 1"),
        (content(format=2), "must be an object of format 1"),
        (
            content(pictures={}),
            "mistakes.json: `pictures` must be a list of objects with key, sha256, label,"
            " predicted, confidence, live_predicted.",
        ),
        (content("images/can/1.jpg"), "must be a list of objects"),
        (content(mistake(key=7)), "must be a list of objects"),
        (content(mistake(predicted="can")), "must be a list of objects"),
        (content(mistake(confidence="sure")), "must be a list of objects"),
        (content(mistake(confidence=1.01)), "must be a list of objects"),
        (content(mistake(confidence=-0.01)), "must be a list of objects"),
        (content(mistake(confidence=float("nan"))), "must be a list of objects"),
        (content(mistake(live_predicted=1)), "must be a list of objects"),
        (content(mistake(thumbnail=None)), "must be a list of objects"),
        (content(mistake(), count=0), "`count` must be a number that is not below the 1"),
        (content(count=None), "`count` must be a number"),
        (content(*[mistake()] * (MOST + 1)), "which are at most 60"),
    ],
)
def test_anything_else_is_refused_with_a_reason(bad: Any, sentence: str) -> None:
    with pytest.raises(BadArtifact) as refused:
        read_mistakes(bad)
    assert sentence in str(refused.value)
