"""What does a training job leave? model.tar.gz and output.tar.gz in S3, its log, and the metrics
found in it.
"""

import contextlib
import logging
import re
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from local.sagemaker import images
from local.sagemaker.inputs import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger("lensloop")

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
LINES_AT_ONCE = 5000


def upload(root: Path, job: dict[str, Any], s3: "S3Client", folder: str, archive: str) -> str:
    """Packs a folder below /opt/ml as the job's archive; returns where it is."""
    bucket, prefix = split_uri(job["OutputDataConfig"]["S3OutputPath"])
    key = "/".join(
        part for part in (prefix.strip("/"), job["TrainingJobName"], "output", archive) if part
    )
    packed = root.parent / archive
    with tarfile.open(packed, "w:gz", compresslevel=1) as tar:  # a local disk: speed before size
        for path in sorted((root / folder).iterdir()):
            tar.add(path, arcname=path.name)
    s3.upload_file(str(packed), bucket, key)
    packed.unlink()
    return f"s3://{bucket}/{key}"


def failure(root: Path, code: int) -> str:
    """What the job itself says about its failure, in /opt/ml/output/failure. AWS's own algorithms
    say when it was the customer's.
    """
    file = root / "output" / "failure"
    reason = file.read_text(errors="replace").strip() if file.is_file() else ""
    if reason.startswith("ClientError: "):
        return reason
    return f"AlgorithmError: {reason[:900] or 'the training script failed'}, exit code: {code}"


def metrics(job: dict[str, Any], log: str) -> list[dict[str, Any]]:
    algorithm = job["AlgorithmSpecification"]
    definitions = algorithm.get("MetricDefinitions") or images.metrics(algorithm["TrainingImage"])
    found = [(metric["Name"], re.findall(metric["Regex"], log)) for metric in definitions]
    return [
        {"MetricName": name, "Value": float(values[-1]), "Timestamp": time.time()}
        for name, values in found
        if values
    ]


class Log:
    """What the job prints, sent as it comes: a person may follow the training as on AWS."""

    def __init__(self, job_name: str, file: Path, logs: Any) -> None:  # its stubs are not installed
        name = f"{job_name}/algo-1-{int(time.time())}"
        self._stream = {"logGroupName": LOG_GROUP, "logStreamName": name}
        self._file, self._logs = file, logs
        self._sent = 0  # bytes
        self._lost = not self._try(self._begin)

    def send(self, unfinished: bool = False) -> None:
        """All whole lines that are new; at the end also the one that has no end."""
        if self._lost or not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._sent)
            new = file.read()
        ready = len(new) if unfinished else new.rfind(b"\n") + 1
        self._sent += ready
        now = int(time.time() * 1000)
        lines = new[:ready].decode(errors="replace").splitlines()
        events = [{"timestamp": now, "message": line} for line in lines if line]
        for start in range(0, len(events), LINES_AT_ONCE):
            self._put(events[start : start + LINES_AT_ONCE])

    def _begin(self) -> None:
        with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_group(logGroupName=LOG_GROUP)
        self._logs.create_log_stream(**self._stream)

    def _put(self, events: list[dict[str, Any]]) -> None:
        sent = self._try(lambda: self._logs.put_log_events(**self._stream, logEvents=events))
        self._lost = self._lost or not sent

    def _try(self, call: Callable[[], Any]) -> bool:
        """A role without permission loses the log, as on AWS; the job goes on."""
        try:
            call()
        except botocore.exceptions.ClientError as error:
            name = self._stream["logStreamName"]
            logger.warning("The log of training job %s could not be sent: %s", name, error)
            return False
        return True
