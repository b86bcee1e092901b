"""What lies under features/, and which of it promises anything?"""

import pytest

from lensloop import archive
from lensloop.dataset import kept_features
from lensloop.dataset.kept_features import (
    KeptFeatures,
    backbone_of,
    golden_in,
    pictures_in,
    whole_indices,
)

FILES = {
    "a.npz": 900,
    "a.index": 64,
    "emptied.npz": 0,
    "emptied.index": 0,
    "half.npz": 0,
    "half.index": 32,
    "alone.index": 32,
    "without.npz": 900,
    ".a.npz.part": 900,
}


def test_only_an_index_whose_shard_is_there_promises_anything() -> None:
    assert whole_indices(FILES) == ["a.index"]


def test_an_index_is_32_bytes_a_picture_and_a_damaged_one_promises_nothing() -> None:
    assert [*pictures_in(b"a" * 32 + b"b" * 32)] == [b"a" * 32, b"b" * 32]
    assert [*pictures_in(b"a" * 33)] == []
    assert [*pictures_in(b"")] == []


def test_golden_pictures_are_known_by_their_originals() -> None:
    one, other = "1" * 64, "2" * 64
    assert golden_in([f"{one}-{other}.jpg", f"{other}-{one}.jpg"]) == {one, other}


@pytest.mark.parametrize(
    ("labels", "each"),
    [(0, 12), (1, 12), (2, 6), (3, 4), (4, 3), (5, 3), (6, 2), (7, 2), (300, 2), (5000, 2)],
)
def test_every_label_has_several_golden_pictures_and_a_small_set_a_dozen(
    labels: int, each: int
) -> None:
    assert kept_features.golden_each(labels) == each


def test_a_thousand_labels_are_shown_twice_each_and_no_archive_is_too_full_of_them() -> None:
    assert kept_features.golden_each(1000) * 1000 == kept_features.MOST_GOLDEN
    assert kept_features.MOST_GOLDEN + 500 < archive.MAX_FILES


NOTES = [
    ({"format": 1, "epochs": {"7": "abc"}}, 7, "abc"),
    ({"format": 1, "epochs": {"7": "abc"}}, 8, ""),
    ({"format": 1, "epochs": {"7": "abc"}}, None, ""),
    ({"format": 2, "epochs": {"7": "abc"}}, 7, ""),
    ({"format": 1, "epochs": {"7": 5}}, 7, ""),
    ({"format": 1, "epochs": ["7"]}, 7, ""),
    ({"format": 1}, 7, ""),
    (["format"], 7, ""),
]


@pytest.mark.parametrize(("content", "epoch", "backbone"), NOTES)
def test_the_backbone_of_a_runs_model_is_known_by_its_epoch(
    content: object, epoch: int | None, backbone: str
) -> None:
    assert backbone_of(content, epoch) == backbone


def test_buckets_hold_files_of_these_names_and_jobs_are_told_in_these_words() -> None:
    """Another version of this code reads them as well."""
    assert (kept_features.GOLDEN_FOLDER, kept_features.BACKBONES_FILE) == (
        "golden",
        "backbones.json",
    )
    assert (kept_features.UNCACHED, kept_features.ALL) == ("uncached", "all")
    assert KeptFeatures().bytes == 0
