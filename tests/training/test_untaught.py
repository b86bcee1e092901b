"""What is found of a label that is left out is what a model finds that was never taught it."""

import numpy as np
import pytest

from training.algorithms.head.discriminant import Span, Taught, fit, teach
from training.algorithms.head.familiarity import FALSE_ALARMS, Known, familiarity
from training.algorithms.head.untaught import to_leave_out, untaught

WIDTH, LABELS = 30, ("can", "glass", "jar")
Side = tuple[np.ndarray, np.ndarray]


def clouds(count: int, seed: int) -> Side:
    """Pictures of three labels, of which the last differs from the others in numbers of its own."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((3, WIDTH))
    centres[:2, :2] = 1.5 * np.eye(2)
    centres[2, 27] = 5
    targets = np.arange(count) % 3
    spread = np.where(np.arange(WIDTH) < 25, 1.0, 0.1)
    features = centres[targets] + spread * rng.normal(size=(count, WIDTH))
    return features.astype(np.float32), targets


LEARNT, TEST = clouds(1200, 1), clouds(600, 2)


@pytest.fixture(scope="module")
def taught() -> Taught:
    features, targets = LEARNT
    return teach(features, targets, np.arange(len(targets)) // 3 % 5, 3, [0, 1, 2])


@pytest.mark.parametrize("label", [0, 1, 2])
def test_a_head_without_a_label_is_as_if_its_pictures_were_not_there(
    label: int, taught: Taught
) -> None:
    features, targets = LEARNT
    others = targets != label
    numbers = np.searchsorted([n for n in range(3) if n != label], targets[others])
    span = Span.of(features[others])
    places = span.places(features[others])
    alone = span.outside(fit(places, numbers, 2, span.width, taught.shrinkage))
    tested = TEST[0]
    pair = np.delete(taught.without[label].logits(tested), label, axis=1)
    theirs = alone.logits(tested)
    # Up to how readily each label is named, which is the same for every picture.
    apart = (pair[:, 1] - pair[:, 0]) - (theirs[:, 1] - theirs[:, 0])
    assert np.ptp(apart) < 0.02 * np.ptp(theirs[:, 1] - theirs[:, 0])
    assert taught.without[label].probabilities(tested)[:, label].max() == 0


def test_what_is_counted_is_what_a_model_finds_that_never_was_taught_the_label(
    taught: Taught,
) -> None:
    known = Known.of(LEARNT[0], taught)
    assert known
    found = untaught(known, LEARNT, TEST, LABELS)
    assert list(found) == list(LABELS)
    for number, label in enumerate(LABELS):
        counts, (seen, targets) = found[label], LEARNT
        others, test = targets != number, TEST[1] != number
        numbers = np.searchsorted([n for n in range(3) if n != number], targets[others])
        alone = teach(seen[others], numbers, np.arange(len(targets))[others] // 3 % 5, 2)
        told = familiarity(seen[others], alone)
        assert told
        familiar, threshold = told
        its = np.concatenate([seen[~others], TEST[0][~test]])
        shares = [
            (familiar.unfamiliar(some, alone.head.probabilities(some)) > threshold).mean()
            for some in (its, TEST[0][test])
        ]
        assert (counts["images"], counts["known"]) == (600, 400)
        assert counts["flagged"] / 600 == pytest.approx(shares[0], abs=0.1)
        assert counts["false_alarms"] / 400 == pytest.approx(shares[1], abs=0.03)
        assert counts["false_alarms"] / 400 == pytest.approx(FALSE_ALARMS, abs=0.03)
    assert found["jar"]["flagged"] > 550
    assert max(found[label]["flagged"] for label in ("can", "glass")) < 300


@pytest.mark.parametrize(
    ("pictures", "labels", "left_out"),
    [
        (100, 2, []),
        (100, 3, [0, 1, 2]),
        (100, 8, list(range(8))),
        (100, 36, [0, 5, 10, 15, 20, 25, 30, 35]),
        (20_000, 3, [0, 1, 2]),
        (20_001, 3, []),
    ],
)
def test_labels_are_left_out_where_that_says_something_and_takes_no_time(
    pictures: int, labels: int, left_out: list[int]
) -> None:
    assert to_leave_out(np.zeros(pictures, np.int64), labels) == left_out


def test_nothing_is_said_where_too_few_other_pictures_could_be_asked() -> None:
    features, targets = clouds(59, 1)  # less a label, 39 or 40
    few = teach(features, targets, np.arange(59) // 3 % 5, 3, [0, 1, 2])
    known = Known.of(features, few)
    assert known
    found = untaught(known, (features, targets), TEST, LABELS)
    assert list(found) == ["jar"]
