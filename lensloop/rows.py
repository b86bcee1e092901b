"""What is known about one picture, and how is it written down?"""

import csv
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TextIO

MANIFEST = ("key", "etag", "size", "sha256", "label", "split", "width", "height", "phash")
REJECTED = ("key", "etag", "size", "reason", "sha256", "label", "split", "width", "height", "phash")


class Listed(NamedTuple):
    """An object as S3 lists it; the ETag without its quotes."""

    key: str
    etag: str
    size: int


class Row(NamedTuple):
    """A picture. With a `reason` it is left out; without a `sha256` it could not be opened.

    A left-out picture keeps its `split`, so that one that comes back finds its old place.
    """

    key: str
    etag: str
    size: int
    sha256: str = ""
    label: str = ""
    split: str = ""
    width: int = 0
    height: int = 0
    phash: str = ""
    reason: str = ""


def refused(listed: Listed, reason: str, again: bool = False) -> Row:
    """A row for an object that cannot be used. `again`: the trouble may pass, so the next run looks once more."""
    return Row(listed.key, "" if again else listed.etag, listed.size, reason=reason)


def write_rows(file: TextIO, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    order = [Row._fields.index(column) for column in columns]
    writer = csv.writer(file)  # its \r\n also makes it quote names that hold either
    writer.writerow(columns)
    if order == list(range(len(order))):
        writer.writerows(row[: len(order)] for row in rows)
    else:
        writer.writerows([row[i] for i in order] for row in rows)


def read_rows(file: TextIO) -> Iterator[Row]:
    """Rows of any file that `write_rows` wrote: the first line names the columns."""
    lines = csv.reader(file)
    columns = next(lines, None)
    if columns is None:
        return
    places: dict[str, int] = {name: i for i, name in enumerate(columns)}
    found: list[Any] = [places.get(field, -1) for field in Row._fields]
    intern, new = sys.intern, Row._make
    key, etag, size, sha256, label, split, width, height, phash, reason = found
    for line in lines:
        line.append("")  # what a missing column, at -1, reads as
        yield new(
            (
                line[key],
                line[etag],
                int(line[size]),
                line[sha256],
                intern(line[label]),
                intern(line[split]),
                int(line[width] or 0),
                int(line[height] or 0),
                line[phash],
                intern(line[reason]),
            )
        )
