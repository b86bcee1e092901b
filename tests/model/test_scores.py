"""Scores: the sums behind a verdict, on cases small enough to check by hand."""

import pytest

from lensloop.model import scores
from lensloop.model.evaluation import read_evaluation

TRUTH = ["cat", "cat", "cat", "dog", "dog"]
PREDICTED = ["cat", "cat", "dog", "dog", "cat"]


def test_a_score_counts_by_label():
    score = scores.score(TRUTH, PREDICTED, [0.9] * 5, ["cat", "dog", "owl"])
    assert score["accuracy"] == pytest.approx(0.6)
    assert score["confusion"] == {"cat": {"cat": 2, "dog": 1}, "dog": {"cat": 1, "dog": 1}}
    assert score["labels"]["cat"] == {
        "images": 3,
        "recall": pytest.approx(2 / 3),
        "precision": pytest.approx(2 / 3),
    }
    assert score["labels"]["owl"] == {"images": 0, "recall": None, "precision": None}


@pytest.mark.parametrize(
    ("right", "confidence", "error"),
    [
        ([True] * 10, [1.0] * 10, 0.0),
        ([True] * 5 + [False] * 5, [0.5] * 10, 0.0),
        ([False] * 10, [0.95] * 10, 0.95),
        ([True, False], [0.85, 0.15], 0.15),
        ([], [], 0.0),
    ],
)
def test_the_calibration_error_is_the_gap_between_confidence_and_right(right, confidence, error):
    assert scores.calibration_error(right, confidence) == pytest.approx(error)


def test_losses_are_what_only_live_knew_and_gains_what_only_the_candidate_knows():
    assert scores.losses_and_gains(list("aaaa"), list("aabb"), list("abab")) == (1, 1)


@pytest.mark.parametrize(
    ("right", "confidence", "threshold"),
    [
        ([True] * 4, [0.9, 0.8, 0.7, 0.6], 0.6),
        ([True, True, False, False], [0.9, 0.8, 0.7, 0.6], 0.8),
        ([True] * 4, [0.3] * 4, 0.4),
        ([False] * 4, [0.99, 0.8, 0.7, 0.6], 0.95),
        ([], [], 0.95),
    ],
)
def test_the_reject_threshold_keeps_answers_that_are_nearly_all_right(right, confidence, threshold):
    assert scores.reject_threshold(right, confidence) == threshold


def test_the_gate_reads_what_is_written_here_even_without_a_test_picture():
    everything = scores.score([], [], [], ["cat", "dog"])
    candidate = {"all": everything, "known": None, "new": None}
    evaluation = {
        "format": 1,
        "dataset": "d",
        "labels": ["cat", "dog"],
        "candidate": candidate,
        "live": None,
    }
    assert read_evaluation(evaluation).candidate.all.images == 0
