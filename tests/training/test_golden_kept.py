"""Golden pictures are kept from job to job, and are whole or not there."""

import hashlib
from pathlib import Path

from training.golden_kept import KeptGolden
from training.pictures import Picture

JPEG = b"\xff\xd8 a small picture"


def picture(number: int) -> Picture:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    return Picture(f"images/can/{number}.jpg", sha256, "can", "test", "0" * 16)


def kept(folder: Path, *numbers: int) -> Path:
    """The file of the last of them."""
    golden = KeptGolden(folder)
    for number in numbers:
        golden.put(picture(number), JPEG + bytes([number]))
    return max((folder / "golden").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def test_the_next_job_finds_them_by_the_content_of_their_originals(tmp_path):
    kept(tmp_path, 1, 2)
    golden = KeptGolden(tmp_path)
    assert golden.get(picture(2)) == JPEG + b"\x02"
    assert golden.get(picture(3)) is None


def test_one_that_is_not_whole_is_not_there(tmp_path):
    kept(tmp_path, 1).write_bytes(JPEG)
    assert KeptGolden(tmp_path).get(picture(1)) is None


def test_one_that_was_emptied_does_not_count(tmp_path):
    kept(tmp_path, 1).write_bytes(b"")
    golden = KeptGolden(tmp_path)
    assert golden.get(picture(1)) is None
    golden.put(picture(1), JPEG)
    assert KeptGolden(tmp_path).get(picture(1)) == JPEG


def test_of_a_picture_only_the_newest_file_stays(tmp_path):
    before = kept(tmp_path, 1)
    KeptGolden(tmp_path).put(picture(1), JPEG)
    assert before.read_bytes() == b""
    assert KeptGolden(tmp_path).get(picture(1)) == JPEG


def test_those_of_pictures_that_are_gone_are_emptied(tmp_path):
    kept(tmp_path, 1, 2)
    KeptGolden(tmp_path).tidy({picture(1).sha256})
    golden = KeptGolden(tmp_path)
    assert golden.get(picture(1)) == JPEG + b"\x01"
    assert golden.get(picture(2)) is None
