"""What has really happened?
Everything that the demo claims is read back through the APIs of AWS.
"""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.clients import Clients
from lambdas.aws.state import StateTable
from lensloop import record
from lensloop.record import Record
from lensloop.wire import names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

ENDED_WELL = "SUCCEEDED"
STEP_BEGINS = frozenset(
    {"TaskStateEntered", "MapStateEntered", "SucceedStateEntered", "FailStateEntered"}
)


@dataclass(frozen=True)
class Run:
    """One execution of a workflow."""

    name: str
    arn: str
    status: str
    output: dict[str, Any]

    @property
    def ended(self) -> bool:
        return self.status != "RUNNING"

    @property
    def epoch(self) -> int:
        return int(self.name.removeprefix("r"))

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(self.output.get("reasons", ()))

    @property
    def ending(self) -> str:
        outcome = str(self.output.get("outcome") or self.status)
        return f"{outcome}: {'; '.join(self.reasons)}" if self.reasons else outcome


@dataclass(frozen=True)
class Job:
    """One SageMaker training job."""

    name: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Release:
    """A release as it lies in the bucket:
    the sha256 is of the bytes that are there, not of what a manifest says.
    """

    epoch: int
    sha256: str
    accuracy: float
    recall: dict[str, float]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Delivery:
    """What one camera answered to one IoT job."""

    status: str
    details: dict[str, str]
    queued_at: datetime
    ended_at: datetime


class Watch:
    def __init__(
        self, clients: Clients, table: "Table", outputs: dict[str, str], prefix: str
    ) -> None:
        self._logs = clients("logs")
        self._states, self._sagemaker = clients("stepfunctions"), clients("sagemaker")
        self._iot, self.s3, self._state = clients("iot"), clients("s3"), StateTable(table)
        self._outputs, self._prefix = outputs, prefix
        self.bucket = outputs["Bucket"]

    def retrainings(self) -> list[Run]:
        return self._runs(self._outputs["RetrainingWorkflow"])

    def rollouts(self) -> list[Run]:
        return self._runs(self._outputs["RolloutWorkflow"])

    def _runs(self, workflow: str) -> list[Run]:
        """Oldest first."""
        pages = self._states.get_paginator("list_executions").paginate(stateMachineArn=workflow)
        return sorted(
            (self._run(item) for page in pages for item in page["executions"]),
            key=lambda run: run.name,
        )

    def _run(self, item: "ExecutionListItemTypeDef") -> Run:
        output: dict[str, Any] = {}
        if item["status"] != "RUNNING":
            execution = self._states.describe_execution(executionArn=item["executionArn"])
            output = json.loads(execution.get("output") or "{}")
            if item["status"] != ENDED_WELL:
                output = {
                    "outcome": execution.get("error", ""),
                    "reasons": [execution.get("cause", "")],
                }
        return Run(item["name"], item["executionArn"], item["status"], output)

    def steps(self, run: Run) -> list[str]:
        """The names of what the run has begun to do, in order."""
        return [name for name, _ in self.begun(run)]

    def begun(self, run: Run) -> list[tuple[str, float]]:
        """What the run has begun to do, in order, each with the second when."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=run.arn, includeExecutionData=False
        )
        begun = []
        for page in pages:
            for event in page["events"]:
                if event["type"] in STEP_BEGINS:
                    name = event["stateEnteredEventDetails"]["name"]
                    begun.append((name, event["timestamp"].timestamp()))
        return begun

    def training_jobs(self) -> list[Job]:
        """Oldest first."""
        pages = self._sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains=self._prefix
        )
        jobs = [item for page in pages for item in page["TrainingJobSummaries"]]
        return [
            self._job(item["TrainingJobName"])
            for item in sorted(jobs, key=lambda job: job["CreationTime"])
        ]

    def _job(self, name: str) -> Job:
        job = self._sagemaker.describe_training_job(TrainingJobName=name)
        begun, ended = job.get("TrainingStartTime"), job.get("TrainingEndTime")
        seconds = (ended - begun).total_seconds() if begun and ended else 0.0
        return Job(name, job["TrainingJobStatus"], round(seconds, 1))

    def at_rest(self) -> bool:
        """The trigger has no run, and every change was part of one."""
        trigger = self._state.trigger()
        return trigger.run is None and trigger.gen == trigger.covered

    def live_epoch(self) -> int | None:
        live = self._state.live()
        return live.epoch if live else None

    def releases(self) -> list[int]:
        """The epochs whose releases are complete: the manifest is written last."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=names.RELEASES_PREFIX
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return sorted(int(key.split("/")[1]) for key in keys if key.endswith("/manifest.json"))

    def release(self, epoch: int) -> Release:
        manifest = json.loads(self.read(names.release(epoch, "manifest.json")))
        model = self.read(names.release(epoch, manifest["model"]["file"]))
        return Release(
            epoch=epoch,
            sha256=hashlib.sha256(model).hexdigest(),
            accuracy=manifest["metrics"]["accuracy"],
            recall=manifest["metrics"]["recall"],
            labels=tuple(manifest["labels"]),
        )

    def record(self, epoch: int) -> Record | None:
        """What became of a run, as its last step wrote it down; None while it has not."""
        try:
            return record.read(self.read(names.run(epoch, "run.json")))
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise

    def left_out(self, digest: str) -> list[dict[str, str]]:
        """key and reason of each picture that a data set does not use."""
        return self._table(names.dataset(digest, "rejected.csv"))

    def labels_to_check(self, digest: str) -> list[dict[str, str]]:
        """key, label and predicted label of each picture whose label the training doubts."""
        return self._table(names.dataset(digest, "suspicious.csv"))

    def _table(self, key: str) -> list[dict[str, str]]:
        text = self.read(key).decode()
        return list(
            csv.DictReader(io.StringIO(text, newline=""))
        )  # names of pictures may hold newlines

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def delivery(self, epoch: int, wave: str, thing: str) -> Delivery | None:
        """None while the wave's job has not reached this camera."""
        try:
            answer = self._iot.describe_job_execution(
                jobId=names.rollout_job(self._prefix, epoch, wave), thingName=thing
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        execution = answer["execution"]
        return Delivery(
            execution["status"],
            execution.get("statusDetails", {}).get("detailsMap", {}),
            execution["queuedAt"],
            execution["lastUpdatedAt"],
        )

    def iot_jobs(self, epoch: int) -> list[str]:
        """The IoT jobs that carry this release, by whatever wave."""
        pages = self._iot.get_paginator("list_jobs").paginate()
        found = [job["jobId"] for page in pages for job in page["jobs"]]
        return [job for job in found if job.startswith(names.rollout_job(self._prefix, epoch, ""))]

    def write_logs(self, file: Path) -> None:
        """What every function and training job wrote, oldest first:
        the cloud forgets it when it stops.
        """
        pages = self._logs.get_paginator("describe_log_groups").paginate()
        groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        events = []
        for group in groups:
            for event in self._events(group):
                events.append((event["timestamp"], group, event["message"]))
        file.write_text(
            "".join(
                f"{group.split('/')[-1]}: {text.rstrip()}\n" for _, group, text in sorted(events)
            )
        )

    def _events(self, group: str) -> list[dict[str, Any]]:
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event for page in pages for event in page["events"]]
