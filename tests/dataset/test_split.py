"""Splits are stable, fair to every label, and no near-duplicate straddles two of them."""

import hashlib
import hmac
import random
import time
from collections import Counter
from itertools import combinations, islice

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from lensloop.dataset.near_duplicates import DISTANCES, near_pairs
from lensloop.dataset.rows import Row
from lensloop.dataset.split import SPLITS, TEST, TRAIN, VALIDATION, Placed, by_hash, place


def row(number: int, label: str = "glass", phash: int | None = None, split: str = "") -> Row:
    rng = random.Random(number)
    sha256 = rng.randbytes(32).hex()
    value = rng.getrandbits(64) if phash is None else phash
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


@pytest.mark.parametrize(
    ("sha256", "split"),
    [
        ("0" * 64, TRAIN),
        ("9" * 13 + "f" * 51, TRAIN),
        ("9" * 12 + "a" + "0" * 51, VALIDATION),
        ("c" * 13 + "f" * 51, VALIDATION),
        ("c" * 12 + "d" + "0" * 51, TEST),
        ("f" * 64, TEST),
    ],
)
def test_the_first_six_tenths_train_and_the_last_two_test(sha256: str, split: str) -> None:
    assert by_hash(sha256) == split


def test_under_a_key_nobody_can_choose_a_side_by_choosing_bytes() -> None:
    """Contents that would all be test pictures are spread like any others, and otherwise under
    another key; the same key gives the same sides again.
    """
    chosen = [sha for n in range(10_000) if by_hash(sha := row(n).sha256) == TEST]
    counts = Counter(by_hash(sha, "a secret") for sha in chosen)
    assert counts[TRAIN] / len(chosen) == pytest.approx(0.6, abs=0.04)
    assert counts[TEST] / len(chosen) == pytest.approx(0.2, abs=0.04)
    sides = [[by_hash(sha, key) for sha in chosen] for key in ("a secret", "a secret", "another")]
    assert sides[0] == sides[1] != sides[2]
    assert by_hash(row(1).sha256, "") == by_hash(row(1).sha256)


def test_the_key_decides_wherever_nothing_else_does() -> None:
    rows = [row(n) for n in range(300)]
    expected = {each.sha256: by_hash(each.sha256, "secret") for each in rows}
    placed = place(rows, min_test=0, key="secret")
    moved = sum(placed.splits[sha] != side for sha, side in expected.items())
    assert moved <= 3  # near-duplicates by chance, and what helps a label out
    assert place(rows, min_test=0).splits != placed.splits


def test_the_key_decides_who_helps_a_label_out_too() -> None:
    """So nobody who knows how few test pictures a label gets can choose them."""
    key = "secret"
    rows = [each for n in range(99) if by_hash((each := row(n)).sha256, key) == TRAIN][:10]

    def keyed(each: Row) -> str:
        return hmac.new(key.encode(), each.sha256.encode(), hashlib.sha256).hexdigest()

    nearest = [each.sha256 for each in sorted(rows, key=keyed, reverse=True)]
    splits = place(rows, min_test=2, key=key).splits
    assert [splits[sha] for sha in nearest] == [TEST] * 2 + [VALIDATION] * 2 + [TRAIN] * 6


def test_a_picture_that_has_its_place_keeps_it_under_any_key() -> None:
    """So a project that is older than its key keeps its test pictures."""
    rows = [row(n) for n in range(100)]
    old = after(rows, place(rows, min_test=0))
    placed = place(old, min_test=0, key="made later")
    assert after(old, placed) == old
    assert placed.splits == {}


def test_the_splits_have_the_names_that_manifests_have() -> None:
    assert (TRAIN, VALIDATION, TEST) == SPLITS == ("train", "validation", "test")


# What resembles something


def test_a_hash_is_sixteen_digits_of_sixteen_kinds() -> None:
    for split in SPLITS:
        old = row(1, phash=0xFEDC_BA98_7654_3210, split=split)
        near = row(3, phash=0xFEDC_BA98_7654_3213)
        assert place([near], 0, waiting=[old]).splits == {near.sha256: split}
        assert place([near, old], 0).splits == {near.sha256: split}


