"""What is written down about a picture is read again as it was."""

import io
from pathlib import Path

import pytest

from lensloop.dataset.rows import MANIFEST, REJECTED, Listed, Row, read_rows, rejection, write_rows
from tests.dataset.made import row

SPLIT = row(1, split="train")
LEFT = row(2, 'gl,"ass', key="images/gl,\r\n/é.jpg", reason="It is broken.")


def written(columns: tuple[str, ...], *rows: Row) -> str:
    file = io.StringIO(newline="")
    write_rows(file, columns, rows)
    return file.getvalue()


def test_every_column_comes_back_as_it_was() -> None:
    text = written(Row._fields, SPLIT, LEFT)
    assert list(read_rows(io.StringIO(text, newline=""))) == [SPLIT, LEFT]


def test_the_manifest_has_these_columns_and_the_file_of_rejections_those() -> None:
    heading = "key,etag,size,sha256,label,split,width,height,phash,plain"
    line = f"images/glass/001.jpg,etag1,1001,{SPLIT.sha256},glass,train,64,48,{SPLIT.phash},"
    assert written(MANIFEST, SPLIT) == f"{heading}\r\n{line}\r\n"
    heading = "key,etag,size,reason,sha256,label,split,width,height,phash,plain"
    line = 'images/a.jpg,e,7,"No, it is not.",,,,0,0,,'
    rejected = rejection(Listed("images/a.jpg", "e", 7), "No, it is not.")
    assert written(REJECTED, rejected) == f"{heading}\r\n{line}\r\n"


@pytest.mark.parametrize("columns", [MANIFEST, REJECTED])
def test_a_column_that_is_not_there_reads_as_nothing(columns: tuple[str, ...]) -> None:
    file = io.StringIO(written(columns, SPLIT), newline="")
    assert list(read_rows(file)) == [SPLIT]
    assert list(read_rows(io.StringIO("key,size\r\na,5\r\n"))) == [Row("a", "", 5)]


def test_an_empty_file_has_no_rows() -> None:
    assert list(read_rows(io.StringIO(""))) == []


def test_what_repeats_is_kept_once(tmp_path: Path) -> None:
    reason = "It is broken. " * 3
    text = written(Row._fields, *(LEFT._replace(reason=reason, width=5000) for _ in range(2)))
    one, other = read_rows(io.StringIO(text, newline=""))
    assert one.reason is other.reason
    assert one.label is other.label
    assert one.width is other.width
    assert one.height is other.height


@pytest.mark.parametrize(("again", "etag"), [(False, "e"), (True, "")])
def test_a_rejected_object_is_looked_at_again_only_where_that_may_help(
    again: bool, etag: str
) -> None:
    listed = Listed("images/glass/a.jpg", "e", 7)
    expected = Row(listed.key, etag, 7, reason="It is broken.")
    assert rejection(listed, "It is broken.", again) == expected


def test_the_next_run_does_not_look_again_unless_asked_to() -> None:
    assert rejection(Listed("images/glass/a.jpg", "e", 7), "It is broken.").etag == "e"
