"""Which release is live, which cameras are in a wave, and how is an order to them withdrawn?

Shared by the two steps of the rollout and by what follows from cameras' reports.
"""

import os

from botocore.exceptions import ClientError

from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop.rollout import Release
from lensloop.wire.errors import BadArtifact

_GROUPS = {"canary": "CANARY_GROUP_ARN", "fleet": "FLEET_GROUP_ARN"}
_NO_SUCH_THING = ("ResourceNotFoundException", "InvalidRequestException")


def live_release() -> Release:
    live = state_table().live()
    if live is None:
        raise BadArtifact("No release is live yet, so none can be rolled out.")
    return Release(live.epoch, live.model_sha256)


def group_of(wave: str) -> str:
    return os.environ[_GROUPS[wave]]


def cameras_in(wave: str) -> list[str]:
    pages = (
        clients.iot()
        .get_paginator("list_things_in_thing_group")
        .paginate(thingGroupName=group_of(wave).rpartition("/")[2])
    )
    return [thing for page in pages for thing in page["things"]]


def wave_of(thing: str) -> str:
    """Empty for what is no camera of this project, or no thing at all."""
    try:
        answer = clients.iot().list_thing_groups_for_thing(thingName=thing)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_SUCH_THING:
            return ""
        raise
    groups = {group["groupArn"] for group in answer["thingGroups"]}
    return next((wave for wave in _GROUPS if group_of(wave) in groups), "")


def thing_arn(thing: str) -> str:
    """Beside the groups: in their partition, region and account."""
    return f"{group_of('fleet').rpartition(':')[0]}:thing/{thing}"


def withdraw(job: str, reason: str) -> None:
    """Cameras that have not begun will not; one that has begun may finish. Harmless for a job that
    is over or gone.
    """
    try:
        clients.iot().cancel_job(
            jobId=job, reasonCode=reason, comment="Withdrawn by the rollout workflow"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "InvalidRequestException",
            "ResourceNotFoundException",
        ):
            raise
    state_table().forget_rollout_job(job)
