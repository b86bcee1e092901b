"""Scores: the sums behind a verdict, on cases small enough to check by hand."""

import pytest

from lensloop.model import scores
from lensloop.model.evaluation import read_evaluation

TRUTH = ["cat", "cat", "cat", "dog", "dog"]
PREDICTED = ["cat", "cat", "dog", "dog", "cat"]


def test_a_score_counts_by_label():
    score = scores.score(TRUTH, PREDICTED, [0.9] * 5, ["cat", "dog", "owl"])
    assert score["images"] == 5
    assert score["accuracy"] == pytest.approx(0.6)
    assert score["calibration_error"] == pytest.approx(0.3)
    assert score["labels"] == {
        "cat": {"images": 3, "recall": 2 / 3, "precision": 2 / 3, "surely_wrong": 1},
        "dog": {"images": 2, "recall": 0.5, "precision": 0.5, "surely_wrong": 1},
        "owl": {"images": 0, "recall": None, "precision": None, "surely_wrong": 0},
    }


def test_recall_is_of_what_is_shown_and_precision_of_what_is_predicted():
    labels = scores.score(["cat", "dog"], ["cat", "cat"], [0.9] * 2, ["cat", "dog"])["labels"]
    assert (labels["cat"]["recall"], labels["cat"]["precision"]) == (1.0, 0.5)
    assert (labels["dog"]["recall"], labels["dog"]["precision"]) == (0.0, None)


def test_a_mistake_is_sure_from_a_confidence_of_nine_in_ten():
    score = scores.score(TRUTH, PREDICTED, [0.99, 0.99, 0.9, 0.99, 0.89], ["cat", "dog"])
    sure = {label: of_label["surely_wrong"] for label, of_label in score["labels"].items()}
    assert sure == {"cat": 1, "dog": 0}


def test_the_confusion_goes_by_names_in_the_order_of_the_labels():
    confusion = scores.score(TRUTH, PREDICTED, [0.9] * 5, ["owl", "dog", "cat"])["confusion"]
    assert confusion == {"dog": {"dog": 1, "cat": 1}, "cat": {"dog": 1, "cat": 2}}
    assert list(confusion) == list(confusion["dog"]) == list(confusion["cat"]) == ["dog", "cat"]


def test_no_picture_at_all_is_no_score():
    score = scores.score([], [], [], ["cat"])
    assert (score["images"], score["accuracy"], score["confusion"]) == (0, 0.0, {})


@pytest.mark.parametrize(
    "uneven",
    [
        lambda: scores.score(["cat"], ["cat", "dog"], [0.9], ["cat", "dog"]),
        lambda: scores.confusion(["cat"], ["cat", "dog"], ["cat", "dog"]),
        lambda: scores.calibration_error([True], [0.9, 0.8]),
        lambda: scores.losses_and_gains(["cat"], ["cat", "dog"], ["cat"]),
        lambda: scores.reject_threshold([True], [0.9, 0.8]),
    ],
)
def test_answers_that_are_not_one_for_each_picture_are_no_scores(uneven):
    with pytest.raises(ValueError, match="argument 2 is"):
        uneven()


@pytest.mark.parametrize(
    ("right", "confidence", "error"),
    [
        ([True] * 10, [1.0] * 10, 0.0),
        ([True] * 5 + [False] * 5, [0.5] * 10, 0.0),
        ([False] * 10, [0.95] * 10, 0.95),
        ([True, False], [0.85, 0.15], 0.15),
        ([True, False], [0.95, 0.85], 0.45),
        ([True, False], [0.9, 0.92], 0.41),
        ([], [], 0.0),
    ],
)
def test_the_calibration_error_is_the_gap_between_confidence_and_right(right, confidence, error):
    assert scores.calibration_error(right, confidence) == pytest.approx(error)


def test_answers_of_about_the_same_confidence_are_counted_together():
    confidence, right = [0.96, 0.31, 1.0, 0.38, 0.9], [True, False, True, True, False]
    low, high = scores.reliability(right, confidence)
    assert (low.images, low.right) == (2, 1)
    assert low.claimed == pytest.approx(0.69)
    assert (high.images, high.right) == (3, 2)
    assert high.confidence == pytest.approx(2.86 / 3)
    assert scores.reliability([], []) == []


def test_losses_are_what_only_live_knew_and_gains_what_only_the_candidate_knows():
    live, candidate = list("aaabbaaaab"), list("bbbaaaaaab")
    assert scores.losses_and_gains(["a"] * 10, live, candidate) == (3, 2)


@pytest.mark.parametrize(
    ("right", "confidence", "threshold"),
    [
        ([True] * 4, [0.9, 0.8, 0.7, 0.6], 0.6),
        ([True, True, False, False], [0.9, 0.8, 0.7, 0.6], 0.8),
        ([True] * 4, [0.3] * 4, 0.4),
        ([True], [0.678912], 0.6789),
        ([True], [0.99], 0.95),
        ([False] * 4, [0.99, 0.8, 0.7, 0.6], 0.95),
        ([], [], 0.95),
    ],
)
def test_the_reject_threshold_keeps_answers_that_are_nearly_all_right(right, confidence, threshold):
    assert scores.reject_threshold(right, confidence) == threshold


@pytest.mark.parametrize(
    ("answers", "wrong", "enough"),
    [(100, 1, True), (99, 1, False), (300, 4, True), (299, 4, False), (800, 16, False)],
)
def test_of_the_wrong_answers_that_are_allowed_luck_has_its_share(answers, wrong, enough):
    right = [True] * (answers - wrong) + [False] * wrong
    confidence = [0.9] * (answers - wrong) + [0.7] * (wrong - 1) + [0.6]
    assert (scores.reject_threshold(right, confidence) == 0.6) == enough


def test_whoever_wants_no_wrong_answer_gets_none():
    assert scores.reject_threshold([True, True, False], [0.9, 0.8, 0.7], wanted=1) == 0.8


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
