"""What is known about one picture, and how is it written down?"""

import csv
import sys
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple, TextIO

_SEEN = ("sha256", "label", "split", "width", "height", "phash", "plain")
MANIFEST = ("key", "etag", "size", *_SEEN)
REJECTED = ("key", "etag", "size", "reason", *_SEEN)


class Listed(NamedTuple):
    """An object as S3 lists it; the ETag without its quotes."""

    key: str
    etag: str
    size: int


class Row(NamedTuple):
    """A picture. With a `reason` it is rejected; without a `sha256` it could not be opened.

    A rejected picture keeps its `split`, so that one that comes back finds its old place.
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
    plain: str = ""  # "black", "white" or "blank" all over


def rejection(listed: Listed, reason: str, again: bool = False) -> Row:
    """A row for an object that cannot be used. `again`: the next run looks once more."""
    return Row(listed.key, "" if again else listed.etag, listed.size, reason=reason)


def write_rows(file: TextIO, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    writer = csv.writer(file)  # its \r\n also makes it quote names that hold either
    writer.writerow(columns)
    pick = itemgetter(*map(Row._fields.index, columns))
    writer.writerows(map(pick, rows))


def read_rows(file: TextIO) -> Iterator[Row]:
    """Rows of any file that `write_rows` wrote: the first line names the columns.

    What repeats (labels, splits, reasons, sides) is kept once:
    a million rows take a third less memory.
    """
    lines = csv.reader(file)
    columns = next(lines, ())
    places = {name: place for place, name in enumerate(columns)}
    order = [places.get(name, len(columns)) for name in Row._fields]
    pick, intern, sides = itemgetter(*order), sys.intern, _Numbers()
    for line in lines:
        line.append("")  # what a column that is not there reads as
        key, etag, size, sha256, label, split, width, height, phash, reason, plain = pick(line)
        yield Row(
            key,
            etag,
            int(size),
            sha256,
            intern(label),
            intern(split),
            sides[width],
            sides[height],
            phash,
            intern(reason),
            intern(plain),
        )


class _Numbers(dict[str, int]):
    def __missing__(self, text: str) -> int:
        self[text] = number = int(text or 0)
        return number
