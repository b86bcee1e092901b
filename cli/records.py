"""What is written down about past runs and data sets? Reads runs/<epoch>/run.json and report.html,
and datasets/<digest>/manifest.csv.gz.
"""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from cli.place import Place
from lambdas.aws.state import StateTable
from lensloop import record
from lensloop.dataset.rows import Row, read_rows
from lensloop.record import Record, RecordError
from lensloop.wire import names
from lensloop.wire.errors import LensloopError

UNREADABLE = "unreadable"
# Older versions left no records: that many runs are tried before one is believed to be the first.
_HOLES = 20


class NoDataset(LensloopError):
    """There is no such data set in the bucket."""


def read(place: Place, epoch: int) -> Record | None:
    """None: that run left no record. One that cannot be read has the outcome "unreadable"."""
    body = fetch(place, names.run(epoch, "run.json"))
    if body is None:
        return None
    try:
        return record.read(body)
    except RecordError as error:
        unreadable = record.empty(place.project, epoch)
        return {**unreadable, "outcome": UNREADABLE, "reasons": [str(error)]}


def newest(place: Place, epoch: int, count: int) -> list[Record]:
    """At most `count` records, newest first, of this epoch and those before it."""
    found: list[Record] = []
    for earlier in range(epoch, max(0, epoch - count - _HOLES), -1):
        one = read(place, earlier)
        if one is not None:
            found.append(one)
        if len(found) == count:
            break
    return found


def page(place: Place, epoch: int) -> bytes | None:
    return fetch(place, record.page_key(epoch))


def rows(place: Place, digest: str) -> Iterator[Row]:
    """Of a data set, in the order of the keys."""
    body = fetch(place, names.dataset(digest, "manifest.csv.gz"))
    if body is None:
        raise NoDataset(f"The data set {digest} is not in {place.bucket}.")
    with gzip.open(io.BytesIO(body), "rt", encoding="utf-8", newline="") as file:
        yield from read_rows(file)


def newest_dataset(place: Place) -> str:
    """Its digest; empty before the first."""
    newest = StateTable(place.table()).dataset()
    return newest.digest if newest else ""


def dataset_report(place: Place) -> dict[str, Any] | None:
    """What is known of the newest data set; None before the first."""
    digest = newest_dataset(place)
    body = fetch(place, names.dataset(digest, "report.json")) if digest else None
    report: dict[str, Any] | None = None if body is None else json.loads(body)
    return report


def fetch(place: Place, key: str) -> bytes | None:
    """None: there is no such object."""
    try:
        body: bytes = place.client("s3").get_object(Bucket=place.bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return body
