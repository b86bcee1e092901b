"""How do the data set's steps read and write the bucket? JSON, rows and text, streamed where they
can be large.
"""

import csv
import gc
import gzip
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, TextIO, cast

from botocore.exceptions import ClientError

from lambdas.aws import clients
from lensloop.dataset.rows import Row, read_rows, write_rows
from lensloop.dataset.suspicious import RIGHT_LABELS, Right, read_right
from lensloop.pages.dataset import page
from lensloop.wire import names
from lensloop.wire.errors import BadArtifact

_IN_MEMORY = 8 * 1024**2  # what is larger waits on disk, so memory does not grow with it


@contextmanager
def without_collector() -> Iterator[None]:
    """A million rows hold no cycles, and Python's garbage collector would walk through all of them
    again and again: a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def name() -> str:
    return os.environ["BUCKET"]


def holds(uri: str) -> bool:
    """Is it still there? What training jobs leave behind expires."""
    place, _, key = uri.removeprefix("s3://").partition("/")
    try:
        clients.s3().head_object(Bucket=place, Key=key)
    except ClientError as error:
        if not is_missing(error):
            raise
        return False
    return True


def holds_any(prefix: str) -> bool:
    """Is there an object whose key begins so, and goes on?"""
    listed = clients.s3().list_objects_v2(Bucket=name(), Prefix=prefix, MaxKeys=2)
    return any(entry["Key"] != prefix for entry in listed.get("Contents", ()))


def is_missing(error: ClientError) -> bool:
    """Without the right to list, S3 answers 403 for what is not there."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404)


def read(key: str) -> bytes:
    content: bytes = _body(key).read()
    return content


def read_json(key: str) -> Any:
    return json.load(_body(key))


def right_labels() -> Right:
    """Of which doubted labels people have said that they are right. Where that cannot be read they
    are asked again, and nothing else depends on it.
    """
    try:
        return read_right(read_json(RIGHT_LABELS))
    except (BadArtifact, ValueError):
        return frozenset()


def write_json(key: str, value: Any) -> None:
    write(
        key,
        json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
        "application/json",
    )


def write_report(digest: str, report: Mapping[str, Any]) -> None:
    """For programs and for people; each call replaces the last."""
    write_json(names.dataset(digest, "report.json"), report)
    write(names.dataset(digest, "report.html"), page(report).encode(), "text/html; charset=utf-8")


def write(key: str, body: bytes | IO[bytes], content_type: str) -> None:
    clients.s3().put_object(Bucket=name(), Key=key, Body=body, ContentType=content_type)


def stream_rows(key: str) -> Iterator[Row]:
    body: Any = _body(key)
    if key.endswith(".gz"):
        body = gzip.GzipFile(fileobj=body)
    with io.TextIOWrapper(io.BufferedReader(body, 1 << 16), encoding="utf-8", newline="") as text:
        yield from read_rows(text)


def write_table(key: str, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    with upload(key) as file:
        write_rows(file, columns, rows)


@contextmanager
def row_writer(key: str) -> Iterator[Any]:
    """For rows of all columns that come one by one: give each to `writerow`."""
    with upload(key) as file:
        writer = csv.writer(file)
        writer.writerow(Row._fields)
        yield writer


@contextmanager
def upload(key: str) -> Iterator[TextIO]:
    """A text file to write; it is in the bucket once the block ends well. The same text always
    makes the same bytes.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        if key.endswith(".gz"):
            with (
                # Level 1: hashes do not compress further, and a million rows are written in a third
                # of the time.
                gzip.GzipFile(
                    fileobj=spool, mode="wb", compresslevel=1, filename="", mtime=0
                ) as packed,
                io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
            ):
                yield text
        else:
            text = io.TextIOWrapper(cast(Any, spool), encoding="utf-8", newline="")
            yield text
            text.detach()
        spool.seek(0)
        write(
            key, spool, "application/gzip" if key.endswith(".gz") else "text/plain; charset=utf-8"
        )


def _body(key: str) -> Any:
    try:
        return clients.s3().get_object(Bucket=name(), Key=key)["Body"]
    except ClientError as error:
        if not is_missing(error):
            raise
        raise BadArtifact(
            f"{key} is missing or cannot be read. If it was deleted, restore it: the bucket keeps"
            " old versions."
        ) from error
