"""Which pictures' files does a training job need?"""

import hashlib
from collections import Counter

import pytest

from lensloop.dataset.fetched import Fetched, to_fetch
from lensloop.dataset.kept_features import KeptFeatures
from lensloop.dataset.rows import Row

MB = 10**6


def row(number: int, split: str = "train", label: str = "can", size: int = MB) -> Row:
    sha256 = hashlib.sha256(f"{label} {number}".encode()).hexdigest()
    return Row(f"images/{label}/{number:03d}.jpg", "e", size, sha256, label, split)


def rows(count: int, split: str = "train", label: str = "can") -> list[Row]:
    return [row(number, split, label) for number in range(count)]


def contents(kept: list[Row]) -> set[bytes]:
    return {bytes.fromhex(row.sha256) for row in kept}


def by_both(kept: list[Row], golden: int = 12) -> KeptFeatures:
    """By the algorithm's backbone, which the live model has too; and golden pictures of the first
    ones.
    """
    first = {row.sha256 for row in kept if row.split == "test"}
    return KeptFeatures(contents(kept), contents(kept), sorted(first)[:golden])


def fetched(
    data: list[Row],
    kept: KeptFeatures,
    epoch: int = 1,
    least_gb: int = 1,
    algorithm: str = "head",
) -> Fetched:
    return to_fetch(data, kept, epoch, least_gb, algorithm)


def test_where_nothing_is_kept_every_picture_is_fetched() -> None:
    data = rows(5) + rows(3, "test", "jar")
    assert fetched(data, KeptFeatures()).rows == data


def test_of_kept_pictures_a_few_come_to_be_checked_another_few_in_each_run() -> None:
    data = [*rows(200), *rows(40, "test", "jar")]
    old, new = data[:-20], data[-20:]
    of_runs = []
    for epoch in range(1, 9):
        found = fetched(data, by_both(old), epoch).rows
        assert [row for row in found if row in new] == new
        checked = frozenset(row.key for row in found if row in old)
        assert 1 <= len(checked) <= 3
        of_runs.append(checked)
    assert len(set(of_runs)) > 5
    assert fetched(data, by_both(old), 1).rows == fetched(data, by_both(old), 1).rows


def test_no_list_is_ever_empty() -> None:
    """SageMaker refuses one that names nothing."""
    data = rows(14, "test")
    assert fetched(data, by_both(data)).rows


def test_a_new_picture_is_fetched_whatever_its_split() -> None:
    data = [row(1), row(2, "validation"), row(3, "test")]
    assert fetched(data, KeptFeatures()).rows == data


def test_test_pictures_that_the_live_models_backbone_has_not_seen_are_fetched() -> None:
    data = [*rows(50), *rows(30, "test", "jar"), *rows(30, "validation", "lid")]
    seen = by_both(data)
    kept = KeptFeatures(seen.pictures, contents(data[:60]), seen.golden)
    found = {row.key for row in fetched(data, kept).rows}
    assert {row.key for row in data[60:80]} <= found
    assert len(found) <= 20 + 3


# How many golden pictures are kept of two of three labels, and how many more of each then come.
ENOUGH = [((4, 4), {}), ((3, 4), {"can": 8}), ((0, 9), {"can": 8}), ((0, 0), {"can": 8, "jar": 8})]


@pytest.mark.parametrize(("golden", "candidates"), ENOUGH)
def test_small_test_pictures_come_of_each_label_of_which_too_few_golden_ones_are_kept(
    golden: tuple[int, int], candidates: dict[str, int]
) -> None:
    tests = {label: rows(10, "test", label) for label in ("can", "jar")}
    data = [*rows(3000, label="lid"), *tests["can"], *tests["jar"]]
    kept = [row for count, of in zip(golden, tests.values(), strict=True) for row in of[:count]]
    seen = by_both(data)
    found = fetched(
        data, KeptFeatures(seen.pictures, seen.by_live, [row.sha256 for row in kept])
    ).rows
    come = Counter(row.label for row in found if row.split == "test")
    assert come == candidates


