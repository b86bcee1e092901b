"""How far is a run? Asks Step Functions for its step,
and SageMaker and CloudWatch for its training.
"""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cli.place import Place
from lensloop.machines.ladder import ATTEMPTS
from lensloop.trigger.terms import Execution, Facts
from lensloop.wire import names

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeTrainingJobResponseTypeDef
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

LOGS = "/aws/sagemaker/TrainingJobs"
# What training/embed.py reports every two seconds.
_PROGRESS = re.compile(r"[\w ]+ \d+ of \d+ pictures \(\d+/s\)")
# Questions take no time; where a run stands is what it works at or waits for.
_PLACES = frozenset(f"{kind}StateEntered" for kind in ("Task", "Map", "Wait", "Succeed", "Fail"))


@dataclass(frozen=True)
class Training:
    job: str
    status: str  # SageMaker's: InProgress, Completed, …
    phase: str  # SageMaker's: Starting, Downloading, Training, Uploading, …
    progress: str  # the newest line of its log that says how far it is; empty when none does


@dataclass(frozen=True)
class Stand:
    """Where an execution stands."""

    epoch: int
    began_at: int
    step: str
    since: int
    status: str  # Step Functions': RUNNING, SUCCEEDED, …
    training: Training | None = None

    @property
    def ended(self) -> bool:
        return self.status != "RUNNING"


def stand(place: Place, workflow: str, epoch: int, again: int = 1) -> Stand | None:
    """None: this epoch has no execution in that workflow."""
    arn = place.execution(workflow, epoch, again)
    found = _describe(place, arn)
    if found is None:
        return None
    began = int(found["startDate"].timestamp())
    step, since = _newest_step(place, arn) or ("beginning", began)
    training = None
    if workflow == "retraining" and step.startswith("Train"):
        training = _training(place, epoch)
    return Stand(epoch, began, step, since, found["status"], training)


@dataclass(frozen=True)
class Ended:
    """What Step Functions keeps of an execution, for 90 days."""

    outcome: str
    reasons: tuple[str, ...]
    at: str


def ended(place: Place, workflow: str, epoch: int) -> Ended | None:
    """None: there is no such execution, or it still runs."""
    found = _describe(place, place.execution(workflow, epoch))
    if found is None or "stopDate" not in found:
        return None
    output = json.loads(found.get("output") or "{}")
    failure = [found[part] for part in ("error", "cause") if found.get(part)]
    status = found["status"].lower().replace("_", "-")
    return Ended(
        output.get("outcome", status),
        tuple(map(str, failure or output.get("reasons", ()))),
        found["stopDate"].isoformat(),
    )


def facts(place: Place, epoch: int) -> Facts:
    """What the tick would ask before it decides what to do with this run."""
    found = _describe(place, place.execution("retraining", epoch))
    if found is None:
        return Facts()
    stopped = found.get("stopDate")
    execution = Execution(
        status=found["status"],
        started_at=int(found["startDate"].timestamp()),
        stopped_at=int(stopped.timestamp()) if stopped else 0,
    )
    if not execution.ended:
        return Facts(execution)
    jobs = {}
    for attempt in ATTEMPTS:
        job = _job(place, epoch, attempt)
        if job:
            jobs[job["TrainingJobName"]] = job["TrainingJobStatus"]
    return Facts(execution, jobs)


def _describe(place: Place, arn: str) -> "DescribeExecutionOutputTypeDef | None":
    states = place.client("stepfunctions")
    try:
        return states.describe_execution(executionArn=arn)
    except states.exceptions.ExecutionDoesNotExist:
        return None


def _newest_step(place: Place, arn: str) -> tuple[str, int] | None:
    """Its name and since when, or None when the execution has only just begun."""
    history = place.client("stepfunctions").get_execution_history(
        executionArn=arn, reverseOrder=True, includeExecutionData=False, maxResults=100
    )
    for event in history["events"]:
        if event["type"] in _PLACES:
            return event["stateEnteredEventDetails"]["name"], int(event["timestamp"].timestamp())
    return None


def _training(place: Place, epoch: int) -> Training | None:
    """The newest of the run's jobs. Not every attempt made one."""
    for attempt in reversed(ATTEMPTS):
        job = _job(place, epoch, attempt)
        if job:
            name = job["TrainingJobName"]
            return Training(
                name, job["TrainingJobStatus"], job["SecondaryStatus"], _progress(place, name)
            )
    return None


def _job(place: Place, epoch: int, attempt: int) -> "DescribeTrainingJobResponseTypeDef | None":
    name = names.training_job(place.prefix, epoch, attempt)
    try:
        return place.client("sagemaker").describe_training_job(TrainingJobName=name)
    except ClientError as error:
        if "not found" in str(error).lower():
            return None
        raise


def _progress(place: Place, job: str) -> str:
    """A log that is not there yet, or that this person may not read, is no reason to fail."""
    logs = place.client("logs")
    try:
        streams = logs.describe_log_streams(logGroupName=LOGS, logStreamNamePrefix=f"{job}/")
        if not streams["logStreams"]:
            return ""
        stream = streams["logStreams"][-1]["logStreamName"]
        found = logs.get_log_events(logGroupName=LOGS, logStreamName=stream, limit=100)
    except ClientError:
        return ""
    return progress([event["message"] for event in found["events"]])


def progress(messages: list[str]) -> str:
    """The newest line that says how far the training is."""
    for message in reversed(messages):
        if _PROGRESS.fullmatch(message.strip()):
            return message.strip()
    return ""
