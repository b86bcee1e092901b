"""Where does each picture of a data set lie once it is exported, and which list goes with it?

`<split>/<label>/<file>` is what FiftyOne, Label Studio, CVAT and the frameworks read, and what
`lensloop import` recognises: the same pictures come under the same labels. Not with the same split:
it follows from the content under a key that only a project has, so another project splits anew.
"""

import csv
import io
import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple

from lensloop.dataset.rows import Row

LIST = "pictures.csv"
COLUMNS = ("filename", "label", "split", "uri", "sha256", "width", "height")
# What Windows and its disks forbid in a name, and what no terminal should be sent.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
# Windows' devices, whatever comes behind the dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d) *(?:\.|$)", re.IGNORECASE)
_LONGEST = 200  # bytes of a name: file systems take 255, and a copy may be given a longer one
_OWN = 12  # digits of the content hash that tell two files of one name apart


class Placed(NamedTuple):
    """`path`: below the folder, with slashes."""

    path: str
    row: Row


def placed(rows: Iterable[Row]) -> list[Placed]:
    """In the order of the keys; two files of one name, small and capital letters alike, are told
    apart by their content, so that every disk holds both."""
    found, taken = [], set()
    for row in sorted(rows):
        folder = f"{row.split}/{row.label}/"
        path = folder + _name(row)
        if path.casefold() in taken:
            stem, ending = posixpath.splitext(path)
            path = f"{stem}-{row.sha256[:_OWN]}{ending}"
        taken.add(path.casefold())
        found.append(Placed(path, row))
    return found


def listing(pictures: Iterable[Placed], bucket: str) -> str:
    """A CSV file: one picture a line, with its address in the bucket."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for path, row in pictures:
        uri = f"s3://{bucket}/{row.key}"
        writer.writerow((path, row.label, row.split, uri, row.sha256, row.width, row.height))
    return text.getvalue()


def _name(row: Row) -> str:
    name = _FORBIDDEN.sub("_", row.key.rpartition("/")[2])
    ending = posixpath.splitext(name)[1]
    if name.startswith(".") or len(name.encode()) > _LONGEST or _DEVICES.match(name):
        return row.sha256 + ending[:_OWN]
    return name
