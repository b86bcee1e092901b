"""What is in the bucket now, and which of it is new? Lists images/ once, reads no picture, plans
the inspection.

Writes under datasets/inspections/<epoch>/: what is unchanged, what is gone, and a plan for each
chunk of new pictures. Only pointers to these are passed on, so the workflow's state stays small at
any size.
"""

import heapq
from collections.abc import Iterator
from typing import Any

from lambdas.aws import bucket, clients
from lambdas.aws.listing import list_images
from lambdas.aws.state import state_table
from lensloop.dataset import snapshot
from lensloop.dataset.labels import is_folder_marker, label_of
from lensloop.dataset.rows import Listed, Row
from lensloop.wire import names


@bucket.without_collector()
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch = int(event["epoch"])
    to_inspect: list[Listed] = []
    gone: list[Row] = []
    folders: set[str] = set()
    images = 0
    with bucket.row_writer(snapshot.work_file(epoch, snapshot.UNCHANGED)) as unchanged:
        for change in snapshot.changes(_last_rows(), list_images(clients.s3(), bucket.name())):
            place = snapshot.sort_out(change)
            if change.now and is_folder_marker(change.now.key, change.now.size):
                folders.add(label_of(change.now.key))
            else:
                images += change.now is not None
            if place.kept:
                unchanged.writerow(place.kept)
            if place.to_inspect:
                to_inspect.append(place.to_inspect)
            if place.gone:
                gone.append(place.gone)
    bucket.write_table(snapshot.work_file(epoch, snapshot.GONE), Row._fields, gone)
    chunks = [
        names.inspection(epoch, number) for number in range(snapshot.chunk_count(len(to_inspect)))
    ]
    for chunk, plan in zip(chunks, snapshot.plans(to_inspect, gone), strict=True):
        bucket.write_json(chunk, plan)
    bucket.write_json(
        snapshot.work_file(epoch, snapshot.SUMMARY),
        {"chunks": chunks, "folders": sorted(folders - {""})},
    )
    return {"epoch": epoch, "chunks": chunks, "images": images, "new": len(to_inspect)}


def _last_rows() -> Iterator[Row]:
    """Everything that the last data set knew, accepted or left out, sorted by key."""
    last = state_table().dataset()
    if last is None:
        return iter(())
    files = (names.dataset(last.digest, file) for file in ("manifest.csv.gz", "rejected.csv"))
    return heapq.merge(*map(bucket.stream_rows, files))
