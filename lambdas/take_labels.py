"""Which labels did people give, now that a job of Ground Truth has ended? Copies its pictures under
them, and leaves a note of what was taken and what was left out, and the record of an import.

Called by an EventBridge rule, and again if it fails: the same copies are made under the same names,
and the same record.
Event: EventBridge's own, `SageMaker Ground Truth Labeling Job State Change`.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from lambdas.aws import bucket, clients
from lensloop.importing import groundtruth, provenance
from lensloop.importing.groundtruth import ManifestError
from lensloop.labeling.job import ATTRIBUTE, of_key, taken_key
from lensloop.labeling.taking import Copy, Taking, recorded, taking
from lensloop.reasons import by_kind

_VERSION = 16  # digits of the manifest's hash
_AT_ONCE = 16  # copies: S3 makes each in some 50 ms, mostly waiting


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    name = str(event["resources"][0]).rpartition("/")[2]
    told = clients.sagemaker().describe_labeling_job(LabelingJobName=name)
    key = told.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri", "")
    key = key.removeprefix(f"s3://{bucket.name()}/")
    if not of_key(key):
        return _said(name, 0, {"It left no output manifest in this project's bucket.": 1})
    try:
        content = bucket.read(key)
        lines = groundtruth.read(content.decode("utf-8").splitlines(), ATTRIBUTE)
    except (ManifestError, UnicodeDecodeError) as error:
        return _said(name, 0, {str(error): 1})
    found = taking(lines, bucket.name())
    copied = _copy_all(found.copies)
    reasons = _reasons(found)
    if gone := len(found.copies) - len(copied):
        reasons["The picture is no longer there."] = gone
    if copied:
        _record(copied, reasons, f"s3://{bucket.name()}/{key}", content)
    said = _said(name, len(copied), reasons)
    bucket.write_json(taken_key(name), said)
    return said


def _record(copied: list[Copy], reasons: dict[str, int], manifest: str, content: bytes) -> None:
    version = hashlib.sha256(content).hexdigest()[:_VERSION]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = recorded(copied, reasons, manifest, version, now)
    bucket.write_json(provenance.key(told["id"]), told)


def _copy_all(copies: list[Copy]) -> list[Copy]:
    """Those that were there."""
    clients.s3()  # made before the threads that share it
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done = zip(copies, pool.map(_copy, copies), strict=True)
        return [copy for copy, was_there in done if was_there]


def _copy(copy: Copy) -> bool:
    try:
        clients.s3().copy_object(
            Bucket=bucket.name(),
            Key=copy.target,
            CopySource={"Bucket": bucket.name(), "Key": copy.source},
        )
    except ClientError as error:
        if not bucket.is_missing(error):
            raise
        return False
    return True


def _reasons(found: Taking) -> dict[str, int]:
    return {same[0].reason: len(same) for same in by_kind(found.left_out, lambda left: left.reason)}


def _said(name: str, taken: int, left_out: dict[str, int]) -> dict[str, Any]:
    said = {"job": name, "taken": taken, "left_out": left_out}
    print(json.dumps({"level": "INFO", "message": f"Labels of {name}", **said}))
    return said
