"""Does everything in a drawing stand where its figure says, and within the drawing?"""

import pytest

from lensloop.model.learning_curve import Curve, Point
from lensloop.pages.diagrams import HEIGHT, WIDTH, Axis, learning, reliability


def test_an_axis_goes_from_its_first_to_its_last_value() -> None:
    upwards = Axis(0.8, 1, 216, 10)
    assert [upwards.place(value) for value in (0.8, 0.9, 1)] == [216, 113, 10]


GROUP = {"images": 100, "right": 75, "confidence": 0.5}
FEW = {"images": 4, "right": 4, "confidence": 1}


def test_a_dot_stands_at_its_confidence_and_its_share() -> None:
    found = reliability({"candidate": [GROUP, FEW], "live": None})
    group, few = found.candidate
    assert (group.share, few.share) == (0.75, 1.0)
    assert (group.dot.x, group.dot.y) == (165, 61.5)
    assert (few.dot.x, few.dot.y) == (292, 10)
    assert group.dot.high < group.dot.y < group.dot.low  # upwards is towards zero
    assert few.dot.high == few.dot.y
    assert (group.dot.size, few.dot.size) == (9, 2.5)
    assert found.live == []


def test_sizes_of_both_models_are_by_the_same_measure() -> None:
    found = reliability({"candidate": [GROUP], "live": [GROUP | {"images": 400}]})
    assert (found.candidate[0].dot.size, found.live[0].dot.size) == (4.5, 9)


def curve(*rights: int, asked: int = 100) -> Curve:
    whole = rights[-1]
    shares = (0.5, 1.0)[-len(rights) :]
    points = [
        Point(share, round(80 * share), right, whole - right, 0)
        for share, right in zip(shares, rights, strict=True)
    ]
    return Curve(asked, points)


def test_a_curve_begins_at_the_tenth_below_its_lowest_interval() -> None:
    drawn = learning(curve(85, 95))
    ticks = [round(tick.value, 3) for tick in drawn.frame.upwards]
    assert ticks == [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7]
    assert [tick.place for tick in drawn.frame.upwards][::6] == [10, 216]
    assert [(tick.place, tick.value) for tick in drawn.frame.across] == [(38, 0), (288, 80)]
    half, whole = drawn.points
    assert (half.pictures, half.accuracy) == (40, 0.85)
    assert (half.dot.x, half.dot.y) == (163, 113)
    assert (round(whole.low, 3), round(whole.high, 3)) == (0.888, 0.978)
    assert drawn.line == f"163.0,113.0 288.0,{whole.dot.y}"
    ends = [(half.dot, half.dot.high), (whole.dot, whole.dot.high)]
    ends += [(whole.dot, whole.dot.low), (half.dot, half.dot.low)]
    assert drawn.band == " ".join(f"{dot.x},{end}" for dot, end in ends)


@pytest.mark.parametrize("asked", [100_000, 100])
def test_even_a_perfect_curve_shows_its_last_tenth(asked: int) -> None:
    drawn = learning(curve(asked, asked, asked=asked))
    ticks = [round(tick.value, 3) for tick in drawn.frame.upwards]
    assert ticks == [1.0, 0.98, 0.96, 0.94, 0.92, 0.9]


@pytest.mark.parametrize(("right", "lowest"), [(62, 0.5), (12, 0.0)])
def test_a_low_curve_has_few_lines(right: int, lowest: float) -> None:
    ticks = [round(tick.value, 3) for tick in learning(curve(right, right)).frame.upwards]
    assert ticks[-1] == lowest
    assert len(ticks) == 6


@pytest.mark.parametrize("rights", [(0, 0), (1, 100), (100, 100)])
def test_everything_stands_within_the_drawing(rights: tuple[int, int]) -> None:
    for point in learning(curve(*rights)).points:
        assert 0 < point.dot.x < WIDTH
        assert 0 < point.dot.high <= point.dot.y <= point.dot.low < HEIGHT
