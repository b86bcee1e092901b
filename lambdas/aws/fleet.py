"""Which release is rolled out, which cameras are in a wave, and how is an order to them withdrawn?

Shared by the two steps of the rollout and by what follows from cameras' reports.
"""

import os

from botocore.exceptions import ClientError

from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop import rollout
from lensloop.news import short_name
from lensloop.rollout import Release, WaveState, place_taken
from lensloop.wire.errors import BadArtifact

_GROUPS = {"canary": "CANARY_GROUP_ARN", "fleet": "FLEET_GROUP_ARN"}
_NO_SUCH_THING = ("ResourceNotFoundException", "InvalidRequestException")


def release(epoch: int, again: int = 0) -> tuple[Release, str]:
    """What the state table knows of it, and why its rollout goes no further, or nothing. `again`:
    which try of it asks, where one does.
    """
    table = state_table()
    live, candidate = table.live(), table.candidate()
    tried = candidate.release if candidate else None
    why = place_taken(
        epoch,
        live.epoch if live else 0,
        tried.epoch if tried else 0,
        candidate.state if candidate else "",
    )
    if candidate and candidate.release.epoch == epoch and again and candidate.again > again:
        why = f"the rollout of release {epoch} has begun again"
    for one in (live, tried):
        if one and one.epoch == epoch:
            return Release(epoch, one.model_sha256), why
    if not why:
        raise BadArtifact(
            f"Release {epoch} is neither live nor the candidate, so it cannot be rolled out."
        )
    return Release(epoch, ""), why


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


def open_orders(thing: str, prefix: str) -> list[str]:
    """The project's jobs that this camera has not answered."""
    ask = clients.iot().get_paginator("list_job_executions_for_thing").paginate
    pages = [*ask(thingName=thing, status="QUEUED"), *ask(thingName=thing, status="IN_PROGRESS")]
    jobs = [execution["jobId"] for page in pages for execution in page["executionSummaries"]]
    return [job for job in jobs if job.startswith(f"{prefix}-r")]


def withdraw(job: str, reason: str) -> None:
    """A wave's. It needs the right to write the item `rollout`."""
    cancel(job, reason)
    state_table().forget_rollout_job(job)


def cancel(job: str, reason: str) -> None:
    """Cameras that have not begun will not; one that has begun may finish. Harmless for a job that
    is over or gone.
    """
    try:
        clients.iot().cancel_job(jobId=job, reasonCode=reason, comment="Withdrawn by Lensloop")
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "InvalidRequestException",
            "ResourceNotFoundException",
        ):
            raise


def withdraw_all(epoch: int, reason: str = "NOT_PROVEN", wave: str = "") -> None:
    """A camera that comes to the wave later, or to either, must not take the release any more."""
    for job in state_table().rollout_jobs():
        if f"-r{epoch}-" in job and job.endswith(wave):
            withdraw(job, reason)


def paused() -> WaveState | None:
    """What a step of the rollout answers while a person has paused rollouts."""
    found = state_table().paused()
    return rollout.paused(short_name(found.by), found.note) if found else None
