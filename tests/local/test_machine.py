"""What a machine may lack is said in one sentence: room on the disk, leave to write."""

import errno
import os
from collections import namedtuple
from pathlib import Path

import pytest

from local import machine
from local.errors import LocalCloudError

Usage = namedtuple("Usage", "total used free")


def test_a_disk_with_too_little_room_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = Usage(10**9, 10**9 - 599 * 10**6, 599 * 10**6)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: usage)
    with pytest.raises(LocalCloudError) as lacking:
        machine.check_room(tmp_path / "not" / "there" / "yet")
    assert str(lacking.value) == (
        f"The disk under {tmp_path} has 599 MB left, and 600 MB are needed. Make room, or:"
        " LENSLOOP_LOCAL=<folder> takes another place."
    )


def test_just_enough_room_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = Usage(10**9, 0, 600 * 10**6)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: usage)
    machine.check_room(tmp_path)


@pytest.mark.parametrize(
    ("number", "file", "expected"),
    [
        (errno.ENOSPC, "/a/b", "The disk under /a/b is full. Make room and start again, or:"),
        (errno.ENOSPC, None, "The disk is full. Make room and start again, or:"),
        (errno.EDQUOT, "/a/b", "The disk under /a/b is full."),
        (errno.EROFS, "/a/b", "/a/b cannot be written (Read-only file system). LENSLOOP_LOCAL="),
        (errno.EACCES, "/a/b", "/a/b cannot be written (Permission denied). LENSLOOP_LOCAL="),
    ],
)
def test_the_machines_fault_is_a_sentence(number: int, file: str | None, expected: str) -> None:
    assert machine.sentence(OSError(number, os.strerror(number), file)).startswith(expected)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EBADF, errno.EACCES])
def test_our_own_fault_is_not_hidden(number: int) -> None:
    assert machine.sentence(OSError(number, "ours")) == ""
