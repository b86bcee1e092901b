"""Which pictures make up the data set, and is it new and large enough? Writes it, reports it, and
points to it.

Only the run that holds the lease may point to it. The same pictures under the same labels have the
same address, so a data set's files are written again when names change or other pictures are left
out; its digest says what is trained on.
"""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from lambdas.aws import bucket, imports, kept_features
from lambdas.aws.release_item import LiveRelease
from lambdas.aws.state import StateTable, state_table
from lensloop import news
from lensloop.dataset import snapshot
from lensloop.dataset.assembly import Dataset, assemble
from lensloop.dataset.fetched import to_fetch
from lensloop.dataset.kept_features import KeptFeatures
from lensloop.dataset.readiness import readiness
from lensloop.dataset.report import History, report
from lensloop.dataset.rows import MANIFEST, REJECTED, Row
from lensloop.model.imported import MODEL
from lensloop.model.standards import (
    BACKBONES,
    JUDGE,
    NOTHING,
    Judged,
    LiveModel,
    Standards,
    what_to_do,
)
from lensloop.reasons import MOST, shortened
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import BadArtifact, StaleEpoch

_GOLDEN = names.GOLDEN_PREFIX
_KEY_BYTES = 16  # more than anybody can try


@bucket.without_collector()
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch, settings = int(event["epoch"]), Settings.from_json(os.environ["SETTINGS"])
    table = state_table()
    trigger, live, last = table.trigger(), table.live(), table.dataset()
    if trigger.run is None or trigger.run.epoch != epoch:
        raise StaleEpoch(f"Run {epoch} does not hold the lease any more, so it assembles nothing.")
    summary = bucket.read_json(snapshot.work_file(epoch, snapshot.SUMMARY))
    inspected, samples = _inspected(summary["chunks"])
    gone = list(bucket.stream_rows(snapshot.work_file(epoch, snapshot.GONE)))
    history = History(
        epoch=epoch,
        report=bucket.read_json(names.dataset(last.digest, "report.json")) if last else {},
        inspected=frozenset(row.key for row in inspected),
        gone=gone,
        samples=samples,
        folders=summary["folders"],
        leftovers=summary["leftovers"],
        beside=summary["beside"],
        right=bucket.right_labels() if last else frozenset(),
        imports=imports.records(),
    )
    rows = _all_rows(epoch, inspected)
    dataset = assemble(rows, gone, settings.min_test_images_per_label, _split_key(table))
    ready = readiness(dataset, settings, bucket.name(), history.beside)
    if not ready.reasons and settings.golden_set_accuracy and not bucket.holds_any(_GOLDEN):
        ready = ready._replace(reasons=[news.NO_GOLDEN_SET])
    beaten = live if live and _is_there(live) else None
    fetched = to_fetch(
        dataset.accepted,
        _kept(settings, beaten),
        epoch,
        settings.training_volume_gb,
        settings.algorithm,
    )
    _write(dataset, fetched.rows, report(dataset, ready, history, settings))
    table.point_dataset(epoch, dataset.digest)
    standards, trained = Standards.from_settings(settings), table.trained()
    approved = bool(trigger.approved) and trigger.approved == dataset.digest
    todo = what_to_do(
        dataset.digest,
        standards,
        Judged("" if approved else trigger.digest, trigger.judged_by),
        trained,
        LiveModel(live.epoch, live.dataset, live.training) if live else None,
        approved=approved,
    )
    imported = _imported(trigger.to_import)
    changed = todo != NOTHING or imported is not None
    model = trained.model if trained and todo == JUDGE and bucket.holds(trained.model) else None
    blocked = dataset.digest == trigger.blocked_digest and imported is None
    return {
        "epoch": epoch,
        "digest": dataset.digest,
        "standards": str(standards),
        "changed": changed,
        "model": None if imported else model,
        "imported": imported,
        "approved": approved,
        "blocked": blocked,
        "trainable": not ready.reasons,
        "misplaced": ready.misplaced,
        "reasons": _reasons(changed, blocked, ready.reasons),
        "beside": history.new_beside,
        "moves": list(ready.moves[:MOST]) if changed and not blocked else [],
        "images": len(dataset.accepted),
        "fetched": {
            "images": len(fetched.rows),
            "bytes": fetched.bytes,
            "volume_gb": fetched.volume_gb,
            "everything_gb": fetched.everything_gb,
        },
        "rejected": len(dataset.rejected),
        "report": names.dataset(dataset.digest, "report.html"),
        "live_epoch": beaten.epoch if beaten else None,
        "live_gone": live.epoch if live and not beaten else None,
    }


def _is_there(live: LiveRelease) -> bool:
    """SageMaker starts no job with a channel that holds nothing: a live release whose files are
    gone is left out, so that a better one can be trained.
    """
    return bucket.holds(f"s3://{bucket.name()}/{names.release(live.epoch, 'manifest.json')}")


def _kept(settings: Settings, live: LiveRelease | None) -> KeptFeatures:
    """Nothing for an algorithm that teaches the whole network: it needs every picture."""
    backbone = BACKBONES.get(settings.algorithm)
    return (
        kept_features.kept(backbone, live.epoch if live else None) if backbone else KeptFeatures()
    )


def _split_key(table: StateTable) -> str:
    """Made by the first run, and never again: who knew it could choose a picture's split."""
    return table.split_key(secrets.token_hex(_KEY_BYTES))


def _imported(digest: str) -> dict[str, str] | None:
    """The model from elsewhere that a person wants tried. Raises BadArtifact."""
    if not digest:
        return None
    uri = f"s3://{bucket.name()}/{names.imported(digest)}"
    if not bucket.holds(f"{uri}{MODEL}"):
        raise BadArtifact(f"The imported model is not at {uri} any more; import it again.")
    return {"digest": digest, "uri": uri}


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


def _write(dataset: Dataset, fetched: Sequence[Row], findings: dict[str, Any]) -> None:
    def key(file: str) -> str:
        return names.dataset(dataset.digest, file)

    bucket.write_table(key("manifest.csv.gz"), MANIFEST, dataset.accepted)
    bucket.write_table(key("rejected.csv"), REJECTED, dataset.rejected)
    for name, rows in (("images.manifest", dataset.accepted), ("fetch.manifest", fetched)):
        with bucket.upload(key(name)) as file:
            file.write(json.dumps([{"prefix": f"s3://{bucket.name()}/"}], ensure_ascii=False)[:-1])
            file.writelines(",\n" + json.dumps(row.key, ensure_ascii=False) for row in rows)
            file.write("]\n")
    bucket.write_report(dataset.digest, findings)
