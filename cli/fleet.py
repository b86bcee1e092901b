"""Which cameras exist, and what do they run? Reads AWS IoT; nothing here changes anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lensloop.wire.errors import LensloopError

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

_A_PAGE = 250  # the most that AWS IoT gives; its default is 25
WAVES = ("canary", "fleet")


class CameraError(LensloopError):
    """A camera cannot be added or removed; the message says what to do."""


@dataclass(frozen=True)
class Camera:
    thing: str
    wave: str
    # What it reported last, "release 7 proven 12/12"; of one that never did, what it said to the
    # newest release it was sent, or the job's status.
    answer: str


def require_stack(iot: "IoTClient", prefix: str) -> None:
    """The groups and the policy come from `make deploy`."""
    try:
        iot.get_policy(policyName=f"{prefix}-camera")
        for wave in WAVES:
            iot.describe_thing_group(thingGroupName=f"{prefix}-{wave}")
    except iot.exceptions.ResourceNotFoundException:
        raise CameraError(
            f"Nothing called {prefix} is deployed in {iot.meta.region_name} of this account; deploy"
            " first (`make deploy` or `make deploy-local`), then add cameras."
        ) from None


def registered(iot: "IoTClient", prefix: str) -> list[tuple[str, str]]:
    """Each camera and its wave."""
    require_stack(iot, prefix)
    found = []
    for wave in WAVES:
        found += [(thing, wave) for thing in sorted(things(iot, f"{prefix}-{wave}"))]
    return found


def cameras(
    iot: "IoTClient", prefix: str, answers: Mapping[str, str] | None = None
) -> list[Camera]:
    """`answers`: what is known of some already; about each other AWS IoT is asked twice."""
    found = []
    for thing, wave in registered(iot, prefix):
        answer = (answers or {}).get(thing) or _newest_answer(iot, prefix, thing)
        found.append(Camera(thing, wave, answer))
    return found


def things(iot: "IoTClient", group: str) -> list[str]:
    pages = iot.get_paginator("list_things_in_thing_group").paginate(
        thingGroupName=group, PaginationConfig={"PageSize": _A_PAGE}
    )
    return [thing for page in pages for thing in page["things"]]


def _newest_answer(iot: "IoTClient", prefix: str, thing: str) -> str:
    """From the executions of this project's rollout jobs."""
    pages = iot.get_paginator("list_job_executions_for_thing").paginate(thingName=thing)
    found = []
    for page in pages:
        for item in page["executionSummaries"]:
            if item["jobId"].startswith(f"{prefix}-r"):
                found.append(item)
    if not found:
        return "no release yet"
    newest = max(found, key=lambda item: item["jobExecutionSummary"]["queuedAt"])
    try:
        execution = iot.describe_job_execution(jobId=newest["jobId"], thingName=thing)["execution"]
    except ClientError as error:
        return f"{newest['jobId']}: {error.response['Error']['Message']}"
    details = execution.get("statusDetails", {}).get("detailsMap", {})
    if execution["status"] == "SUCCEEDED":
        return f"release {details.get('epoch', '?')} proven {details.get('golden', '?')}"
    return f"{newest['jobId']}: {execution['status'].lower()} {details.get('reason', '')}".strip()
