"""What was fetched for a plan lies on this disk until its import has ended, within limits."""

import os
import time
from pathlib import Path

import pytest

from importers import kept
from importers.kept import Kept

OURS = "theirs", "glass/1.jpg"


def test_what_is_kept_counts_only_while_the_same_lies_there(tmp_path: Path) -> None:
    Kept(tmp_path, "s3://theirs").put(*OURS, '"one"', b"a\npicture")
    again = Kept(tmp_path, "s3://theirs")  # of a command that was stopped
    assert again.get(*OURS, '"one"') == b"a\npicture"
    assert again.get(*OURS, '"two"') is None
    assert again.get(*OURS) is None  # nobody has looked what lies there now
    assert again.confirmed(*OURS) == b"a\npicture"
    assert again.get(*OURS) == b"a\npicture"
    assert Kept(tmp_path, "s3://others").get(*OURS, '"one"') is None


def test_what_this_process_fetched_is_what_lies_there(tmp_path: Path) -> None:
    mine = Kept(tmp_path, "s3://theirs")
    mine.put(*OURS, '"one"', b"picture")
    assert mine.get(*OURS) == b"picture"
    kept.forget(tmp_path, "s3://theirs")
    assert mine.get(*OURS) is None


def test_no_more_is_kept_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 25)
    mine = Kept(tmp_path, "s3://theirs")
    for name in "abc":
        mine.put("theirs", name, '"e"', bytes(10))
    assert [mine.get("theirs", name) is not None for name in "abc"] == [True, True, False]


def test_a_disk_that_takes_nothing_costs_no_import(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("no folder")
    mine = Kept(tmp_path, "s3://theirs")
    mine.put(*OURS, '"one"', b"picture")
    assert mine.get(*OURS) is None


@pytest.mark.parametrize(("days", "most", "left"), [(2, 100, 2), (4, 100, 1), (2, 30, 1)])
def test_what_is_old_or_too_much_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, most: int, left: int
) -> None:
    for address in ("old", "new"):
        Kept(tmp_path, address).put(*OURS, '"one"', bytes(20))
    when = time.time() - days * 86_400
    os.utime(kept._folder_of(tmp_path, "old"), (when, when))
    monkeypatch.setattr(kept, "MOST_BYTES", most)
    kept.tidy(tmp_path)
    assert len(list((tmp_path / "objects").iterdir())) == left
    assert Kept(tmp_path, "new").get(*OURS, '"one"')
