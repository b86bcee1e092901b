"""What has changed in the bucket since the last data set, and who inspects what?

Both sides come sorted by key, so a million pictures are compared while they stream past and only
changes are kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lensloop.dataset.labels import is_folder_marker, key_problem
from lensloop.dataset.leftovers import leftover
from lensloop.dataset.rows import Listed, Row, rejection
from lensloop.wire.errors import BadArtifact
from lensloop.wire.names import IMAGES_PREFIX, INSPECTIONS_PREFIX

PICTURES_PER_CHUNK = 200  # few enough that a call is done in time and a retry repeats little
# The files of a run, beside its chunks, under datasets/inspections/<epoch>/.
UNCHANGED, GONE, SUMMARY = "unchanged.csv.gz", "gone.csv.gz", "snapshot.json"
# An inline Map's history and its 256 KiB of state hold this many, however many pictures there are.
MAX_CHUNKS = 1000


class Change(NamedTuple):
    """One key: how it was in the last data set, how it is listed now; None where it is not."""

    before: Row | None
    now: Listed | None


def changes(before: Iterable[Row], now: Iterable[Listed]) -> Iterator[Change]:
    """Every key of either side once, in order."""
    old, new = iter(before), iter(now)
    row, listed = next(old, None), next(new, None)
    while row is not None or listed is not None:
        if listed is None or (row is not None and row.key < listed.key):
            yield Change(row, None)
            row = next(old, None)
        elif row is None or listed.key < row.key:
            yield Change(None, listed)
            listed = next(new, None)
        else:
            yield Change(row, listed)
            row, listed = next(old, None), next(new, None)


class Sorted(NamedTuple):
    """Where one change goes: at most one of kept and to_inspect, and perhaps what is gone."""

    kept: Row | None = None
    to_inspect: Listed | None = None
    gone: Row | None = None


def sort_out(change: Change) -> Sorted:
    """Unchanged objects keep what is known of them; names are judged afresh, as that is cheap."""
    row, listed = change
    if listed is None or is_folder_marker(listed.key, listed.size) or left_behind(listed.key):
        return Sorted(gone=row)
    problem = key_problem(listed.key)
    if problem:
        return Sorted(kept=rejection(listed, problem), gone=row)
    if row is not None and (row.etag, row.size) == (listed.etag, listed.size):
        return Sorted(kept=row)
    return Sorted(to_inspect=listed, gone=row)


def left_behind(key: str) -> str:
    """What this is called if a program left it beside the pictures; else nothing."""
    return leftover(key.removeprefix(IMAGES_PREFIX))


def chunk_count(pictures: int) -> int:
    return -(-pictures // _chunk_size(pictures))


def plans(to_inspect: list[Listed], gone: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """The work of each chunk. A renamed picture carries what was known of its old key, to spare the
    decoding once its bytes prove to be the same.
    """
    size = _chunk_size(len(to_inspect))
    known = _by_bytes(gone)
    for start in range(0, len(to_inspect), size):
        pictures = [_picture(listed, known) for listed in to_inspect[start : start + size]]
        yield {"pictures": pictures, "rows": [], "samples": {}}


def _by_bytes(gone: Iterable[Row]) -> dict[tuple[str, int], dict[str, Any]]:
    """What was known of pictures, by ETag and size."""
    known = {}
    for row in gone:
        if row.phash and row.etag:
            known[row.etag, row.size] = {
                "sha256": row.sha256,
                "width": row.width,
                "height": row.height,
                "phash": row.phash,
                "plain": row.plain,
            }
    return known


def _picture(listed: Listed, known: Mapping[tuple[str, int], Any]) -> dict[str, Any]:
    picture: dict[str, Any] = listed._asdict()
    if (listed.etag, listed.size) in known:
        picture["known"] = known[listed.etag, listed.size]
    return picture


def finished(chunk: str, work: Mapping[str, Any]) -> list[Row]:
    """A chunk's rows; a picture without one would be lost without a word, so that is an error."""
    rows = [Row(*row) for row in work["rows"]]
    if [row.key for row in rows] != [picture["key"] for picture in work["pictures"]]:
        raise BadArtifact(
            f"{chunk} has {len(rows)} rows for {len(work['pictures'])} pictures; its inspection did"
            " not end."
        )
    return rows


def _chunk_size(pictures: int) -> int:
    return max(PICTURES_PER_CHUNK, -(-pictures // MAX_CHUNKS))


def work_file(epoch: int, name: str) -> str:
    return f"{INSPECTIONS_PREFIX}{epoch}/{name}"
