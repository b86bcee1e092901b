"""What does a training job leave? model.tar.gz and output.tar.gz in S3, its log, and the metrics
found in it.
"""

import contextlib
import logging
import re
import tarfile
import time
from pathlib import Path
from typing import Any

import botocore.exceptions

from local.sagemaker.inputs import split_uri

logger = logging.getLogger("lensloop")

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
LINES_AT_ONCE = 5000


def upload(root: Path, job: dict[str, Any], s3: Any, folder: str, archive: str) -> str:
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
    """What the job itself says about its failure, in /opt/ml/output/failure."""
    file = root / "output" / "failure"
    said = file.read_text(errors="replace").strip() if file.is_file() else ""
    return f"AlgorithmError: {said[:900] or 'the training script failed'}, exit code: {code}"


def metrics(job: dict[str, Any], log: str) -> list[dict[str, Any]]:
    definitions = job["AlgorithmSpecification"].get("MetricDefinitions", [])
    found = [(metric["Name"], re.findall(metric["Regex"], log)) for metric in definitions]
    return [
        {"MetricName": name, "Value": float(values[-1]), "Timestamp": time.time()}
        for name, values in found
        if values
    ]


def send_log(job_name: str, text: str, logs: Any) -> None:
    """A role without permission loses the log, as on AWS; the job goes on."""
    stream = {"logGroupName": LOG_GROUP, "logStreamName": f"{job_name}/algo-1-{int(time.time())}"}
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in text.splitlines() if line]
    try:
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=LOG_GROUP)
        logs.create_log_stream(**stream)
        for start in range(0, len(events), LINES_AT_ONCE):
            logs.put_log_events(**stream, logEvents=events[start : start + LINES_AT_ONCE])
    except botocore.exceptions.ClientError as error:
        logger.warning("The log of training job %s could not be sent: %s", job_name, error)
