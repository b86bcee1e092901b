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
        ([], "the whole is []; it must be an object"),
        (content(format=2), "mistakes.json: `format` is 2; this version reads 1."),
        (content(pictures={}), "`pictures` is {}; it must be a list"),
        (content("images/can/1.jpg"), "`pictures[0]` is 'images/can/1.jpg'"),
        (content(mistake(key=7)), "`pictures[0].key` is 7"),
        (content(mistake(), mistake(predicted="can")), "`pictures[1]` was predicted rightly"),
        (content(mistake(confidence="sure")), "`pictures[0].confidence` is 'sure'"),
        (content(mistake(confidence=1.01)), "`pictures[0].confidence` is 1.01"),
        (content(mistake(confidence=-0.01)), "`pictures[0].confidence` is -0.01"),
        (content(mistake(confidence=float("nan"))), "`pictures[0].confidence` is nan"),
        (content(mistake(live_predicted=1)), "`pictures[0].live_predicted` is 1"),
        (content(mistake(thumbnail=None)), "`pictures[0].thumbnail` is missing"),
        (content(mistake(), count=0), "`count` is 0, which is below the 1 pictures"),
        (content(count=None), "`count` is missing; it must be a whole number"),
        (content(*[mistake()] * (MOST + 1)), "which must be at most 60"),
    ],
)
def test_anything_else_is_refused_with_a_reason(bad: Any, sentence: str) -> None:
    with pytest.raises(BadArtifact) as refused:
        read_mistakes(bad)
    assert sentence in str(refused.value)