def test_a_torn_twin_does_not_hide_what_it_is_the_twin_of() -> None:
    train, test, twin = (
        row(1, phash=0, split=TRAIN),
        row(2, phash=0x3F, split=TEST),
        row(3, phash=0),
    )
    for number in range(10, 20):
        near = row(number, phash=0b1111 << 20)
        for newcomers in ([twin, near], [near, twin]):
            placed = place([train, test, *newcomers], min_test=0)
            assert set(placed.torn) == {twin.sha256}
            assert placed.splits == {near.sha256: TRAIN}


def test_every_twin_is_listed_with_the_picture_whose_hash_it_has() -> None:
    old = [row(number, split=TRAIN) for number in (1, 2)]
    twins = [row(10 + n, phash=int(picture.phash, 16)) for n, picture in enumerate(old)]
    assert place([*old, *twins], min_test=0).alike == list(zip(twins, old, strict=True))


def test_a_newcomer_joins_what_waits_as_it_joins_what_counts() -> None:
    for split in SPLITS:
        old = row(1, phash=0, split=split)
        twin, near = row(2, phash=0), row(3, phash=0b111111)
        placed = place([twin, near], 0, waiting=[old])
        assert placed.splits == {twin.sha256: split, near.sha256: split}
        assert placed.alike == [(twin, old), (twin, near)]
        assert place([near], 0, waiting=[old]).alike == [(near, old)]


def test_seven_bits_are_no_likeness() -> None:
    for number in range(10):
        old, new = row(1, phash=0, split=TRAIN), row(number + 20, phash=0b1111111)
        placed = place([old, new], min_test=0)
        assert placed == ({new.sha256: by_hash(new.sha256)}, {}, [], 6)


def test_a_newcomer_that_joined_one_split_keeps_its_neighbours_from_another() -> None:
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0x3FFFF, split=TEST)
    first, second = row(3, phash=0x3F), row(4, phash=0xFFF)
    placed = place([train, test, first, second], min_test=0)
    assert placed.splits == {first.sha256: TRAIN}
    assert placed.torn == {second.sha256: (test, first._replace(split=TRAIN))}


def test_twins_are_torn_together() -> None:
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0xFFF, split=TEST)
    twins = [row(3, phash=0x3F), row(4, phash=0x3F)]
    placed = place([train, test, *twins], min_test=0)
    assert {sha256: set(sides) for sha256, sides in placed.torn.items()} == {
        twin.sha256: {train, test} for twin in twins
    }
    assert placed.splits == {}


def test_what_lies_beyond_a_torn_picture_stays_together() -> None:
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0xFFF, split=TEST)
    between = row(3, phash=0x3F)
    for number in range(10, 20):
        near, far = row(number, phash=0x3F | 0x3F << 20), row(number + 50, phash=0x3F | 0xFFF << 20)
        placed = place([train, test, between, near, far], min_test=0)
        split = by_hash(far.sha256)
        assert placed.splits == {near.sha256: split, far.sha256: split}


def six_of_twelve(count: int) -> list[Row]:
    """Each differs in six bits from 0 and from 0xFFF."""
    found: list[Row] = []
    for bits in islice(combinations(range(12), 6), count):
        found.append(row(500 + len(found), phash=sum(1 << bit for bit in bits)))
    return found


@pytest.mark.parametrize(
    ("between", "unlike", "twins", "distance"),
    [
        (5, 0, 0, 6),
        (6, 0, 0, 4),
        (6, 43, 0, 4),
        (6, 44, 0, 6),
        (6, 43, 1, 4),
        (7, 93, 0, 6),
        (7, 92, 5, 4),
    ],
)
def test_five_may_be_torn_and_two_in_a_hundred_of_what_is_new(
    between: int, unlike: int, twins: int, distance: int
) -> None:
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0xFFF, split=TEST)
    beside = row(3, split=TRAIN)
    new = [row(1000 + number) for number in range(unlike)]
    new += [row(5000 + number, phash=int(beside.phash, 16)) for number in range(twins)]
    placed = place([train, test, beside, *six_of_twelve(between), *new], min_test=0)
    assert placed.distance == distance
    assert len(placed.torn) == (between if distance == 6 else 0)


