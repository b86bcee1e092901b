"""Downloads stay while they are used, for a month, and within a stated size."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from importers import cache

NAMES = ("0" * 15 + "a", "github/owner/bins/1f0c9a", "huggingface/datasets--owner--bins")
Lay = Callable[[str, int, float], Path]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """A download of so many bytes that was used so many days ago."""

    def laid(name: str, size: int, days: float) -> Path:
        with cache.used(tmp_path, tmp_path / name) as folder:
            (folder / "below").mkdir()
            (folder / "below" / "set.zip").write_bytes(bytes(size))
        then = time.time() - days * 86_400
        os.utime(folder / ".used", (then, then))
        return folder

    return laid


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("days", "stays"), [(29.9, True), (30.1, False)])
def test_what_nobody_used_for_a_month_goes(
    tmp_path: Path, lay: Lay, name: str, days: float, stays: bool
) -> None:
    folder = lay(name, 10, days)
    cache.make_room(tmp_path)
    assert folder.exists() == stays


def test_of_too_much_the_oldest_goes(
    tmp_path: Path, lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 100)
    old, newer, newest = (lay(name, 50, days) for name, days in zip(NAMES, (3, 2, 1), strict=True))
    cache.make_room(tmp_path)
    assert [folder.exists() for folder in (old, newer, newest)] == [False, True, True]
    with cache.used(tmp_path, newer):
        pass
    lay("f" * 16, 1, 0)
    cache.make_room(tmp_path)
    assert newer.exists(), "it was used again, and the other is the oldest now"
    assert not newest.exists()


def test_it_goes_before_another_one_comes(tmp_path: Path, lay: Lay) -> None:
    old = lay(NAMES[0], 10, 31)
    with cache.used(tmp_path, tmp_path / NAMES[1]) as folder:
        assert folder.is_dir()
        assert not old.exists()


def test_what_a_command_reads_stays_whatever_its_size_and_age(
    tmp_path: Path, lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lay(NAMES[0], 50, 1)
    monkeypatch.setattr(cache, "MOST_BYTES", 10)
    with cache.used(tmp_path, folder):
        os.utime(folder / ".used", (0, 0))
        other = "import sys, pathlib; from importers import cache; cache.MOST_BYTES = 10;"
        other += " cache.make_room(pathlib.Path(sys.argv[1]))"
        subprocess.run([sys.executable, "-c", other, str(tmp_path)], check=True)
        assert (folder / "below" / "set.zip").exists()
    cache.make_room(tmp_path)
    assert not folder.exists()


def test_a_file_in_its_place_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / NAMES[0]).write_text("a file")
    with pytest.raises(FileExistsError), cache.used(tmp_path, tmp_path / NAMES[0]):
        pass


def test_nothing_else_in_the_cache_is_touched(
    tmp_path: Path, lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 0)
    lay(NAMES[2], 10, 1)
    kept = [lay(name, 10, 99) for name in ("objects/0123", "huggingface/.locks", "g" * 16)]
    cache.make_room(tmp_path)
    assert all(folder.exists() for folder in kept)


def test_a_folder_that_is_taken_away_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many that use it for a moment, beside one that takes everything away."""
    monkeypatch.setattr(cache, "MOST_BYTES", -1)
    ended = threading.Event()

    def use(_: int) -> bool:
        with cache.used(tmp_path, tmp_path / NAMES[0]) as folder:
            (folder / str(threading.get_ident())).write_text("here")
            time.sleep(0.001)
            return (folder / str(threading.get_ident())).exists()

    def take() -> None:
        while not ended.is_set():
            cache.make_room(tmp_path)

    taking = threading.Thread(target=take)
    taking.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(use, range(60)))
    finally:
        ended.set()
        taking.join()
