"""The head: learns what can be learnt, is fair to small labels,
honest about its confidence, and never random.
"""

import numpy as np
import pytest

from training.algorithms.head import regression as head


def blobs(
    counts: list[int], apart: float, seed: int = 1, width: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """One cloud of points for each label."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(0, 1, (len(counts), width)) * apart
    targets = np.repeat(np.arange(len(counts)), counts)
    return (centres[targets] + rng.normal(0, 1, (len(targets), width))).astype(np.float32), targets


def nothing() -> tuple[np.ndarray, np.ndarray]:
    return np.empty((0, 40), np.float32), np.empty(0, np.int64)


def right(model: head.Head, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return model.logits(features).argmax(axis=1) == targets


@pytest.mark.parametrize(
    "validation", [blobs([20] * 3, 1, 2), nothing()], ids=["with validation", "without"]
)
def test_what_can_be_told_apart_is_told_apart(validation):
    model, _ = head.train(*blobs([60] * 3, 1), validation, 3)
    assert right(model, *blobs([50] * 3, 1, 3)).mean() > 0.97


def test_fewer_pictures_than_features_are_enough():
    model, _ = head.train(*blobs([3, 3], 1), nothing(), 2)
    assert right(model, *blobs([50] * 2, 1, 3)).mean() > 0.9


def test_a_small_label_is_not_forgotten():
    """Twelve pictures against four hundred, clouds that overlap: plain regression hardly ever names
    the small label.
    """
    model, _ = head.train(*blobs([400, 12], 0.18), blobs([100, 4], 0.18, 2), 2)
    features, targets = blobs([300, 300], 0.18, 3)
    recall = right(model, features, targets)[targets == 1].mean()
    assert recall > 0.5


def test_training_twice_gives_the_same_head():
    one, other = (
        head.train(*blobs([30] * 3, 0.3), blobs([10] * 3, 0.3, 2), 3)[0] for _ in range(2)
    )
    assert np.array_equal(one.weights, other.weights)
    assert one.temperature == other.temperature


def test_the_slope_is_the_objectives():
    """Against finite differences:
    a wrong slope still learns something, so accuracy would not show it.
    """
    features, targets = blobs([10, 20], 0.5, width=4)
    seen = []

    def spy(objective, point, rounds=0, memory=0):
        seen.append(objective)
        return point

    original, head.minimise = head.minimise, spy
    try:
        head.fit(
            features.astype(np.float64),
            targets,
            2,
            0.1,
            head.Head(np.zeros((4, 2)), np.zeros(2), 0),
        )
    finally:
        head.minimise = original
    point = np.random.default_rng(5).normal(size=10)
    slope = seen[0](point)[1]
    steps = np.eye(10) * 1e-6
    measured = [(seen[0](point + step)[0] - seen[0](point - step)[0]) / 2e-6 for step in steps]
    np.testing.assert_allclose(slope, measured, atol=1e-6)


def test_minimise_finds_the_minimum_of_a_narrow_valley():
    stretch = np.geomspace(1, 1e3, 30)

    def valley(point):
        return float(stretch @ (point - 1) ** 2), 2 * stretch * (point - 1)

    np.testing.assert_allclose(head.minimise(valley, np.zeros(30)), np.ones(30), atol=0.03)


@pytest.mark.parametrize(("stretch", "expected"), [(3.0, 3.0), (1.0, 1.0), (0.7, 0.7)])
def test_the_temperature_undoes_over_confidence(stretch, expected):
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 1.5, (20_000, 3))
    probabilities = head.softmax(logits)
    truth = (probabilities.cumsum(axis=1) < rng.random((len(logits), 1))).sum(axis=1)
    assert head.temperature(logits * stretch, truth) == pytest.approx(expected, rel=0.1)


def test_a_handful_of_right_answers_does_not_make_certainty():
    assert head.temperature(np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([0, 1])) == 0.5
