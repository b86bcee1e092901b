"""Which labels does the model that was just trained doubt?
Puts them into the report of its data set.

It does so before the verdict, because a model is often refused for wrong labels, and the report
then shows which.
"""

import csv
from collections.abc import Sequence
from typing import Any

from lambdas.aws import bucket, clients
from lambdas.aws.artifact import fetch
from lensloop.archive import parsed, read_files
from lensloop.dataset.suspicious import (
    COLUMNS,
    FILE,
    Doubt,
    doubted,
    read_doubts,
    sentences,
    without,
)
from lensloop.wire import names
from lensloop.wire.errors import StaleEpoch


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch, digest = int(event["epoch"]), event["digest"]
    archive, _ = fetch(clients.s3(), bucket.name(), event["model"])
    files = read_files(archive, lambda name: name == FILE)
    if FILE not in files:  # an algorithm that doubts no labels
        return {"count": 0, "sentences": []}
    doubts = without(read_doubts(parsed(files, FILE)), bucket.right_labels())
    report = bucket.read_json(names.dataset(digest, "report.json"))
    if report["epoch"] != epoch:
        raise StaleEpoch(
            f"The report of {digest} is of run {report['epoch']} by now, so run {epoch} leaves it"
            " alone."
        )
    report = doubted(report, doubts)
    _write_all(names.dataset(digest, "suspicious.csv"), doubts)
    bucket.write_report(digest, report)
    return {"count": len(doubts), "sentences": sentences(report["suspicious"])}


def _write_all(key: str, doubts: Sequence[Doubt]) -> None:
    with bucket.upload(key) as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(doubts)
