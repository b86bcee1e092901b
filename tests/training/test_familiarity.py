"""What is like nothing that was taught is called unfamiliar, and what is like it seldom."""

from collections.abc import Callable

import numpy as np
import pytest

from training.algorithms.head.discriminant import teach
from training.algorithms.head.familiarity import FALSE_ALARMS, Familiarity, Rarity, familiarity

WIDTH = 30


def clouds(count: int, labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of labels that differ in their first numbers, and hardly in the others."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((labels, WIDTH))
    centres[:, :labels] = 4 * np.eye(labels)
    targets = np.arange(count) % labels
    spread = np.where(np.arange(WIDTH) < 25, 1.0, 0.1)
    features = centres[targets] + spread * rng.normal(size=(count, WIDTH))
    return features.astype(np.float32), targets


Scores = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def learnt() -> tuple[Scores, float]:
    features, targets = clouds(1000, 3, 1)
    taught = teach(features, targets, np.arange(1000) % 5, 3)
    found = familiarity(features, taught)
    assert found
    familiar: Familiarity = found[0]

    def scores(some: np.ndarray) -> np.ndarray:
        return familiar.unfamiliar(some, taught.head.probabilities(some))

    return scores, found[1]


def test_pictures_of_known_labels_are_seldom_unfamiliar(learnt):
    scores, threshold = learnt
    known, _ = clouds(3000, 3, 2)
    assert (scores(known) > threshold).mean() == pytest.approx(FALSE_ALARMS, abs=0.025)


def test_pictures_that_lie_off_the_main_axes_are_unfamiliar(learnt):
    scores, threshold = learnt
    strange, _ = clouds(300, 3, 2)
    strange[:, 27] += 3
    assert (scores(strange) > threshold).mean() > 0.95


def test_pictures_between_two_labels_are_unfamiliar_more_often(learnt):
    scores, threshold = learnt
    known, targets = clouds(300, 3, 2)
    between = (known[targets == 0] + known[targets == 1]) / 2
    flagged = [(scores(some) > threshold).mean() for some in (between, known)]
    assert flagged[0] > 5 * flagged[1]


def test_of_a_few_pictures_nobody_can_tell():
    features, targets = clouds(39, 3, 1)
    taught = teach(features, targets, np.arange(39) % 5, 3)
    assert familiarity(features, taught) is None


def test_a_rarity_is_how_few_are_above():
    rarity = Rarity.of(np.arange(1001.0))
    values = np.array([-5, 0, 500, 900, 950, 990])
    expected = -np.log([1, 1, 0.5, 0.1, 0.05, 0.01])
    np.testing.assert_allclose(rarity(values), expected, atol=1e-3)


def test_beyond_all_that_is_known_it_goes_on():
    beyond = Rarity.of(np.arange(1001.0))(np.array([1000.0, 1100.0, 2000.0]))
    assert (np.diff(beyond, prepend=-np.log(0.01)) > 0.1).all()


@pytest.mark.parametrize("known", [np.zeros(50), np.repeat([0.0, 1.0], [49, 1])])
def test_values_that_hardly_differ_are_no_accident(known):
    assert np.isfinite(Rarity.of(known)(np.array([-1.0, 0.0, 1.0, 5.0]))).all()


def test_the_threshold_is_the_same_in_every_run():
    features, targets = clouds(200, 3, 1)
    found = [familiarity(features, teach(features, targets, np.arange(200) % 5, 3)) for _ in "ab"]
    assert found[0]
    assert found[1]
    assert found[0][1] == found[1][1]
