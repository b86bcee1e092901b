"""Will more pictures help? Heads taught with parts of the training pictures, all asked about the
same pictures, show how far each doubling has brought it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensloop.model.intervals import SURE, wilson

SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # of each label's training pictures
HALF = 0.5  # the part that all are compared with: one doubling
# Fewer pictures asked leave every answer open: the interval of a share is then 15 points wide.
LEAST_ASKED = 50
# What a doubling must promise for it to be worth anybody's time, as a share of all answers.
WORTH_IT = 0.005
# What it may still bring where we say that it hardly helps.
HARDLY = 0.02


@dataclass(frozen=True)
class Point:
    """`gained`: asked pictures that the head taught with all gets right and this one does not;
    `lost`: the reverse.
    """

    share: float
    pictures: int  # that it was taught with
    right: int
    gained: int
    lost: int


@dataclass(frozen=True)
class Curve:
    asked: int  # pictures that none of these heads was taught with
    points: Sequence[Point]  # the last one: taught with all

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Curve":
        return cls(content["asked"], [Point(**point) for point in content["points"]])

    def accuracy(self, point: Point) -> float:
        return point.right / self.asked

    def interval(self, point: Point) -> tuple[float, float]:
        return wilson(point.right, self.asked)

    @property
    def half(self) -> Point:
        return next(point for point in self.points if point.share == HALF)

    @property
    def whole(self) -> Point:
        return self.points[-1]


@dataclass(frozen=True)
class Outlook:
    answer: str  # yes, hardly or open
    sentence: str


def outlook(curve: Curve) -> Outlook:
    """By what the last doubling brought; both heads answered for the same pictures."""
    half, whole = curve.half, curve.whole
    seen = (
        f"taught with half of them it is right on {curve.accuracy(half):.1%} of"
        f" {curve.asked} other pictures, with all {whole.pictures} on {curve.accuracy(whole):.1%}"
    )
    brought = half.gained - half.lost
    luck = SURE * math.sqrt(half.gained + half.lost)
    if curve.asked < LEAST_ASKED:
        return Outlook(
            "open",
            f"That cannot be told: there are only {curve.asked} pictures to ask about, and"
            f" {LEAST_ASKED} are needed.",
        )
    promised = _next_doubling(curve) if brought > luck else 0.0
    if promised >= WORTH_IT:
        return Outlook(
            "yes",
            f"Yes: {seen}. Twice as many may bring about {100 * promised:.1f} points more.",
        )
    if brought > luck or brought + luck <= HARDLY * curve.asked:
        return Outlook(
            "hardly",
            f"Hardly: {seen}. More of the same would change little; pictures like those that it"
            " gets wrong, and right labels, help more.",
        )
    return Outlook("open", f"Perhaps: {seen}. That is within what chance makes of so few pictures.")


def _next_doubling(curve: Curve) -> float:
    """What it would bring if it takes away the same part of what is wrong as the last one: such
    curves fall by a power of the number of pictures (Hestness et al. 2017).
    """
    before, now = curve.asked - curve.half.right, curve.asked - curve.whole.right
    return now * (1 - now / before) / curve.asked
