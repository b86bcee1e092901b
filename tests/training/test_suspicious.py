"""Wrong labels are found by heads that never saw them."""

import hashlib

import numpy as np
import pytest

from training.algorithms.head.train import learn
from training.out_of_fold import FOLDS, folds
from training.pictures import Picture
from training.suspicious import MARGIN, suspects

LABELS = ["lime", "plum", "sand"]


def picture(number: int, label: str, phash: int | None = None) -> Picture:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    look = f"{phash:016x}" if phash is not None else sha256[:16]
    return Picture(f"images/{label}/{number}.jpg", sha256, label, "train", look)


def clouds(count: int, spread: float = 0.4) -> tuple[list[Picture], np.ndarray]:
    """Pictures of three labels, and features that lie around a place of each label's own."""
    rng = np.random.default_rng(1)
    rows = [picture(number, LABELS[number % 3]) for number in range(count)]
    places = rng.normal(size=(3, 64))
    features = np.stack(
        [places[number % 3] + spread * rng.normal(size=64) for number in range(count)]
    )
    return rows, features.astype(np.float32)


def relabelled(row: Picture) -> Picture:
    return Picture(
        row.key, row.sha256, LABELS[(LABELS.index(row.label) + 1) % 3], row.split, row.phash
    )


def found(rows: list[Picture], features: np.ndarray) -> list[tuple[str, str]]:
    _, answered = learn(rows, features, LABELS)
    targets = np.array([LABELS.index(row.label) for row in answered.rows])
    return [
        (answered.rows[i].key, LABELS[other])
        for i, other in suspects(targets, answered.probabilities)
    ]


def test_wrong_labels_are_found_and_right_ones_are_not() -> None:
    rows, features = clouds(90)
    wrong = (4, 30, 50)
    planted = [relabelled(row) if i in wrong else row for i, row in enumerate(rows)]
    assert sorted(found(planted, features)) == sorted((rows[i].key, rows[i].label) for i in wrong)
    assert found(rows, features) == []


def test_near_duplicates_share_a_fold() -> None:
    base = 0x0123456789ABCDEF
    rows = [picture(n, "plum", base ^ (1 << n)) for n in range(5)] + [
        picture(100 + n, "lime") for n in range(200)
    ]
    homes = folds(rows)
    assert len(set(homes[:5])) == 1
    assert set(homes) == set(range(FOLDS))
    assert min(np.bincount(homes)) > 15


def test_the_fold_does_not_depend_on_the_order() -> None:
    rows = [picture(number, "plum") for number in range(50)]
    there = dict(zip(rows, folds(rows), strict=True))
    back = rows[::-1]
    assert dict(zip(back, folds(back), strict=True)) == there


def test_one_cameras_look_alikes_do_not_all_share_a_fold() -> None:
    rows = [picture(number, "plum", 1 << (number % 60)) for number in range(120)]
    assert len(set(folds(rows))) > 1


def test_a_label_that_no_other_fold_has_is_not_judged() -> None:
    rows, features = clouds(60)
    rows = [row for row in rows if row.label != "sand"]
    twins = [picture(500 + n, "sand", 7) for n in range(3)]
    _, answered = learn(
        [*rows, *twins], np.concatenate([features[: len(rows)], features[:3]]), LABELS
    )
    assert {row.label for row in answered.rows} == {"lime", "plum"}
    assert len(answered.rows) == len(answered.probabilities) == len(rows)


def test_so_few_pictures_that_one_fold_holds_them_all() -> None:
    _, answered = learn(
        [picture(1, "plum", 7), picture(2, "lime", 7)], np.ones((2, 8), np.float32), LABELS
    )
    assert list(answered.rows) == []
    assert suspects(np.array([], np.int64), answered.probabilities) == []


SURE = [[1.0, 0.0, 0.0]] * 9  # the usual confidence


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.9, 0.1, 0.0], []),
        ([0.4, 0.6, 0.0], []),
        ([0.21, 0.79, 0.0], []),
        ([0.19, 0.2 + MARGIN, 0.0], [(0, 1)]),
        ([0.0, 0.1, 0.9], [(0, 2)]),
    ],
)
def test_only_what_is_surely_another_is_listed(
    probabilities: list[float], expected: list[tuple[int, int]]
) -> None:
    assert suspects(np.zeros(10, np.int64), np.array([probabilities, *SURE])) == expected


def test_where_nothing_is_sure_less_is_asked() -> None:
    """As by a head that was taught many wrong labels."""
    unsure = [[0.6, 0.3, 0.1]] * 9
    answers = np.array([[0.2, 0.2 + 0.6 * MARGIN + 0.01, 0.2], *unsure])
    assert suspects(np.zeros(10, np.int64), answers) == [(0, 1)]


def test_the_most_doubtful_comes_first() -> None:
    answers = np.array([[0.2, 0.8, 0], [0.0, 1.0, 0], [0.9, 0.1, 0], [0.1, 0.9, 0]])
    assert suspects(np.array([0, 0, 0, 0]), answers) == [(1, 1), (3, 1), (0, 1)]


def test_labels_to_check_are_sorted_by_the_figure_that_is_shown() -> None:
    """0.88 against 0.12 is by 0.76 another label, 0.85 against 0.02 by 0.83; people see 88 %."""
    answers = np.array([[0.02, 0.85, 0.13], [0.12, 0.88, 0]])
    assert suspects(np.array([0, 0]), answers) == [(1, 1), (0, 1)]
