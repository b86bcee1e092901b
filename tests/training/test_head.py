"""The head: learns what can be learnt, is fair to small labels,
honest about its confidence, and never random.
"""

import numpy as np
import pytest

from training.algorithms.head import calibration
from training.algorithms.head.discriminant import (
    EVERY,
    SHRINKAGES,
    UNTOLD,
    Head,
    Span,
    Taught,
    fit,
    teach,
)


def blobs(
    counts: list[int], apart: float, seed: int = 1, width: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """One cloud of points for each label."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(0, 1, (len(counts), width)) * apart
    targets = np.repeat(np.arange(len(counts)), counts)
    return (centres[targets] + rng.normal(0, 1, (len(targets), width))).astype(np.float32), targets


def taught(features: np.ndarray, targets: np.ndarray, folds: int = 5) -> Taught:
    return teach(features, targets, np.arange(len(targets)) % folds, int(targets.max()) + 1)


def right(model: Head, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return model.logits(features).argmax(axis=1) == targets


@pytest.mark.parametrize("folds", [5, 1], ids=["with pictures to ask", "without"])
def test_what_can_be_told_apart_is_told_apart(folds):
    model = taught(*blobs([60] * 3, 1), folds).head
    assert right(model, *blobs([50] * 3, 1, 3)).mean() > 0.97


def test_fewer_pictures_than_features_are_enough():
    model = taught(*blobs([3, 3], 1)).head
    assert right(model, *blobs([50] * 2, 1, 3)).mean() > 0.9


def test_one_picture_of_each_label_is_a_head_already():
    model = taught(*blobs([1, 1, 1], 2)).head
    assert right(model, *blobs([50] * 3, 2, 3)).mean() > 0.9


def test_a_small_label_is_not_forgotten():
    """Twelve pictures against four hundred, clouds that overlap: a head that is right about most
    pictures hardly ever names the small label.
    """
    model = taught(*blobs([400, 12], 0.18)).head
    features, targets = blobs([300, 300], 0.18, 3)
    recall = right(model, features, targets)[targets == 1].mean()
    assert recall > 0.2


def test_training_twice_gives_the_same_head():
    one, other = (taught(*blobs([30] * 3, 0.3)).head for _ in range(2))
    assert np.array_equal(one.weights, other.weights)
    assert one.temperature == other.temperature


# The closed form


def by_hand(features: np.ndarray, targets: np.ndarray, shrinkage: float) -> np.ndarray:
    """Every label's logits for the features, by the book."""
    means = np.stack([features[targets == label].mean(axis=0) for label in np.unique(targets)])
    apart = features - means[targets]
    counts = np.bincount(targets)
    loud = (len(targets) / (counts * len(counts)))[targets]
    within = (apart * loud[:, None]).T @ apart / (len(targets) - len(counts))
    width = features.shape[1]
    covariance = (1 - shrinkage) * within + shrinkage * np.trace(within) / width * np.eye(width)
    slopes = np.linalg.solve(covariance, means.T)
    return np.asarray(features @ slopes - (means.T * slopes).sum(axis=0) / 2)


@pytest.mark.parametrize("count", [60, 9], ids=["many pictures", "fewer than features"])
def test_a_head_is_the_discriminant_of_the_book(count):
    features, targets = blobs([count, count // 3], 0.5)
    span = Span.of(features)
    head = span.outside(fit(span.places(features), targets, 2, span.width, 0.2))
    ours, expected = head.logits(features), by_hand(features.astype(np.float64), targets, 0.2)
    np.testing.assert_allclose(ours[:, 0] - ours[:, 1], expected[:, 0] - expected[:, 1], rtol=2e-3)


def test_a_picture_does_not_answer_for_itself():
    """Where nothing can be learned, cross-validation is right
    by chance, and a head that saw the answers always.
    """
    features, targets = blobs([30] * 3, 0, width=200)
    found = taught(features, targets)
    assert found.asked.all()
    assert (found.probabilities.argmax(axis=1) == targets).mean() < 0.55
    assert right(found.head, features, targets).mean() > 0.9


def test_what_a_fold_is_answered_is_what_a_head_without_it_says():
    features, targets = blobs([40, 40, 40], 0.3)
    folds = np.arange(120) % 4
    found = teach(features, targets, folds, 3)
    learn = folds != 2
    span = Span.of(features[learn])
    alone = span.outside(
        fit(span.places(features[learn]), targets[learn], 3, span.width, found.shrinkage)
    )
    raised = alone.logits(features) / found.head.temperature
    answered = np.log(found.probabilities)
    shift = answered - raised
    shift -= shift.mean(axis=1, keepdims=True)
    assert np.ptp(shift[folds == 2], axis=0).max() < 0.05  # but for readiness, which is all alike
    assert np.ptp(shift[folds != 2], axis=0).max() > 0.1


def test_a_label_that_no_other_fold_has_is_not_asked():
    features, targets = blobs([30, 30, 4], 1)
    folds = np.where(targets == 2, 0, np.arange(64) % 5)
    found = teach(features, targets, folds, 3)
    assert found.asked.tolist() == (targets != 2).tolist()
    assert len(found.probabilities) == 60
    assert right(found.head, *blobs([30, 30, 30], 1, 3)).mean() > 0.9


def test_pictures_of_no_fold_teach_every_head_and_are_not_asked():
    features, targets = blobs([30, 30], 1)
    folds = np.where(np.arange(60) % 3, EVERY, np.arange(60) % 5)
    found = teach(features, targets, folds, 2)
    assert found.asked.tolist() == (folds != EVERY).tolist()
    assert (found.probabilities.argmax(axis=1) == targets[found.asked]).all()
    all_told = taught(features, targets).head
    assert right(found.head, features, targets).mean() == right(all_told, features, targets).mean()


def test_where_nobody_can_be_asked_the_usual_is_taken():
    found = teach(np.ones((2, 8), np.float32), np.array([0, 1]), np.zeros(2, np.int64), 2)
    assert found.shrinkage == UNTOLD
    assert found.probabilities.shape == (0, 2)
    np.testing.assert_allclose(found.head.probabilities(np.ones((1, 8), np.float32)), 0.5)


def test_noise_is_shrunk_away_and_knowledge_is_not():
    """Of labels that differ where pictures differ least, much data tells; little does not."""
    few, many = taught(*blobs([8] * 3, 0.15)), taught(*blobs([400] * 3, 0.15))
    assert few.shrinkage >= many.shrinkage
    assert few.shrinkage in SHRINKAGES


# Calibration


def drawn(logits: np.ndarray, seed: int = 4) -> np.ndarray:
    """True labels, as often as these logits say."""
    chances = calibration.softmax(logits).cumsum(axis=1)
    return (chances < np.random.default_rng(seed).random((len(logits), 1))).sum(axis=1)


@pytest.mark.parametrize("stretch", [20.0, 3.0, 1.0, 0.7])
def test_the_temperature_undoes_over_confidence(stretch):
    logits = np.random.default_rng(4).normal(0, 1.5, (20_000, 3))
    found = calibration.temperature(logits * stretch, drawn(logits))
    assert found == pytest.approx(stretch, rel=0.1)


def test_a_handful_of_right_answers_does_not_make_certainty():
    logits, truth = np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([0, 1])
    found = calibration.temperature(logits, truth)
    assert calibration.softmax(logits / found).max() == pytest.approx(5 / 6, abs=0.01)


def test_many_right_answers_do():
    logits, truth = np.tile([[3.0, 0.0], [0.0, 3.0]], (500, 1)), np.tile([0, 1], 500)
    found = calibration.temperature(logits, truth)
    assert calibration.softmax(logits / found).max() > 0.999


def test_labels_are_named_as_often_as_they_are_there():
    logits = np.random.default_rng(4).normal(0, 1.5, (5_000, 3))
    truth = drawn(logits)
    crooked = logits + np.array([1.0, 0.0, -2.0])
    straight = crooked + calibration.readiness(crooked, truth, 1.0)
    named = calibration.softmax(straight).mean(axis=0)
    assert named == pytest.approx(calibration.softmax(logits).mean(axis=0), abs=0.03)


def test_a_small_label_is_named_more_readily_than_its_share():
    logits = np.random.default_rng(4).normal(0, 1.5, (5_000, 2)) + np.array([4.0, 0.0])
    truth = drawn(logits)
    raised = calibration.readiness(logits, truth, 1.0)
    few, most = np.bincount(truth)[::-1]
    assert raised[1] - raised[0] == pytest.approx(np.log(most / few) / 2, abs=0.15)


def test_a_few_pictures_shift_a_label_little():
    raised = calibration.readiness(np.zeros((4, 2)), np.array([0, 0, 0, 1]), 1.0)
    assert 0 < raised[0] - raised[1] < np.log(3) / 2


def test_a_label_that_nobody_was_asked_about_stays_where_it_is():
    raised = calibration.readiness(np.zeros((4, 3)), np.array([0, 0, 0, 1]), 1.0)
    assert raised[0] > raised[2] > raised[1]
    assert raised[2] == 0


def test_nothing_is_known_of_no_pictures():
    assert calibration.temperature(np.empty((0, 3)), np.empty(0, np.int64)) == 1.0
