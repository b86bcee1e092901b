"""Where does everything stand in a drawing? Places and lengths for the templates, which draw them
as SVG; what a drawing says stands in a table beside it as well.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensloop.model.intervals import wilson
from lensloop.model.learning_curve import Curve

# Of a drawing, in its own units, which are pixels on a telephone.
WIDTH, HEIGHT = 300, 250
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 10, 34
_LARGEST, _SMALLEST = 9.0, 2.5  # dots
_STEPS = (0.02, 0.05, 0.1, 0.2)  # between the lines across a curve
_MOST_TICKS = 6


@dataclass(frozen=True)
class Axis:
    """From values to places: the first value stands at `start`, the last at `end`."""

    first: float
    last: float
    start: float
    end: float

    def place(self, value: float) -> float:
        share = (value - self.first) / (self.last - self.first)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Tick:
    place: float
    value: float


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    low: float  # the ends of its interval
    high: float
    size: float


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    across: Sequence[Tick]
    upwards: Sequence[Tick]


def _frame(across: Sequence[Tick], upwards: Sequence[Tick]) -> Drawing:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    return Drawing(WIDTH, HEIGHT, LEFT, right, TOP, bottom, across, upwards)


def _ticks(axis: Axis, *values: float) -> list[Tick]:
    return [Tick(axis.place(value), value) for value in values]


# Confidence against what is right


@dataclass(frozen=True)
class Believed:
    """The answers of one model of about the same confidence."""

    images: int
    right: int
    confidence: float
    dot: Dot

    @property
    def share(self) -> float:
        return self.right / self.images


@dataclass(frozen=True)
class Reliability:
    frame: Drawing
    candidate: Sequence[Believed]
    live: Sequence[Believed]


def reliability(content: Mapping[str, Any]) -> Reliability:
    """Both axes go from nothing to certain; on the line between the corners, of 80 in a hundred
    claimed 80 are right.
    """
    across = Axis(0, 1, LEFT, WIDTH - RIGHT)
    upwards = Axis(0, 1, HEIGHT - BOTTOM, TOP)
    groups = [*content["candidate"], *(content["live"] or ())]
    most = max((group["images"] for group in groups), default=1)

    def believed(group: Mapping[str, Any]) -> Believed:
        images, right, confidence = group["images"], group["right"], group["confidence"]
        low, high = wilson(right, images)
        size = max(_SMALLEST, round(_LARGEST * math.sqrt(images / most), 1))
        x, y = across.place(confidence), upwards.place(right / images)
        dot = Dot(x, y, upwards.place(low), upwards.place(high), size)
        return Believed(images, right, confidence, dot)

    shares = (0, 0.25, 0.5, 0.75, 1)
    return Reliability(
        _frame(_ticks(across, *shares), _ticks(upwards, *shares)),
        [believed(group) for group in content["candidate"]],
        [believed(group) for group in content["live"] or ()],
    )


# More pictures, more right


@dataclass(frozen=True)
class Taught:
    """A head that was taught with a part of the pictures."""

    pictures: int
    accuracy: float
    low: float
    high: float
    dot: Dot


@dataclass(frozen=True)
class Learning:
    frame: Drawing
    points: Sequence[Taught]

    @property
    def line(self) -> str:
        return " ".join(f"{point.dot.x},{point.dot.y}" for point in self.points)

    @property
    def band(self) -> str:
        """Around all intervals: along the upper ends and back along the lower ones."""
        there = [f"{point.dot.x},{point.dot.high}" for point in self.points]
        back = [f"{point.dot.x},{point.dot.low}" for point in reversed(self.points)]
        return " ".join([*there, *back])


def learning(curve: Curve) -> Learning:
    """Upwards from the tenth below the lowest interval, so that what changes can be seen."""
    lowest = min(curve.interval(point)[0] for point in curve.points)
    bottom = min(0.9, math.floor(lowest * 10) / 10)
    across = Axis(0, curve.whole.pictures, LEFT, WIDTH - RIGHT - 4)
    upwards = Axis(bottom, 1, HEIGHT - BOTTOM, TOP)
    points = []
    for point in curve.points:
        (low, high), accuracy = curve.interval(point), curve.accuracy(point)
        x, y = across.place(point.pictures), upwards.place(accuracy)
        dot = Dot(x, y, upwards.place(low), upwards.place(high), _SMALLEST)
        points.append(Taught(point.pictures, accuracy, low, high, dot))
    ends = _ticks(across, 0, points[-1].pictures)
    return Learning(_frame(ends, _ticks(upwards, *_round_shares(bottom))), points)


def _round_shares(bottom: float) -> list[float]:
    """From the whole downwards, in the smallest step that leaves room for the words."""
    step = next(step for step in _STEPS if step * _MOST_TICKS >= 1 - bottom)
    count = math.floor((1 - bottom) / step + 1e-9)
    return [1 - step * number for number in range(count + 1)]
