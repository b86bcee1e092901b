"""What is SageMaker's built-in algorithm given? A copy of each picture that it learns from, made
once and kept by content, and the lists that name them.

Only with `algorithm` set to `image-classification`. Copies are made by the process that opens
strangers' pictures (lambdas/decoding); a call that runs out of time leaves what it has made, and
the next one goes on from there.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from lambdas.aws import bucket, clients
from lambdas.aws.listing import list_below
from lambdas.decoding.decoder import Decoder, Unreadable
from lensloop.dataset.lists import BATCH, ConversionUnfinished, Lists, copied, lists
from lensloop.dataset.rows import Row
from lensloop.model.incremental import goes_on_from
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import BadArtifact

_DOWNLOADS = 4  # at once: each may be 25 MB, and one decoder waits for them
_LAST_CALL = 150_000  # milliseconds before Lambda's end; the slowest picture takes 120,000


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    digest, settings = event["digest"], Settings.from_json(os.environ["SETTINGS"])
    rows = list(bucket.stream_rows(names.dataset(digest, "manifest.csv.gz")))
    there = {listed.key for listed in list_below(clients.s3(), bucket.name(), names.COPIES_PREFIX)}
    wanted = [row for row in copied(rows) if _key(row) not in there]
    unusable = {row.sha256 for row in _copy(wanted, context)}
    made = lists(rows, unusable, bucket.name())
    _write(digest, made)
    return {
        "classes": len(made.labels),
        "pictures": made.learnt,
        "batch": min(BATCH, made.learnt),
        "model": _earlier(event["live_epoch"], made.labels, settings),
    }


def _copy(rows: Sequence[Row], context: Any) -> Iterator[Row]:
    """Copies them all; those that could not be."""
    with Decoder() as decoder, ThreadPoolExecutor(_DOWNLOADS) as pool:
        for start in range(0, len(rows), _DOWNLOADS):
            if _ends_soon(context):
                raise ConversionUnfinished(
                    f"{start} of {len(rows)} pictures are copied, then the time was up."
                )
            some = rows[start : start + _DOWNLOADS]
            for row, content in zip(some, pool.map(_content, some), strict=True):
                made = decoder.copy(content) if content else Unreadable("It is gone.")
                if isinstance(made, Unreadable):
                    yield row
                else:
                    bucket.write(_key(row), made, "image/jpeg")


def _content(row: Row) -> bytes | None:
    """The picture that the data set lists; None when it is another by now, or gone."""
    try:
        answer = clients.s3().get_object(Bucket=bucket.name(), Key=row.key)
    except ClientError as error:
        if not bucket.is_missing(error):
            raise
        return None
    content: bytes = answer["Body"].read()
    return content if hashlib.sha256(content).hexdigest() == row.sha256 else None


def _key(row: Row) -> str:
    return f"{names.COPIES_PREFIX}{names.copy_name(row.sha256)}"


def _write(digest: str, made: Lists) -> None:
    files = {
        names.TRAIN_LST: made.train,
        names.VALIDATION_LST: made.validation,
        names.TRAIN_OBJECTS: made.train_objects,
        names.VALIDATION_OBJECTS: made.validation_objects,
    }
    for name, text in files.items():
        bucket.write(names.dataset(digest, name), text.encode(), "text/plain; charset=utf-8")


def _earlier(live_epoch: int | None, labels: Sequence[str], settings: Settings) -> str | None:
    """The archive that the algorithm may go on from: that of the live release, where the network
    would be of the same shape and of the same classes. It begins anew where nobody can read that.
    """
    if live_epoch is None:
        return None
    try:
        evaluation = bucket.read_json(names.release(live_epoch, "evaluation.json"))
    except (BadArtifact, ValueError) as damage:
        print(f"release {live_epoch} says nothing to go on from: {damage}")
        return None
    archive = goes_on_from(evaluation, labels, settings.image_classification_layers)
    return archive if archive and bucket.holds(archive) else None


def _ends_soon(context: Any) -> bool:
    return (
        hasattr(context, "get_remaining_time_in_millis")
        and context.get_remaining_time_in_millis() < _LAST_CALL
    )
