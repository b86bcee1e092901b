"""Did the training fail because people deleted or replaced pictures meanwhile? Compares its data
set with what is under images/ now.

Cleaning up is an ordinary act, in the minutes between the snapshot and the job's download as well.
The next run sees what is there now.
"""

from collections.abc import Iterator
from typing import Any

from lambdas.aws import bucket, clients
from lambdas.aws.listing import list_images
from lensloop import news
from lensloop.dataset.snapshot import changes
from lensloop.wire import names


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    gone = list(_gone(event["digest"]))
    return {"count": len(gone), "reasons": [news.pictures_deleted(gone)] if gone else []}


def _gone(digest: str) -> Iterator[str]:
    """The keys of the data set's pictures that are no longer what they were."""
    rows = bucket.stream_rows(names.dataset(digest, "manifest.csv.gz"))
    for before, now in changes(rows, list_images(clients.s3(), bucket.name())):
        if before and (now is None or now.etag != before.etag):
            yield before.key
