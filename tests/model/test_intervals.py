"""Are chances and intervals those of the textbooks?"""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensloop.model.intervals import (
    certain,
    chance_of_so_few,
    chance_of_so_few_drawn,
    chance_of_so_few_heads,
    wilson,
)


@pytest.mark.parametrize(
    ("right", "images", "low", "high"),
    [
        # Brown, Cai and DasGupta 2001, and any calculator of Wilson's interval.
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (9, 10, 0.5958, 0.9821),
        (50, 100, 0.4038, 0.5962),
        (14, 23, 0.4079, 0.7784),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilsons_interval(right: int, images: int, low: float, high: float) -> None:
    assert wilson(right, images) == pytest.approx((low, high), abs=5e-5)


def test_an_interval_never_leaves_what_a_share_can_be() -> None:
    for images in range(1, 60):
        assert wilson(0, images)[0] == 0
        assert wilson(images, images)[1] == 1


def exactly(right: int, images: int, share: Fraction) -> Fraction:
    return sum(
        (math.comb(images, k) * share**k * (1 - share) ** (images - k) for k in range(right + 1)),
        Fraction(0),
    )


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 19))
def test_so_few_right_ones_are_as_likely_as_the_binomial_distribution_says(
    one: int, other: int, twentieths: int
) -> None:
    right, images = sorted((one, other))
    share = Fraction(twentieths, 20)
    assert chance_of_so_few(right, images, float(share)) == pytest.approx(
        float(exactly(right, images, share)), rel=1e-9
    )


@given(st.integers(0, 60), st.integers(0, 60))
def test_of_a_coin_it_is_exact(one: int, other: int) -> None:
    heads, throws = sorted((one, other))
    assert chance_of_so_few_heads(heads, throws) == float(exactly(heads, throws, Fraction(1, 2)))


def test_a_coin_can_be_thrown_often() -> None:
    assert chance_of_so_few_heads(4900, 10_000) == pytest.approx(0.0233, abs=5e-5)


@pytest.mark.parametrize(
    ("right", "images", "share", "chance"),
    [
        (0, 10, 0.0, 1.0),  # no floor at all
        (0, 10, 1.0, 0.0),  # a floor that allows no mistake
        (9, 10, 1.0, 0.0),
        (10, 10, 1.0, 1.0),
        (0, 0, 1.0, 1.0),
        (0, 0, 0.5, 1.0),
        (69_000, 100_000, 0.7, 3e-12),
        (1_000_000, 1_000_001, 0.5, 1.0),  # rounding adds up to no more than certainty
    ],
)
def test_at_the_ends(right: int, images: int, share: float, chance: float) -> None:
    found = chance_of_so_few(right, images, share)
    assert found == pytest.approx(chance, rel=0.2)
    assert found <= 1


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_a_blind_draw_is_as_likely_as_the_hypergeometric_distribution_says(
    right: int, wrong: int, other_right: int, other_wrong: int
) -> None:
    """Fisher's test: the draw is the first two, everything all four."""
    images, all_right = right + wrong, right + other_right
    everything = images + other_right + other_wrong
    ways = sum(
        math.comb(all_right, k) * math.comb(everything - all_right, images - k)
        for k in range(min(right, images) + 1)
    )
    chance = ways / math.comb(everything, images)
    found = chance_of_so_few_drawn(right, images, all_right, everything)
    assert found == pytest.approx(chance, rel=1e-9)
    assert found <= 1


def test_fishers_tea() -> None:
    """Of eight cups the lady took two of four rightly: she may have guessed."""
    assert chance_of_so_few_drawn(2, 4, 4, 8) == pytest.approx(53 / 70)


@pytest.mark.parametrize(
    ("chances", "alpha", "found"),
    [
        ({}, 0.05, []),
        ({"a": 0.05}, 0.05, ["a"]),
        ({"a": 0.0501}, 0.05, []),
        ({"a": 0.04, "b": 0.025}, 0.05, ["b", "a"]),
        ({"a": 0.04, "b": 0.026}, 0.05, []),  # neither: the surer one is asked first
        ({"a": 0.001, "b": 0.03, "c": 0.02}, 0.05, ["a", "c", "b"]),
        ({"a": 0.001, "b": 0.04, "c": 0.026}, 0.05, ["a"]),
    ],
)
def test_of_many_questions_the_surest_are_answered_first(
    chances: dict[str, float], alpha: float, found: list[str]
) -> None:
    """Holm's own order: the smallest chance against alpha through all, the next through one less.
    With two of three found, the last has alpha for itself.
    """
    assert certain(chances, alpha) == found