@pytest.mark.parametrize(
    ("alike", "unlike", "distance"), [(50, 0, 6), (51, 0, 0), (51, 458, 0), (51, 459, 6)]
)
def test_a_group_of_more_than_fifty_and_a_tenth_is_no_likeness(
    alike: int, unlike: int, distance: int
) -> None:
    same = [row(number, phash=7) for number in range(alike)]
    near = row(500, phash=0) if alike + unlike < 51 else row(500, split=TRAIN)
    others = [row(1000 + number) for number in range(unlike)]
    placed = place([*same, *others, near][: alike + unlike], min_test=0)
    assert placed.distance == distance
    assert placed.alike == [(picture, same[0]) for picture in same[1:]]
    assert len({placed.splits[picture.sha256] for picture in same}) == 1


def test_where_likeness_says_nothing_only_the_very_same_hash_does() -> None:
    """Four groups of near-duplicates that are one at every distance, and too large a one."""
    groups = [[row(100 * bit + n, phash=1 << bit) for n in range(15)] for bit in range(4)]
    rows = [picture for group in groups for picture in group]
    placed = place(rows, min_test=0)
    assert placed.distance == 0
    assert placed.torn == {}
    assert placed.alike == [(picture, group[0]) for group in groups for picture in group[1:]]
    for group in groups:
        assert len({placed.splits[picture.sha256] for picture in group}) == 1


# What a label has at least


def hashed(number: int, start: str, label: str = "glass", phash: int | None = None) -> Row:
    """The hash of its content begins so: 0 trains, a tunes, f tests."""
    made = row(number, label, phash)
    return made._replace(sha256=start + made.sha256[len(start) :])


def counts(placed: Placed) -> tuple[int, int, int]:
    splits = Counter(placed.splits.values())
    return splits[TRAIN], splits[VALIDATION], splits[TEST]


@pytest.mark.parametrize(
    ("count", "min_test", "least"),
    [
        (3, 2, 0),
        (4, 2, 1),
        (8, 2, 1),
        (9, 2, 2),
        (10, 0, 2),
        (14, 0, 2),
        (17, 0, 3),
        (20, 0, 3),
        (20, 4, 4),
        (40, 0, 6),
        (40, 9, 8),
        (100, 0, 15),
        (100, 18, 18),
        (100, 30, 20),
    ],
)
def test_of_a_label_that_would_only_train_some_tune_and_some_test(
    count: int, min_test: int, least: int
) -> None:
    rows = [hashed(number, "0") for number in range(count)]
    assert counts(place(rows, min_test)) == (count - 2 * least, least, least)


@pytest.mark.parametrize(("count", "least"), [(1, 0), (2, 0), (3, 0), (5, 1), (20, 3), (21, 3)])
def test_half_of_a_label_that_would_only_test_trains(count: int, least: int) -> None:
    rows = [hashed(number, "f") for number in range(count)]
    assert counts(place(rows, 0)) == (count // 2, least, count - least - count // 2)


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [(3, 3, (1, 0, 2)), (2, 4, (1, 0, 2)), (4, 2, (0, 0, 3)), (5, 1, (0, 1, 2))],
)
def test_no_split_is_taken_below_its_own_floor(
    train: int, validation: int, expected: tuple[int, int, int]
) -> None:
    """Nine pictures, three of them new: two must tune, two test and four train."""
    old = [row(number, split=TRAIN) for number in range(train)]
    old += [row(50 + number, split=VALIDATION) for number in range(validation)]
    new = [hashed(100 + number, "f") for number in range(3)]
    assert counts(place([*old, *new], min_test=2)) == expected


def test_what_joined_a_placed_picture_counts_for_its_label() -> None:
    old = row(1, phash=0, split=TEST)
    near = [row(10 + bit, phash=1 << bit) for bit in range(3)]
    new = [hashed(100 + number, "0") for number in range(10)]
    placed = place([old, *near, *new], min_test=0)
    assert [placed.splits[picture.sha256] for picture in near] == [TEST] * 3
    assert counts(placed) == (8, 2, 3)


