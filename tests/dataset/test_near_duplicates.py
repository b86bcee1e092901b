"""Near pairs are found, all of them and only them, until there are too many to mean anything."""

from itertools import combinations, pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from lensloop.dataset import near_duplicates
from lensloop.dataset.near_duplicates import DISTANCES, components, near_pairs, plausible
from tests.dataset.test_split import HASHES


@settings(max_examples=100, deadline=None)
@given(st.sets(HASHES, max_size=40), st.sets(HASHES, max_size=40), st.sampled_from([*DISTANCES, 7]))
def test_near_pairs_are_those_of_comparing_all_with_all(
    new: set[int], old: set[int], distance: int
) -> None:
    old -= new
    expected = set()
    for a, b in combinations(new | old, 2):
        if {a, b} & new and (a ^ b).bit_count() <= distance:
            expected.add(frozenset((a, b)))
    pairs = near_pairs(sorted(new), sorted(old), distance)
    assert pairs is not None
    found = [frozenset(pair) for pair in pairs]
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("quarter", [0, 16, 32, 48])
@pytest.mark.parametrize("bit", range(16))
def test_one_quarter_that_differs_in_one_bit_is_enough(quarter: int, bit: int) -> None:
    """The other three differ in two bits each, so only this quarter can find the pair."""
    one = 0x0123_4567_89AB_CDEF
    other = one ^ 1 << quarter + bit
    for elsewhere in {0, 16, 32, 48} - {quarter}:
        other ^= 0b101 << elsewhere
    assert near_pairs([one], [other], 7) == [(one, other)]
    assert near_pairs([other], [one], 7) == [(other, one)]
    assert near_pairs([one, other], [], 7) == [(one, other)]
    assert near_pairs([one], [other], 6) == []


def test_what_is_further_apart_than_quarters_find_is_not_asked_for() -> None:
    assert near_pairs([0], [0b1111111], 7) == [(0, 0b1111111)]
    with pytest.raises(ValueError, match=r"^quarters find distances up to 7$"):
        near_pairs([], [], 8)


def limits(monkeypatch: pytest.MonkeyPatch, always: int, pairs: int, looks: int) -> None:
    monkeypatch.setattr(near_duplicates, "_ALWAYS", always)
    monkeypatch.setattr(near_duplicates, "_PAIRS_EACH", pairs)
    monkeypatch.setattr(near_duplicates, "_LOOKS_EACH", looks)


@pytest.mark.parametrize(("always", "each"), [(0, 1), (1, 1), (3, 0)])
def test_more_pairs_than_the_newcomers_may_have_are_none(
    monkeypatch: pytest.MonkeyPatch, always: int, each: int
) -> None:
    limits(monkeypatch, always, each, 1000)
    allowed = always + 2 * each
    old = [1 << 32 + bit for bit in range(allowed // 2)]
    new = [0, 0b1111 << 60]
    pairs = near_pairs(new, old, 1)
    assert pairs is not None
    assert len(pairs) == allowed // 2
    enough = [1 << 32 + bit for bit in range(allowed)]
    assert near_pairs(new, enough, 1) is not None
    assert near_pairs(new, [1 << 32 + bit for bit in range(allowed + 1)], 1) is None


@pytest.mark.parametrize(("always", "each", "looks"), [(0, 10, 30), (1, 3, 109), (2, 0, 200)])
def test_more_looks_than_the_newcomers_may_cost_are_none(
    monkeypatch: pytest.MonkeyPatch, always: int, each: int, looks: int
) -> None:
    """The first quarter of all is the same and the others differ much: each is looked at in vain,
    by the newcomers that come after it and by the old ones.
    """
    limits(monkeypatch, always, 10, each)
    new = [0x00FF_00FF_00FF, 0xFF00_FF00_FF00, 0x55AA_55AA_55AA]
    among_new = 1 + 2
    affordable = (looks - among_new) // len(new)
    old = [0x3333_0000_5A5A + (0x0101_0000 * number) for number in range(affordable + 1)]
    assert near_pairs(new, old[:-1], 1) == []
    assert near_pairs(new, old, 1) is None


def test_the_limits_are_those_that_were_measured() -> None:
    assert (near_duplicates._PAIRS_EACH, near_duplicates._LOOKS_EACH) == (10, 2000)
    assert near_duplicates._ALWAYS == 100_000
    assert DISTANCES == (6, 4, 2)


@pytest.mark.parametrize(
    ("largest", "total", "possible"),
    [(50, 51, True), (51, 51, False), (51, 509, False), (51, 510, True), (100, 1000, True)],
)
def test_a_group_may_have_fifty_pictures_or_a_tenth_of_all(
    largest: int, total: int, possible: bool
) -> None:
    assert plausible(largest, total) is possible


@pytest.mark.parametrize(
    ("members", "pairs", "groups"),
    [
        ([], [], []),
        ([2, 1], [], [[1], [2]]),
        ([1, 2, 3, 4], [(1, 2), (2, 3)], [[1, 2, 3], [4]]),
        ([4, 3, 2, 1], [(4, 2), (3, 1), (1, 2)], [[1, 2, 3, 4]]),
        ([1, 2, 5, 6], [(6, 1), (5, 2)], [[1, 6], [2, 5]]),
        # What is no member connects nothing.
        ([1, 2], [(1, 9), (9, 2)], [[1], [2]]),
        ([1, 2, 3], [(9, 1), (1, 2), (1, 2), (2, 1)], [[1, 2], [3]]),
    ],
)
def test_groups_reach_over_chains(
    members: list[int], pairs: list[tuple[int, int]], groups: list[list[int]]
) -> None:
    assert components(members, pairs) == groups


def test_a_long_chain_is_one_group() -> None:
    members = list(range(3000))
    assert components(members, pairwise(members)) == [members]
    assert components(members, pairwise(reversed(members))) == [members]
