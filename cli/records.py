"""What is written down about past runs? Reads runs/<epoch>/run.json and report.html."""

from botocore.exceptions import ClientError

from cli.place import Place
from lensloop import record
from lensloop.record import Record, RecordError
from lensloop.wire import names

UNREADABLE = "unreadable"
# Older versions left no records: that many runs are tried before one is believed to be the first.
_HOLES = 20


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


def fetch(place: Place, key: str) -> bytes | None:
    """None: there is no such object."""
    try:
        body: bytes = place.client("s3").get_object(Bucket=place.bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return body
