"""Are the demo's pictures the same each time,
different from each other, and such as the system accepts?
"""

from pathlib import Path

import pytest

from demo import pictures
from demo.pictures import EMOJI
from lensloop.wire.picture import open_picture

pytestmark = pytest.mark.skipif(
    not EMOJI.is_dir(), reason="npm's emoji are not installed; `make install` gets them"
)


def _draw(folder: Path, words: list[str]) -> list[bytes]:
    wanted = [("compost", word, folder / f"{number}.jpg") for number, word in enumerate(words)]
    assert list(pictures.render_all(EMOJI, wanted)) == [file for _, _, file in wanted]
    return [file.read_bytes() for _, _, file in wanted]


def test_the_same_words_give_the_same_picture_and_other_words_another(tmp_path: Path) -> None:
    words = ["first/1", "first/2", "frames/1"]
    once, again = _draw(tmp_path / "once", words), _draw(tmp_path / "again", words)
    assert once == again
    assert len(set(once)) == len(words)


def test_a_picture_that_is_there_is_not_drawn_again(tmp_path: Path) -> None:
    _draw(tmp_path, ["first/1"])
    assert list(pictures.render_all(EMOJI, [("compost", "first/1", tmp_path / "0.jpg")])) == []


def test_every_thing_of_every_label_can_be_drawn() -> None:
    missing = [
        code
        for codes in pictures.THINGS.values()
        for code in codes
        if not (EMOJI / f"{code}.webp").exists()
    ]
    assert missing == []


def test_the_system_accepts_them(tmp_path: Path) -> None:
    (data,) = _draw(tmp_path, ["first/1"])
    assert open_picture(data).size == (pictures.SIDE, pictures.SIDE)


def test_they_are_drawn_where_processes_can_share_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container without a writable /dev/shm."""

    def no_semaphore(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("_multiprocessing.SemLock", no_semaphore)
    assert len(_draw(tmp_path, ["first/1", "first/2"])) == 2
