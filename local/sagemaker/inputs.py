"""What does a training job find below /opt/ml/input?
Its channels (File mode) and the configuration files.
"""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDERS = ("input/config", "input/data", "model", "output/data", "code")
DOWNLOADS_AT_ONCE = 4


class InputError(Exception):
    """Why the data of a channel cannot be brought; ends the job with a ClientError, as on AWS."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of s3://bucket/key, or of https://s3.<region>.amazonaws.com/bucket/key, which
    the CDK writes.
    """
    bucket, _, key = re.sub(r"^(s3://|https://s3[^/]*/)", "", uri).partition("/")
    return bucket, key


def write_configuration(root: Path, job: dict[str, Any]) -> None:
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
        for channel in job.get("InputDataConfig", [])
    }
    instance = job["ResourceConfig"].get("InstanceType", "local")
    files = {
        "hyperparameters.json": job.get("HyperParameters", {}),
        "inputdataconfig.json": channels,
        "resourceconfig.json": {
            "current_host": "algo-1",
            "hosts": ["algo-1"],
            "current_instance_type": instance,
            "current_group_name": "homogeneousCluster",
            "instance_groups": [
                {
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": instance,
                    "hosts": ["algo-1"],
                }
            ],
            "network_interface_name": "eth0",
        },
    }
    for name, content in files.items():
        (root / "input/config" / name).write_text(json.dumps(content))


def bring_channels(
    root: Path, job: dict[str, Any], s3: "S3Client", stopped: Callable[[], bool]
) -> None:
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        for channel in job.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            folder = root / "input/data" / channel["ChannelName"]
            folder.mkdir()
            wanted = [
                (bucket, key, inside(folder, name)) for bucket, key, name in _objects(s3, source)
            ]
            if not wanted:
                raise InputError(
                    f"no S3 objects found under S3 URL {source['S3Uri']} given in input data source"
                )
            for _ in pool.map(lambda one: None if stopped() else _download(s3, *one), wanted):
                pass


def _objects(s3: "S3Client", source: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(bucket, key, name below the channel's folder) of what belongs to the channel."""
    bucket, key = split_uri(source["S3Uri"])
    if source["S3DataType"] == "ManifestFile":
        yield from _in_manifest(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return
    # Below a folder, names start after it; a prefix that ends within a name keeps that name.
    start = key.rfind("/") + 1
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
        for found in page.get("Contents", []):
            if not found["Key"].endswith("/"):
                yield bucket, found["Key"], found["Key"][start:]


def _in_manifest(text: bytes) -> Iterator[tuple[str, str, str]]:
    """A manifest is [{"prefix": "s3://bucket/some/"}, "relative/name", …]:
    names keep their folders.
    """
    try:
        head, *names = json.loads(text)
        prefix = head["prefix"]
    except (ValueError, TypeError, KeyError):
        raise InputError(
            'the manifest must be a JSON list that starts with {"prefix": "s3://…"}'
        ) from None
    bucket, start = split_uri(prefix)
    for name in names:
        yield bucket, start + name, name


def inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"the object {name!r} would land outside its channel")
    return path


def _download(s3: "S3Client", bucket: str, key: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    s3.download_file(bucket, key, str(path))
