"""A snapshot finds what has changed, and cuts the work into chunks."""

from typing import Any

import pytest

from lensloop.dataset.rows import Listed, Row
from lensloop.dataset.snapshot import (
    GONE,
    SUMMARY,
    UNCHANGED,
    Change,
    Sorted,
    changes,
    chunk_count,
    finished,
    plans,
    sort_out,
    work_file,
)
from lensloop.wire.errors import BadArtifact
from tests.dataset.made import row

A, B, C = row(1, key="images/glass/a"), row(2, key="images/glass/b"), row(3, key="images/glass/c")


def listed(row: Row, **more: Any) -> Listed:
    return Listed(row.key, row.etag, row.size)._replace(**more)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("", ""),
        ("abc", ""),
        ("", "abc"),
        ("abc", "abc"),
        ("ac", "b"),
        ("b", "ac"),
        ("ab", "bc"),
        ("bc", "ab"),
    ],
)
def test_every_key_of_either_side_comes_once_in_order(before: str, now: str) -> None:
    rows = {"a": A, "b": B, "c": C}
    expected = []
    for name in sorted({*before, *now}):
        was = rows[name] if name in before else None
        expected.append(Change(was, listed(rows[name]) if name in now else None))
    old, new = [rows[name] for name in before], [listed(rows[name]) for name in now]
    assert list(changes(old, new)) == expected


MARKER = Listed("images/glass/", "e", 0)
LOOSE = Listed("images/loose.jpg", "e", 5)
REASON = "It lies directly under images/, so it has no label. Move it to images/<label>/."
REFUSED = Row("images/loose.jpg", "e", 5, reason=REASON)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (Change(A, None), Sorted(gone=A)),
        (Change(A, MARKER), Sorted(gone=A)),
        (Change(None, MARKER), Sorted()),
        (Change(A, LOOSE), Sorted(kept=REFUSED, gone=A)),
        (Change(None, LOOSE), Sorted(kept=REFUSED)),
        (Change(A, listed(A)), Sorted(kept=A)),
        (Change(A, listed(A, etag="other")), Sorted(to_inspect=listed(A, etag="other"), gone=A)),
        (Change(A, listed(A, size=7)), Sorted(to_inspect=listed(A, size=7), gone=A)),
        (Change(None, listed(A)), Sorted(to_inspect=listed(A))),
    ],
)
def test_an_unchanged_object_keeps_what_is_known_and_any_other_is_looked_at(
    change: Change, where: Sorted
) -> None:
    assert sort_out(change) == where


@pytest.mark.parametrize(
    ("pictures", "chunks", "largest"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (200, 1, 200),
        (201, 2, 200),
        (200_000, 1000, 200),
        (200_001, 996, 201),
        (1_000_000, 1000, 1000),
    ],
)
def test_a_chunk_has_200_pictures_unless_that_were_more_than_1000_chunks(
    pictures: int, chunks: int, largest: int
) -> None:
    assert chunk_count(pictures) == chunks
    to_inspect = [Listed("k", "e", 1)] * pictures
    sizes = [len(plan["pictures"]) for plan in plans(to_inspect, [])]
    assert len(sizes) == chunks
    assert sum(sizes) == pictures
    assert max(sizes, default=0) == largest


def test_a_renamed_picture_carries_what_was_known_of_it() -> None:
    renamed = Listed("images/paper/new.jpg", A.etag, A.size)
    others = [
        renamed._replace(etag="other"),
        renamed._replace(size=1),
        Listed("images/glass/b2", B.etag, B.size),
        Listed("images/glass/c2", "", C.size),
    ]
    gone = [A, B._replace(phash=""), C._replace(etag="")]
    (plan,) = plans([renamed, *others], gone)
    known = {"sha256": A.sha256, "width": 64, "height": 48, "phash": A.phash, "plain": ""}
    assert plan == {
        "pictures": [
            {**renamed._asdict(), "known": known},
            *(other._asdict() for other in others),
        ],
        "rows": [],
        "samples": {},
    }


def test_a_finished_chunk_has_a_row_for_each_of_its_pictures_in_order() -> None:
    pictures = [listed(A)._asdict(), listed(B)._asdict()]
    assert finished("c.json", {"pictures": pictures, "rows": [list(A), list(B)]}) == [A, B]
    for rows in ([list(A)], [list(B), list(A)]):
        sentence = f"c.json has {len(rows)} rows for 2 pictures; its inspection did not end."
        with pytest.raises(BadArtifact) as error:
            finished("c.json", {"pictures": pictures, "rows": rows})
        assert str(error.value) == sentence


def test_the_files_of_a_run_lie_under_its_epoch() -> None:
    assert [work_file(7, name) for name in (UNCHANGED, GONE, SUMMARY)] == [
        "datasets/inspections/7/unchanged.csv.gz",
        "datasets/inspections/7/gone.csv.gz",
        "datasets/inspections/7/snapshot.json",
    ]
