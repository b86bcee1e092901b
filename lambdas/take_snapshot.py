"""What is in the bucket now, and which of it is new?
Lists images/ once, reads no picture, plans the inspection.

Writes under datasets/inspections/<epoch>/: what is unchanged, what is gone, and a plan for each
chunk of new pictures. Only pointers to these are passed on, so the workflow's state stays small at
any size.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lambdas.aws import bucket, clients
from lambdas.aws.listing import list_images, list_top
from lambdas.aws.state import state_table
from lensloop.dataset import snapshot
from lensloop.dataset.beside import beside
from lensloop.dataset.labels import is_folder_marker, label_of
from lensloop.dataset.rows import Listed, Row
from lensloop.wire import names


@bucket.without_collector()
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch = int(event["epoch"])
    found = _sorted_out(epoch)
    bucket.write_table(snapshot.work_file(epoch, snapshot.GONE), Row._fields, found.gone)
    count = snapshot.chunk_count(len(found.to_inspect))
    chunks = [names.inspection(epoch, number) for number in range(count)]
    for chunk, plan in zip(chunks, snapshot.plans(found.to_inspect, found.gone), strict=True):
        bucket.write_json(chunk, plan)
    bucket.write_json(
        snapshot.work_file(epoch, snapshot.SUMMARY),
        {
            "chunks": chunks,
            "folders": sorted(found.folders - {""}),
            "leftovers": found.leftovers,
            "beside": beside(*list_top(clients.s3(), bucket.name()), bucket.name()),
        },
    )
    return {
        "epoch": epoch,
        "chunks": chunks,
        "images": found.pictures,
        "new": len(found.to_inspect),
    }


@dataclass
class _Found:
    """What is kept in memory of a listing; unchanged pictures, which may be a million, are not."""

    pictures: int = 0
    folders: set[str] = field(default_factory=set)
    to_inspect: list[Listed] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    leftovers: Counter[str] = field(default_factory=Counter)

    def count(self, listed: Listed) -> None:
        if name := snapshot.left_behind(listed.key):
            self.leftovers[name] += 1
        elif is_folder_marker(listed.key, listed.size):
            self.folders.add(label_of(listed.key))
        else:
            self.pictures += 1

    def keep(self, place: snapshot.Sorted) -> None:
        if place.to_inspect:
            self.to_inspect.append(place.to_inspect)
        if place.gone:
            self.gone.append(place.gone)


def _sorted_out(epoch: int) -> _Found:
    """Rows of unchanged pictures go straight into a file of the bucket."""
    found = _Found()
    with bucket.row_writer(snapshot.work_file(epoch, snapshot.UNCHANGED)) as unchanged:
        for change in snapshot.changes(_last_rows(), list_images(clients.s3(), bucket.name())):
            if change.now:
                found.count(change.now)
            place = snapshot.sort_out(change)
            found.keep(place)
            if place.kept:
                unchanged.writerow(place.kept)
    return found


def _last_rows() -> Iterator[Row]:
    """Everything that the last data set knew, accepted or rejected, sorted by key."""
    last = state_table().dataset()
    if last is None:
        return iter(())
    files = (names.dataset(last.digest, file) for file in ("manifest.csv.gz", "rejected.csv"))
    return heapq.merge(*map(bucket.stream_rows, files))
