"""Splits are stable, fair to every label, and no near-duplicate straddles two of them."""

import random
import time
from collections import Counter
from itertools import combinations

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from lensloop.dataset.near_duplicates import DISTANCES, components, near_pairs
from lensloop.dataset.rows import Row
from lensloop.dataset.split import SPLITS, TEST, TRAIN, VALIDATION, Placed, by_hash, place


def row(number: int, label: str = "glass", phash: int | None = None, split: str = "") -> Row:
    dice = random.Random(number)
    sha256 = dice.randbytes(32).hex()
    value = dice.getrandbits(64) if phash is None else phash
    return Row(
        f"images/{label}/{number}.jpg", "e", 1, sha256, label, split, 64, 64, f"{value:016x}"
    )


def after(rows: list[Row], placed: Placed) -> list[Row]:
    return [
        r._replace(split=r.split or placed.splits[r.sha256])
        for r in rows
        if r.sha256 not in placed.torn
    ]


def grown(batches: list[list[Row]], min_test: int = 2) -> list[Row]:
    rows: list[Row] = []
    for batch in batches:
        rows = after(rows + batch, place(rows + batch, min_test))
    return rows


def leaks(rows: list[Row], among: set[str], distance: int) -> int:
    """Pairs with a picture of `among` that look alike and are in two splits."""
    return sum(
        (int(a.phash, 16) ^ int(b.phash, 16)).bit_count() <= distance and a.split != b.split
        for a, b in combinations(rows, 2)
        if a.sha256 in among or b.sha256 in among
    )


def test_the_hash_alone_gives_sixty_twenty_twenty() -> None:
    counts = Counter(by_hash(row(number).sha256) for number in range(20_000))
    assert counts[TRAIN] == pytest.approx(12_000, rel=0.02)
    assert counts[VALIDATION] == pytest.approx(4_000, rel=0.04)
    assert counts[TEST] == pytest.approx(4_000, rel=0.04)


# Few distinct hashes and small steps between them make chains, bridges and doubles likely.
HASHES = st.builds(
    lambda base, flips: base ^ sum(1 << flip for flip in set(flips)),
    st.sampled_from([0, 0xFFFF0000FFFF0000, 0x0123456789ABCDEF]),
    st.lists(st.integers(0, 15), max_size=9),
)
BATCHES = st.lists(
    st.lists(st.tuples(HASHES, st.sampled_from(["glass", "paper"])), max_size=12), max_size=5
)


@settings(max_examples=200, deadline=None)
@given(BATCHES)
@example(
    [
        [(0xFFFF0000FFFF0000 ^ 0x7F, "glass"), (0xFFFF0000FFFF0000, "glass")],
        [(0xFFFF0000FFFF0000 ^ bit, "paper") for bit in (0x40, 0x1000, 0x6000, 0x8000, 0x7)],
        [(0xFFFF0000FFFF0000, "paper")],
    ]
)
def test_no_near_duplicates_straddle_splits_and_no_placed_picture_ever_moves(
    batches: list[list[tuple[int, str]]],
) -> None:
    rows: list[Row] = []
    number = 0
    for batch in batches:
        new = []
        for value, label in batch:
            new.append(row(number, label, value))
            number += 1
        before = {r.sha256: r.split for r in rows}
        placed = place(rows + new, min_test=2)
        rows = after(rows + new, placed)
        assert leaks(rows, {r.sha256 for r in new}, placed.distance) == 0
        assert len(placed.torn) <= 5 + 0.02 * len(new)
        assert all(before[r.sha256] == r.split for r in rows if r.sha256 in before)
        assert {r.split for r in rows} <= set(SPLITS)


def test_a_picture_between_two_splits_is_left_out_with_both() -> None:
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0xFFF, split=TEST)
    between = row(3, phash=0x3F)
    placed = place([train, test, between], min_test=0)
    assert set(placed.torn[between.sha256]) == {train, test}


def test_the_twin_of_a_placed_picture_is_torn_where_that_one_resembles_another_split() -> None:
    """Two near-duplicates may lie in two splits, if likeness said nothing when they came."""
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0b111, split=TEST)
    for twin in (row(3, phash=0), row(4, phash=0b111)):
        placed = place([train, test, twin], min_test=0)
        assert set(placed.torn[twin.sha256]) == {train, test}
        assert placed.splits == {}


