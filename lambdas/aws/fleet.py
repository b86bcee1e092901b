"""Which release is live, which cameras are in a wave, and how is an order to them withdrawn?

Shared by the two steps of the rollout. The table's item "rollout" holds the names of the project's
open jobs, so that older ones can be withdrawn without the right to list every job of the account.
"""

import functools
import os
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lensloop.rollout import Release
from lensloop.wire.errors import BadArtifact

_GROUPS = {"canary": "CANARY_GROUP_ARN", "fleet": "FLEET_GROUP_ARN"}


def live_release() -> Release:
    item = table().get_item(Key={"id": "live"}, ConsistentRead=True).get("Item")
    if not item:
        raise BadArtifact("No release is live yet, so none can be rolled out.")
    return Release(int(item["epoch"]), item["model_sha256"])


def group_of(wave: str) -> str:
    return os.environ[_GROUPS[wave]]


def cameras_in(wave: str) -> list[str]:
    pages = (
        iot()
        .get_paginator("list_things_in_thing_group")
        .paginate(thingGroupName=group_of(wave).rpartition("/")[2])
    )
    return [thing for page in pages for thing in page["things"]]


def open_jobs() -> list[str]:
    return sorted(
        table().get_item(Key={"id": "rollout"}, ConsistentRead=True).get("Item", {}).get("jobs", ())
    )


def note_job(job: str) -> None:
    _change_jobs("ADD", job)


def withdraw(job: str, reason: str) -> None:
    """Cameras that have not begun will not; one that has begun may finish. Harmless for a job that
    is over or gone.
    """
    try:
        iot().cancel_job(jobId=job, reasonCode=reason, comment="Withdrawn by the rollout workflow")
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "InvalidRequestException",
            "ResourceNotFoundException",
        ):
            raise
    _change_jobs("DELETE", job)


def _change_jobs(verb: str, job: str) -> None:
    table().update_item(
        Key={"id": "rollout"},
        UpdateExpression=f"{verb} #jobs :job",
        ExpressionAttributeNames={"#jobs": "jobs"},
        ExpressionAttributeValues={":job": {job}},
    )


@functools.cache
def iot() -> Any:
    return boto3.client("iot")


@functools.cache
def table() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["TABLE"])
