"""Which pictures make up the data set, and is it new and large enough? Writes it, reports it, and
points to it.

Only the run that holds the lease may point to it. The same pictures under the same labels have the
same address, so a data set's files are written again when names change or other pictures are left
out; its digest says what is trained on.
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from lambdas.aws import bucket
from lensloop import news
from lensloop.dataset import snapshot
from lensloop.dataset.assembly import Dataset, assemble, shortfalls
from lensloop.dataset.report import History, report
from lensloop.dataset.rows import MANIFEST, REJECTED, Row
from lensloop.reasons import shortened
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import StaleEpoch


@bucket.without_collector()
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch, settings = int(event["epoch"]), Settings.from_json(os.environ["SETTINGS"])
    trigger, live, last = bucket.item("trigger"), bucket.item("live"), bucket.item("dataset")
    if (trigger.get("run") or {}).get("epoch") != epoch:
        raise StaleEpoch(f"Run {epoch} does not hold the lease any more, so it assembles nothing.")
    summary = bucket.read_json(snapshot.work_file(epoch, snapshot.SUMMARY))
    inspected, samples = _inspected(summary["chunks"])
    gone = list(bucket.stream_rows(snapshot.work_file(epoch, snapshot.GONE)))
    history = History(
        epoch=epoch,
        report=bucket.read_json(names.dataset(last["digest"], "report.json")) if last else {},
        inspected=frozenset(row.key for row in inspected),
        gone=gone,
        samples=samples,
        folders=summary["folders"],
    )
    rows = _all_rows(epoch, inspected)
    dataset = assemble(rows, gone, settings.min_test_images_per_label)
    reasons = shortfalls(dataset, settings)
    _write(dataset, report(dataset, reasons, history, settings))
    _point(epoch, dataset.digest)
    changed = dataset.digest not in (trigger.get("digest"), live.get("dataset"))
    blocked = dataset.digest == trigger.get("blocked_digest")
    return {
        "epoch": epoch,
        "digest": dataset.digest,
        "changed": changed,
        "blocked": blocked,
        "trainable": not reasons,
        "reasons": _reasons(changed, blocked, reasons),
        "images": len(dataset.accepted),
        "rejected": len(dataset.left_out),
        "report": names.dataset(dataset.digest, "report.html"),
        "live_epoch": int(live["epoch"]) if live else None,
    }


def _reasons(changed: bool, blocked: bool, shortfalls: Sequence[str]) -> list[str]:
    """Why nothing is trained, in the order in which the workflow asks; nothing if it is."""
    if not changed:
        return [news.NOTHING_NEW]
    if blocked:
        return [news.BLOCKED]
    return list(shortened(shortfalls, rest="more such reasons are in the report."))


def _inspected(chunks: list[str]) -> tuple[list[Row], dict[str, Any]]:
    """What this run's inspection found, and thumbnails of a few."""
    rows: list[Row] = []
    samples: dict[str, Any] = {}
    for chunk in chunks:
        work = bucket.read_json(chunk)
        rows.extend(snapshot.finished(chunk, work))
        samples.update(work["samples"])
    return rows, samples


def _all_rows(epoch: int, inspected: list[Row]) -> Iterator[Row]:
    yield from bucket.stream_rows(snapshot.work_file(epoch, snapshot.UNCHANGED))
    yield from inspected


def _write(dataset: Dataset, findings: dict[str, Any]) -> None:
    def key(file: str) -> str:
        return names.dataset(dataset.digest, file)

    bucket.write_table(key("manifest.csv.gz"), MANIFEST, dataset.accepted)
    bucket.write_table(key("rejected.csv"), REJECTED, dataset.left_out)
    with bucket.upload(key("images.manifest")) as file:
        file.write(json.dumps([{"prefix": f"s3://{bucket.name()}/"}], ensure_ascii=False)[:-1])
        file.writelines(",\n" + json.dumps(row.key, ensure_ascii=False) for row in dataset.accepted)
        file.write("]\n")
    bucket.write_report(dataset.digest, findings)


def _point(epoch: int, digest: str) -> None:
    """The run's digest and the newest data set move together, and only while this run holds the
    lease.
    """
    client = bucket.table().meta.client
    name = bucket.table().name
    try:
        client.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": name,
                        "Key": {"id": "trigger"},
                        "UpdateExpression": "SET #run.#digest = :digest",
                        "ConditionExpression": "#run.#epoch = :epoch",
                        "ExpressionAttributeNames": {
                            "#run": "run",
                            "#digest": "digest",
                            "#epoch": "epoch",
                        },
                        "ExpressionAttributeValues": {":digest": digest, ":epoch": epoch},
                    }
                },
                {
                    "Put": {
                        "TableName": name,
                        "Item": {"id": "dataset", "digest": digest, "epoch": epoch},
                    }
                },
            ]
        )
    except client.exceptions.TransactionCanceledException as error:
        codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", ())]
        if "ConditionalCheckFailed" in codes or "ConditionalCheckFailed" in str(error):
            raise StaleEpoch(
                f"Run {epoch} lost the lease while it assembled its data set."
            ) from error
        raise