def test_what_only_a_torn_picture_connects_is_placed_by_its_hash() -> None:
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0xFFF, split=TEST)
    between, beyond = row(3, phash=0x3F), row(4, phash=0x3F | 0x3F << 20)
    placed = place([train, test, between, beyond], min_test=0)
    assert set(placed.torn) == {between.sha256}
    assert placed.splits == {beyond.sha256: by_hash(beyond.sha256)}


def test_near_duplicates_are_listed_with_what_they_resemble() -> None:
    old, twin, near = row(1, phash=0, split=TEST), row(2, phash=0), row(3, phash=0b11)
    alone, copy = row(4, phash=0xFF << 40), row(5, phash=0xFF << 40)
    placed = place([old, twin, near, alone, copy], min_test=0)
    assert placed.alike == [(twin, old), (copy, alone), (twin, near)]
    assert placed.distance == DISTANCES[0]


def test_a_newcomer_joins_the_split_of_what_it_resembles() -> None:
    for split in SPLITS:
        old = row(1, phash=0, split=split)
        chain = [row(2, phash=0b111111), row(3, phash=0b111111_111111)]
        assert set(place([old, *chain], min_test=0).splits.values()) == {split}


@pytest.mark.parametrize("count", [5, 9, 10, 11, 20, 50])
def test_every_label_gets_test_and_validation_pictures_as_soon_as_it_has_enough(count: int) -> None:
    for seed in range(50):
        rows = grown([[row(1000 * seed + number) for number in range(count)]])
        splits = Counter(r.split for r in rows)
        assert splits[TEST] >= min(2, count // 5)
        assert splits[VALIDATION] >= min(2, count // 5)
        assert splits[TRAIN] >= count // 2


def test_a_label_that_grows_one_by_one_gets_its_test_pictures_too() -> None:
    for seed in range(300):
        splits = Counter(
            r.split for r in grown([[row(100 * seed + number)] for number in range(10)])
        )
        assert splits[TEST] >= 2
        assert splits[VALIDATION] >= 2
        assert splits[TRAIN] >= 5


def test_adding_pictures_of_one_label_moves_none_of_another() -> None:
    first = grown([[row(number, "glass") for number in range(40)]])
    more = grown([first, [row(100 + number, "paper") for number in range(40)]])
    assert {r.sha256: r.split for r in more if r.label == "glass"} == {
        r.sha256: r.split for r in first
    }


@settings(max_examples=100, deadline=None)
@given(st.sets(HASHES, max_size=40), st.sets(HASHES, max_size=40), st.sampled_from([*DISTANCES, 7]))
def test_near_pairs_are_those_of_comparing_all_with_all(
    new: set[int], old: set[int], distance: int
) -> None:
    old -= new
    expected = {
        frozenset((a, b))
        for a, b in combinations(new | old, 2)
        if {a, b} & new and (a ^ b).bit_count() <= distance
    }
    pairs = near_pairs(sorted(new), sorted(old), distance)
    assert pairs is not None
    found = [frozenset(pair) for pair in pairs]
    assert set(found) == expected
    assert len(found) == len(expected)


def fixed_camera(number: int) -> Row:
    """Different things before the same background: their hashes differ in a few of the same 14
    bits.
    """
    return row(number, phash=random.Random(number).getrandbits(14))


def test_a_fixed_camera_whose_pictures_all_look_alike_is_still_split_and_told() -> None:
    rows = [fixed_camera(number) for number in range(2000)]
    placed = place(rows, min_test=2)
    counts = Counter(placed.splits.values())
    assert placed.distance < DISTANCES[0]
    assert not placed.torn
    assert 0.5 < counts[TRAIN] / 2000 < 0.7
    assert counts[TEST] > 200


def test_pictures_of_a_fixed_camera_that_come_one_by_one_are_nearly_all_used() -> None:
    rows = after(start := [fixed_camera(number) for number in range(300)], place(start, min_test=2))
    waiting: list[Row] = []
    for number in range(1000, 1060):
        waiting.append(fixed_camera(number))
        placed = place(rows + waiting, min_test=2)
        rows, waiting = (
            after(rows + waiting, placed),
            [r for r in waiting if r.sha256 in placed.torn],
        )
    assert len(waiting) <= 6


def test_likeness_that_is_everywhere_is_noticed_in_seconds() -> None:
    started = time.process_time()
    assert near_pairs(range(1 << 15), [], DISTANCES[0]) is None
    assert time.process_time() - started < 5


def test_groups_reach_over_chains() -> None:
    assert components([1, 2, 3, 4], [(1, 2), (2, 3)]) == [[1, 2, 3], [4]]
