"""Is the bench of the gap fair: as many of each label on both sides, the same frames each time?"""

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from bench import another_camera, gap
from bench.gap import BUDGETS, Side
from training.pictures import Picture


def side(*labels: str) -> Side:
    rows = [Picture("", f"{n:064x}", label, "", "") for n, label in enumerate(labels)]
    return Side(rows, np.zeros((len(rows), 2)))


def test_a_round_ends_with_as_many_of_each_label_or_all_there_are() -> None:
    pool = side(*"aaaabbbc")
    order = [7, 0, 1, 2, 3, 4, 5, 6]
    chosen = gap.filled(pool, [3], order[:4] + order[5:], 2)
    assert chosen == [3, 7, 0, 4, 5]
    assert Counter(pool.rows[i].label for i in chosen) == {"a": 2, "b": 2, "c": 1}
    assert gap.filled(pool, chosen, [1, 2, 6], 3) == [*chosen, 1, 6]


@pytest.mark.parametrize(
    ("curve", "wanted", "answers"),
    [
        ((0.5, 0.6, 0.7, 0.8), 0.8, 240),
        ((0.5, 0.6, 0.7, 0.8), 0.65, 90),
        ((0.5, 0.6, 0.7, 0.8), 0.4, 30),
        ((0.5, 0.6, 0.7, 0.8), 0.9, 240),
    ],
)
def test_answers_are_counted_along_the_line_between_two_budgets(
    curve: tuple[float, ...], wanted: float, answers: float
) -> None:
    assert BUDGETS == (30, 60, 120, 240)
    assert gap._needed(curve, wanted) == pytest.approx(answers)


def test_another_camera_sees_the_same_thing_the_same_each_time() -> None:
    def drawn(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
        made = io.BytesIO()
        Image.new("RGB", size, colour).save(made, "JPEG")
        return made.getvalue()

    thing, shelves = drawn((250, 250, 250), (400, 300)), [drawn((90, 160, 60), (500, 400))]
    one, again, other = (
        another_camera.frame(thing, shelves, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == again != other
    assert Image.open(io.BytesIO(one)).size == another_camera.SIZE
