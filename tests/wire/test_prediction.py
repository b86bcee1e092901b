"""What a release answers for a picture, and what is said of it to people and programs."""

import json
from typing import Any

import pytest

from lensloop.wire.manifest import Manifest, parse
from lensloop.wire.prediction import Prediction
from tests.camera.small_release import make_release


def manifest(**changes: Any) -> Manifest:
    return parse(make_release(7, **changes).manifest)


def test_the_likeliest_label_is_predicted() -> None:
    answer = Prediction.by(manifest(), {"red": 0.25, "green": 0.625, "blue": 0.125})
    assert (answer.predicted, answer.confidence) == ("green", 0.625)
    assert list(answer.probabilities) == ["green", "red", "blue"]


@pytest.mark.parametrize(("threshold", "unsure"), [(0.625, False), (0.6251, True), (0, False)])
def test_below_the_reject_threshold_an_answer_is_unsure(threshold: float, unsure: bool) -> None:
    release = manifest(reject_threshold=threshold)
    assert Prediction.by(release, {"red": 0.375, "green": 0.625}).unsure is unsure


@pytest.mark.parametrize(
    ("threshold", "score", "unfamiliar"),
    [
        (1.5, 1.5, False),
        (1.5, 1.5001, True),
        (-2, -1.9, True),
        (-2, -2.1, False),
        (1.5, None, False),
    ],
)
def test_above_its_threshold_a_picture_is_unfamiliar(
    threshold: float, score: float | None, unfamiliar: bool
) -> None:
    answer = Prediction.by(manifest(unfamiliar_threshold=threshold), {"red": 1.0}, score)
    assert (answer.unfamiliar, answer.unfamiliarity) == (unfamiliar, score)


def test_a_release_without_a_threshold_does_not_say() -> None:
    answer = Prediction.by(manifest(), {"red": 1.0}, 99.0)
    assert (answer.unfamiliar, answer.unfamiliarity) == (False, None)


SEEN = {"can": 2 / 3, "glass": 1 / 3}


@pytest.mark.parametrize(
    ("unsure", "unfamiliar", "words"),
    [
        (False, False, "can (67%)"),
        (True, False, "perhaps can (67%), but unsure"),
        (False, True, "not like anything it was taught; the nearest is can (67%)"),
        (True, True, "not like anything it was taught; the nearest is can (67%)"),
    ],
)
def test_it_is_said_in_plain_words(unsure: bool, unfamiliar: bool, words: str) -> None:
    assert Prediction(SEEN, unsure, unfamiliar, None).words == words


@pytest.mark.parametrize(("score", "given"), [(1.23456789, 1.234568), (None, None)])
def test_as_json_it_is_rounded(score: float | None, given: float | None) -> None:
    content = Prediction(SEEN, True, False, score).content()
    assert json.loads(json.dumps(content)) == {
        "predicted": "can",
        "confidence": 0.666667,
        "unsure": True,
        "unfamiliar": False,
        "unfamiliarity": given,
        "probabilities": {"can": 0.666667, "glass": 0.333333},
    }
