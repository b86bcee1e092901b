"""Do 10,000 uploads during a training cost exactly one more training, with all 10,000 in it? On the
local cloud.
"""

import csv
import gzip
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
from PIL import Image

from bench.figure import figure
from lensloop.wire import names
from local.cloud import LocalCloud

BEFORE, BURST, LABELS = 120, 10_000, ("compost", "landfill", "recycling")
CONTEXT = {
    "quiet_seconds": "15",
    "max_wait_seconds": "600",
    "training_platform": "local",
    "min_accuracy": "0",
}
Objects = Iterator[tuple[str, bytes]]


def rows() -> list[dict[str, Any]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCloud(Path(folder), port=0, mqtt_port=0) as cloud,
    ):
        outputs = cloud.deploy(CONTEXT)
        bucket, machine = outputs["Bucket"], outputs["RetrainingWorkflow"]
        states, jobs = cloud.client("stepfunctions"), cloud.client("sagemaker")
        _upload(cloud, bucket, "first", BEFORE)
        _until(lambda: _jobs(jobs, "InProgress"), "the first training")
        _upload(cloud, bucket, "burst", BURST)
        _until(
            lambda: len(_ended(states, machine)) >= 2 and not _running(states, machine),
            "the second run",
            1800,
        )
        time.sleep(30)  # a third run would begin within the quiet time
        trained = _rows_of_the_newest(cloud, bucket)
        trainings = len(_jobs(jobs))
    burst = sum("/burst-" in key for key in trained)
    return [
        figure(
            f"trainings after {BURST:,} uploads during one",
            trainings - 1,
            BURST,
            "trainings; other = one for each object, as the usual tutorial has it",
            BURST / max(trainings - 1, 1),
            "exactly 1",
            trainings == 2,
        ),
        figure(
            "uploads of the burst in its manifest",
            burst,
            BURST,
            "pictures",
            burst / BURST,
            "all",
            burst == BURST,
        ),
    ]


def _pictures(part: str, count: int) -> Objects:
    """Small blocks of noise, brighter for each label: no two alike, and quick to make."""
    rng = numpy.random.default_rng(len(part))
    for number in range(count):
        kind = number % len(LABELS)
        blocks = rng.integers(70 * kind, 70 * kind + 110, (8, 8, 3), dtype=numpy.uint8)
        file = io.BytesIO()
        Image.fromarray(blocks).resize((48, 48), Image.Resampling.NEAREST).save(file, "PNG")
        yield f"{names.IMAGES_PREFIX}{LABELS[kind]}/{part}-{number:05d}.png", file.getvalue()


def _upload(cloud: LocalCloud, bucket: str, part: str, count: int) -> None:
    s3 = cloud.client("s3")
    print(f"  uploading {count:,} pictures …", flush=True)
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(
            lambda item: s3.put_object(Bucket=bucket, Key=item[0], Body=item[1]),
            _pictures(part, count),
        ):
            pass


def _until(seen: Callable[[], object], what: str, seconds: float = 300) -> None:
    print(f"  waiting for {what} …", flush=True)
    deadline = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not seen within {seconds:.0f} s")
        time.sleep(1)


def _jobs(sagemaker: Any, status: str = "") -> list[str]:
    summaries = sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in summaries if status in ("", job["TrainingJobStatus"])]


def _ended(states: Any, machine: str) -> list[str]:
    found = states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
    return [execution["name"] for execution in found]


def _running(states: Any, machine: str) -> bool:
    return bool(
        states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    )


def _rows_of_the_newest(cloud: LocalCloud, bucket: str) -> list[str]:
    """The keys in the manifest of the data set that was judged last."""
    tables = cloud.client("dynamodb")
    table = next(name for name in tables.list_tables()["TableNames"] if name.endswith("-state"))
    digest = tables.get_item(TableName=table, Key={"id": {"S": "trigger"}})["Item"]["digest"]["S"]
    body = (
        cloud.client("s3")
        .get_object(Bucket=bucket, Key=names.dataset(digest, "manifest.csv.gz"))["Body"]
        .read()
    )
    return [row["key"] for row in csv.DictReader(io.StringIO(gzip.decompress(body).decode()))]
