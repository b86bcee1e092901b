"""What does a rollout see of AWS IoT? Groups of cameras, jobs for them, and cameras that answer:
all in memory.

What was ordered of whom is kept, for tests that ask who was ever ordered what. A camera takes what
an order names, and a lower epoch only by a statement; signatures are for tests of the camera.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from lensloop.wire import order

_OPEN = ("QUEUED", "IN_PROGRESS")


@dataclass
class Job:
    document: Any
    targets: Sequence[str]
    status: str = "IN_PROGRESS"
    answers: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)


@dataclass
class CameraJobs:
    """`groups`: the cameras in each, by its ARN. `fails`: those that cannot use these epochs."""

    groups: dict[str, list[str]]
    runs: dict[str, int] = field(default_factory=dict)
    fails: dict[str, set[int]] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    jobs: dict[str, Job] = field(default_factory=dict)

    def answer(self) -> None:
        """Whoever is online does what it was ordered, the oldest order first."""
        for job in list(self.jobs.values()):
            for thing in self._ordered(job) if job.status == "IN_PROGRESS" else ():
                if thing not in self.offline and thing not in job.answers:
                    job.answers[thing] = self._take(thing, job.document)

    def ordered(self, epoch: int) -> set[str]:
        """Who was ever ordered this release."""
        jobs = [job for job in self.jobs.values() if job.document["epoch"] == epoch]
        return {thing for job in jobs for thing in self._ordered(job)}

    def _take(self, thing: str, document: Any) -> tuple[str, dict[str, str]]:
        found = order.parse(document)
        if found.epoch < self.runs.get(thing, 0) and found.signed is None:
            return "REJECTED", {"reason": "older than what it runs"}
        if found.epoch in self.fails.get(thing, ()):
            return "FAILED", {"reason": "golden picture 1 is glass, not can"}
        self.runs[thing] = found.epoch
        return "SUCCEEDED", {"epoch": str(found.epoch), "sha256": document["model"]["sha256"]}

    def _ordered(self, job: Job) -> Iterator[str]:
        for target in job.targets:
            yield from self.groups.get(target, [target.rpartition("/")[2]])

    # What the functions ask of AWS

    def create_job(self, jobId: str, targets: Sequence[str], document: str, **_: Any) -> None:
        if jobId in self.jobs:
            raise _refused("ResourceAlreadyExistsException", "CreateJob")
        self.jobs[jobId] = Job(json.loads(document), targets)

    def describe_job(self, jobId: str) -> Any:
        job = self._job(jobId)
        return {"job": {"status": job.status, "targets": list(job.targets)}}

    def cancel_job(self, jobId: str, **_: Any) -> None:
        self._job(jobId).status = "CANCELED"

    def describe_job_execution(self, jobId: str, thingName: str) -> Any:
        status, details = self._job(jobId).answers[thingName]
        return {"execution": {"status": status, "statusDetails": {"detailsMap": details}}}

    def get_paginator(self, name: str) -> "_Pages":
        return _Pages(getattr(self, f"_{name}"))

    def _list_things_in_thing_group(self, thingGroupName: str) -> Any:
        [things] = [
            things for arn, things in self.groups.items() if arn.endswith(f"/{thingGroupName}")
        ]
        return {"things": list(things)}

    def _list_job_executions_for_job(self, jobId: str) -> Any:
        job = self._job(jobId)
        states = {thing: job.answers.get(thing, ("QUEUED", {}))[0] for thing in self._ordered(job)}
        if job.status == "CANCELED":
            states = {
                thing: "CANCELED" if state in _OPEN else state for thing, state in states.items()
            }
        now = datetime.now(UTC)
        summaries = [
            {
                "thingArn": f"arn:aws:iot:us-east-1:000000000000:thing/{thing}",
                "jobExecutionSummary": {"status": state, "lastUpdatedAt": now},
            }
            for thing, state in states.items()
        ]
        return {"executionSummaries": summaries}

    def _list_job_executions_for_thing(self, thingName: str, status: str) -> Any:
        waits = [
            {"jobId": name}
            for name, job in self.jobs.items()
            if status == "QUEUED" and job.status == "IN_PROGRESS"
            if thingName in self._ordered(job) and thingName not in job.answers
        ]
        return {"executionSummaries": waits}

    def _job(self, name: str) -> Job:
        if name not in self.jobs:
            raise _refused("ResourceNotFoundException", "DescribeJob")
        return self.jobs[name]


@dataclass
class _Pages:
    """One page holds all."""

    read: Any

    def paginate(self, **asked: Any) -> Iterator[Any]:
        return itertools.chain([self.read(**asked)])


def _refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)