def test_of_very_many_labels_the_candidates_are_not_very_many_more() -> None:
    data = [row(number, "test", f"label {label}") for label in range(1500) for number in range(4)]
    found = fetched(data, KeptFeatures(contents(data), contents(data))).rows
    assert 4000 <= len(found) <= 4000 + 3
    assert len({row.label for row in found}) == 1500


def test_golden_candidates_are_the_smallest_the_labels_taking_turns() -> None:
    sizes = (9, 1, 5, 3)
    big = [row(n, "test", "can", MB * sizes[n % 4] + n) for n in range(40)]
    data = [*rows(4000, label="lid"), *big, *(row(n, "test", "jar") for n in range(3))]
    kept = KeptFeatures(contents(data), contents(data))
    found = [row for row in fetched(data, kept).rows if row.split == "test"]
    smallest = sorted(big, key=lambda row: row.size)[:8]
    assert {row.key for row in smallest} <= {row.key for row in found}
    assert sum(row.label == "jar" for row in found) == 3
    assert 8 + 3 <= len(found) <= 8 + 3 + 3  # a few more come to be checked


def test_a_golden_picture_of_another_split_or_of_no_picture_here_does_not_count() -> None:
    data = [*rows(30), *rows(3, "test", "jar")]
    strange = [row.sha256 for row in data[:30]] + ["f" * 64] * 30
    kept = KeptFeatures(contents(data), contents(data), strange)
    assert sum(row.split == "test" for row in fetched(data, kept).rows) == 3


SIZES = {
    "nothing to speak of": (1, 1, 0, 11, 11),
    "the least is a person's": (1, 30, 0, 30, 30),
    "ten thousand photographs": (10_000, 1, 0, 51, 51),
    "what is kept": (1, 1, 4 * 10**9, 23, 23),
    "what will be kept of very many": (62_500, 1, 0, 263, 263),
    "and of one more": (62_501, 1, 0, 264, 264),
}


@pytest.mark.parametrize(
    ("count", "least", "cache", "volume", "everything"), SIZES.values(), ids=SIZES.keys()
)
def test_the_disk_follows_from_the_bytes(
    count: int, least: int, cache: int, volume: int, everything: int
) -> None:
    data = [row(number, size=4 * MB) for number in range(count)]
    found = fetched(data, KeptFeatures(bytes=cache), least_gb=least)
    assert (found.bytes, found.volume_gb, found.everything_gb) == (
        count * 4 * MB,
        volume,
        everything,
    )


# The GB for 10,000 small pictures, of which a share is for the test: 3 backbones of 48 kB each, and
# where the network itself is taught, 1.6 MB of what is learnt from.
OF_ALGORITHMS = {
    "head": ("head", 0.0, 11),
    "SageMaker's own": ("image-classification", 0.0, 11),
    "all are taught": ("finetune", 0.0, 28),
    "half are for the test": ("finetune", 0.5, 20),
}


@pytest.mark.parametrize(
    ("algorithm", "tests", "volume"), OF_ALGORITHMS.values(), ids=OF_ALGORITHMS.keys()
)
def test_the_disk_follows_from_what_the_algorithm_writes(
    algorithm: str, tests: float, volume: int
) -> None:
    splits = ["test" if number < 10_000 * tests else "train" for number in range(10_000)]
    data = [row(number, split, size=1) for number, split in enumerate(splits)]
    found = fetched(data, KeptFeatures(), algorithm=algorithm)
    assert (found.volume_gb, found.everything_gb) == (volume, volume)


def test_the_disk_of_a_job_with_everything_is_for_everything() -> None:
    data = [row(number, size=4 * MB) for number in range(10_000)]
    found = fetched(data, by_both(data[1:]))
    assert (found.volume_gb, found.everything_gb) == (11, 51)
    assert found.bytes == sum(row.size for row in found.rows) < 30 * 4 * MB


def test_the_pictures_to_be_checked_are_drawn_by_the_number_of_the_run() -> None:
    data = [*rows(200), *rows(40, "test", "jar")]
    drawn = [row.key for row in fetched(data, by_both(data), 7).rows]
    assert drawn == ["images/can/171.jpg", "images/jar/021.jpg", "images/jar/038.jpg"]