def test_those_whose_hash_lies_nearest_to_the_tests_end_help_out_first() -> None:
    starts = ["3", "1", "5", "2", "4"]
    rows = {start: hashed(int(start), start) for start in starts}
    placed = place(list(rows.values()), min_test=1)
    found = {start: placed.splits[rows[start].sha256] for start in starts}
    assert found == {"1": TRAIN, "2": TRAIN, "3": TRAIN, "4": VALIDATION, "5": TEST}


def test_small_groups_help_out_before_large_ones() -> None:
    pair = [hashed(1, "5", phash=0), hashed(2, "5", phash=1)]
    alone = [hashed(3, "2"), hashed(4, "1"), hashed(5, "3")]
    placed = place([*pair, *alone], min_test=1)
    assert [placed.splits[picture.sha256] for picture in pair] == [TRAIN, TRAIN]
    assert [placed.splits[picture.sha256] for picture in alone] == [VALIDATION, TRAIN, TEST]


def test_a_group_goes_as_a_whole_and_where_its_smallest_hash_goes() -> None:
    for one, other in (("0", "f"), ("f", "0")):
        group = [hashed(1, one, phash=0), hashed(2, other, phash=1)]
        placed = place([*group, hashed(3, "0"), hashed(4, "0")], min_test=0)
        assert [placed.splits[picture.sha256] for picture in group] == [TRAIN, TRAIN]
    pairs = []
    for number in range(0, 8, 2):
        phash = 0xFF << 2 * number
        pairs += [hashed(number, "0", phash=phash), hashed(number + 1, "1", phash=phash ^ 1)]
    placed = place(pairs, min_test=0)
    assert counts(placed) == (4, 2, 2)
    assert all(
        placed.splits[one.sha256] == placed.splits[other.sha256]
        for one, other in zip(pairs[::2], pairs[1::2], strict=True)
    )


def test_a_group_of_two_labels_helps_neither_out() -> None:
    rows = []
    for number in range(0, 20, 2):
        rows += [
            hashed(number, "0", phash=0b11 << number),
            hashed(number + 1, "0", "tin", 0b11 << number),
        ]
    far = [picture._replace(phash=f"{0xFFF << 5 * n:016x}") for n, picture in enumerate(rows[::2])]
    mixed = []
    for glass, tin in zip(far, rows[1::2], strict=True):
        mixed += [glass, tin._replace(phash=glass.phash)]
    assert counts(place(mixed, min_test=2)) == (20, 0, 0)
    glass_alone = counts(place(far, min_test=2))
    assert glass_alone == (6, 2, 2)


def test_labels_are_helped_out_each_for_itself() -> None:
    glass = [hashed(number, "0") for number in range(10)]
    tin = [hashed(100 + number, "f", "tin") for number in range(10)]
    placed = place([*glass, *tin], min_test=2)
    of_glass = Counter(placed.splits[picture.sha256] for picture in glass)
    of_tin = Counter(placed.splits[picture.sha256] for picture in tin)
    assert of_glass == {TRAIN: 6, VALIDATION: 2, TEST: 2}
    assert of_tin == {TRAIN: 5, VALIDATION: 2, TEST: 3}


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


def test_a_picture_between_two_splits_is_torn() -> None:
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


@pytest.mark.parametrize("key", ["", *(f"secret {n}" for n in range(9))])
def test_what_only_a_torn_picture_connects_is_placed_by_its_hash(key: str) -> None:
    train, test = row(1, phash=0, split=TRAIN), row(2, phash=0xFFF, split=TEST)
    between, beyond = row(3, phash=0x3F), row(4, phash=0x3F | 0x3F << 20)
    placed = place([train, test, between, beyond], min_test=0, key=key)
    assert set(placed.torn) == {between.sha256}
    assert placed.splits == {beyond.sha256: by_hash(beyond.sha256, key)}


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


def fixed_camera(number: int) -> Row:
    """Different things before the same background:
    their hashes differ in a few of the same 14 bits.
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
