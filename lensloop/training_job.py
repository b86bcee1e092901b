"""What is a training job given of this run? Its channels and hyperparameters, as CreateTrainingJob
takes them.

The channels that every job has, code and libraries, are the workflow's own.
"""

from typing import Any

from lensloop.settings import Settings
from lensloop.wire import names


def channels(bucket: str, digest: str, live_epoch: int | None) -> list[dict[str, Any]]:
    """`live`, the release to be beaten, is there only once there is one."""
    uris = {
        "dataset": ("S3Prefix", names.dataset(digest, "manifest.csv.gz")),
        "images": ("ManifestFile", names.dataset(digest, "images.manifest")),
    }
    if live_epoch is not None:
        uris["live"] = ("S3Prefix", names.release(live_epoch))
    return [
        {
            "ChannelName": name,
            "InputMode": "File",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": kind,
                    "S3Uri": f"s3://{bucket}/{key}",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for name, (kind, key) in uris.items()
    ]


def hyperparameters(settings: Settings, epoch: int, digest: str) -> dict[str, str]:
    return {
        "algorithm": settings.algorithm,
        "epoch": str(epoch),
        "digest": digest,
        "project": settings.project,
    }
