"""What is kept of earlier jobs: found again, checked, and never trusted when it is not whole."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training import feature_cache, shards
from training.feature_cache import FeatureCache, begin_anew, clear_others
from training.shards import Looked

BACKBONE, OTHER, WIDTH = "0123456789abcdef", "fedcba9876543210", 4


def content(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def looked(*numbers: int) -> Looked:
    features = np.array([[number, 1, 2, 3] for number in numbers], np.float32)
    thumbnails = [b"small" * (number % 3) for number in numbers]
    return Looked([content(number) for number in numbers], features, thumbnails)


def opened(folder: Path) -> FeatureCache:
    return FeatureCache(folder, BACKBONE, WIDTH)


def filled(folder: Path, *groups: tuple[int, ...]) -> FeatureCache:
    """A shard for each group."""
    cache = opened(folder)
    for group in groups:
        cache.put(looked(*group))
        cache.flush()
    return cache


def held(cache: FeatureCache, upto: int = 60) -> list[int]:
    return [number for number in range(upto) if content(number) in cache]


def files(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*.*")
    }


def test_what_was_kept_is_found_by_the_next_job(tmp_path):
    filled(tmp_path, (5, 1), (3, 4, 2))
    cache = opened(tmp_path)
    assert held(cache) == [1, 2, 3, 4, 5]
    assert cache.kept_of([content(1), content(9)]) == 1
    assert cache.features([content(number) for number in (2, 5, 4)])[:, 0].tolist() == [2, 5, 4]
    assert cache.thumbnail(content(4)) == b"small"
    assert cache.thumbnail(content(5)) == b"smallsmall"
    assert cache.thumbnail(content(9)) is None


def test_beside_each_shard_is_an_index_of_its_pictures(tmp_path):
    filled(tmp_path, (5, 1))
    (index,) = (tmp_path / BACKBONE).glob("*.index")
    assert index.read_bytes() == content(5) + content(1)
    assert index.with_suffix(".npz").is_file()


def test_a_shard_is_written_as_soon_as_there_is_enough_to_lose(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "_SOON", 4)
    cache = opened(tmp_path)
    cache.put(looked(1, 2, 3))
    assert held(opened(tmp_path)) == []
    cache.put(looked(4))
    assert held(opened(tmp_path)) == [1, 2, 3, 4]


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"no shard")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def rename(path: Path) -> None:
    path.rename(path.with_name("0" * 16 + ".npz"))


def replaced(path: Path, backbone: str, found: Looked) -> None:
    """By a whole shard that is none of this cache."""
    path.unlink()
    other = shards.write(path.parent, backbone, found)
    assert other.path.is_file()


NOT_FINITE = Looked([content(7)], np.full((1, WIDTH), np.nan, np.float32), [b""])
TOO_WIDE = Looked([content(7)], np.ones((1, WIDTH + 1), np.float32), [b""])
DAMAGE: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "a bit flipped": flip,
    "another name": rename,
    "empty": emptied,
    "something else": overwritten,
    "of another backbone": lambda path: replaced(path, OTHER, looked(7)),
    "of another width": lambda path: replaced(path, BACKBONE, TOO_WIDE),
    "not a number": lambda path: replaced(path, BACKBONE, NOT_FINITE),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_damaged_or_foreign_is_passed_over_and_emptied(tmp_path, damage):
    filled(tmp_path, (1, 2), (3,))
    folder = tmp_path / BACKBONE
    shard = min(folder.glob("*.npz"))
    whole = shards.read(shard, BACKBONE, WIDTH)
    assert whole is not None
    lost = [number for number in (1, 2, 3) if content(number) in whole.pictures]
    damage(shard)
    cache = opened(tmp_path)
    assert held(cache) == sorted({1, 2, 3} - {*lost})
    cache.tidy([content(number) for number in (1, 2, 3)])
    for path in folder.glob("*.npz"):
        assert path.stat().st_size == 0 or shards.read(path, BACKBONE, WIDTH)
    cache.put(looked(*lost))
    cache.flush()
    assert held(opened(tmp_path)) == [1, 2, 3]


def test_many_small_shards_become_one_without_what_is_not_wanted_any_more(tmp_path):
    count = feature_cache._MOST_SMALL + 1
    cache = filled(tmp_path, *((number, number + 1) for number in range(count)))
    cache.tidy([content(number) for number in range(4)] + [content(50)])
    full = [name for name, size in files(tmp_path).items() if size]
    assert sorted(Path(name).suffix for name in full) == [".index", ".npz"]
    assert len(files(tmp_path)) == 2 * (count + 1)  # the old ones are there, and empty
    again = opened(tmp_path)
    assert held(again) == [0, 1, 2, 3]
    assert again.features([content(2)])[0, 0] == 2
    assert again.thumbnail(content(2)) == b"smallsmall"


def test_few_shards_stay_as_they_are(tmp_path):
    cache = filled(tmp_path, *((number,) for number in range(feature_cache._MOST_SMALL)))
    before = files(tmp_path)
    cache.tidy([])
    assert files(tmp_path) == before


def test_full_shards_stay_as_they_are_and_small_ones_become_full(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "_FULL", 4)
    singles = [(number,) for number in range(10, 10 + feature_cache._MOST_SMALL + 1)]
    cache = filled(tmp_path, (1, 2, 3, 4), *singles)
    cache.tidy([content(number) for number in range(60)])
    sizes = sorted(size // 32 for name, size in files(tmp_path).items() if "index" in name)
    assert [size for size in sizes if size] == [1, 4, 4, 4]
    assert held(opened(tmp_path)) == [1, 2, 3, 4, *range(10, 19)]


def test_a_job_that_begins_anew_finds_nothing_and_goes_on_when_it_is_interrupted(tmp_path):
    filled(tmp_path, (1, 2), (3,))
    golden = tmp_path / "golden"
    golden.mkdir()
    (golden / "0.jpg").write_bytes(b"JPEG")
    begin_anew(tmp_path, "trash-7-2")
    assert (golden / "0.jpg").read_bytes() == b""
    cache = opened(tmp_path)
    assert held(cache) == []
    cache.put(looked(1, 2))  # the same file as one that was there
    cache.flush()
    begin_anew(tmp_path, "trash-7-2")
    assert held(opened(tmp_path)) == [1, 2]
    begin_anew(tmp_path, "trash-8-2")
    assert held(opened(tmp_path)) == []


def test_a_job_without_a_name_begins_anew_each_time(tmp_path):
    for _ in range(2):
        begin_anew(tmp_path, "")
        assert held(opened(tmp_path)) == []
        filled(tmp_path, (1,))


def test_what_was_found_wrong_is_forgotten_and_emptied(tmp_path):
    filled(tmp_path, (1, 2))
    cache = opened(tmp_path)
    cache.forget()
    assert held(cache) == []
    cache.put(looked(2))
    cache.tidy([content(2)])
    assert held(opened(tmp_path)) == []  # put, and never flushed
    cache.flush()
    assert held(opened(tmp_path)) == [2]


def test_what_is_kept_for_a_backbone_that_is_gone_is_emptied_and_nothing_else(tmp_path):
    filled(tmp_path, (1,))
    shards.write(tmp_path / OTHER, OTHER, looked(1))
    shards.write(tmp_path / "weights", OTHER, looked(1))  # somebody else's checkpoint
    clear_others(tmp_path, {BACKBONE})
    left = {name.split("/")[0] for name, size in files(tmp_path).items() if size}
    assert left == {BACKBONE, "weights"}


def test_a_file_that_was_never_finished_is_emptied(tmp_path):
    filled(tmp_path, (1,))
    draft = tmp_path / BACKBONE / ".0123.npz.part"
    draft.write_bytes(b"half")
    clear_others(tmp_path, {BACKBONE})
    assert draft.read_bytes() == b""
    assert held(opened(tmp_path)) == [1]


def test_a_shard_without_its_index_is_found_and_an_index_alone_is_nothing(tmp_path):
    filled(tmp_path, (1,), (2,))
    for index in (tmp_path / BACKBONE).glob("*.index"):
        if index.read_bytes() == content(1):
            index.unlink()
        else:
            index.with_suffix(".npz").unlink()
    assert held(opened(tmp_path)) == [1]
