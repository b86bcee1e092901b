"""Which calls of the SageMaker API does the local cloud answer? Those around training jobs, the
model registry's (registry.py), Ground Truth's (labeling.py), and those of lineage (lineage.py).

A service module as ministack wants it:
`handle_request`, and `reset`, `get_state`, `load_persisted_state`.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    json_response,
)

from local import leftovers
from local.sagemaker import answers, labeling, lineage, registry, requests, role
from local.sagemaker.account import account
from local.sagemaker.answers import Answer, Request, invalid
from local.sagemaker.job import TrainingJob

_jobs: Any = AccountRegionScopedDict()
SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "TrainingJobStatus",
    "CreationTime",
    "LastModifiedTime",
    "TrainingEndTime",
)


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Any
) -> Answer:
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    answer = OPERATIONS.get(operation)
    if answer is None:
        return error_response_json(
            "UnknownOperationException", f"The local cloud does not know sagemaker:{operation}", 400
        )
    return answer(json.loads(body or b"{}"))


def job_arn(name: str) -> str:
    return answers.arn("training-job", name)


def find(name: str) -> TrainingJob | None:
    job: TrainingJob | None = _jobs.get(name)
    return job


def create(request: Request) -> Answer:
    if wrong := requests.mistakes(request):
        return invalid(
            f"{len(wrong)} validation error{'s'[: len(wrong) > 1]} detected: {'; '.join(wrong)}"
        )
    name = request["TrainingJobName"]
    if find(name):
        return error_response_json(
            "ResourceInUse",
            "Training job names must be unique within an AWS account and region, and a training"
            f" job with this name already exists ({job_arn(name)})",
            400,
        )
    if not role.assumable(request["RoleArn"], job_arn(name)):
        return invalid(
            f"Could not assume role {request['RoleArn']}. Please ensure that the role exists and"
            f" allows principal '{role.SERVICE}' to assume the role."
        )
    state = Path(os.environ[leftovers.MARK])
    running = (job.description for job in _jobs.values() if not job.over)
    if refusal := account(state).refusal(request, running):
        return error_response_json("ResourceLimitExceeded", refusal, 400)
    job = _jobs[name] = TrainingJob(request, job_arn(name), state)
    spawn_background(job.run, thread_name=f"training-{name}")
    return json_response({"TrainingJobArn": job_arn(name)})


def describe(request: Request) -> Answer:
    job = find(request["TrainingJobName"])
    return json_response(job.description) if job else invalid("Requested resource not found.")


def stop(request: Request) -> Answer:
    job = find(request["TrainingJobName"])
    if job is None:
        return invalid("Requested resource not found.")
    if job.over:
        return invalid(
            "The request was rejected because the training job is in status"
            f" {job.description['TrainingJobStatus']}."
        )
    job.stop()
    return json_response({})


def list_jobs(request: Request) -> Answer:
    wanted, part = request.get("StatusEquals"), request.get("NameContains", "")
    found = []
    for job in sorted(_jobs.values(), key=lambda job: -job.description["CreationTime"]):
        if part in job.name and wanted in (None, job.description["TrainingJobStatus"]):
            found.append({key: job.description[key] for key in SUMMARY if key in job.description})
    return json_response({"TrainingJobSummaries": found[: request.get("MaxResults", 100)]})


def add_tags(request: Request) -> Answer:
    job = find(request["ResourceArn"].rpartition("/")[2])
    if job is None:
        return invalid("Requested resource not found.")
    new = {tag["Key"] for tag in request["Tags"]}
    job.tags = [tag for tag in job.tags if tag["Key"] not in new] + request["Tags"]
    return json_response({"Tags": job.tags})


def list_tags(request: Request) -> Answer:
    job = find(request["ResourceArn"].rpartition("/")[2])
    return json_response({"Tags": job.tags}) if job else invalid("Requested resource not found.")


def describe_trial_component(request: Request) -> Answer:
    """Only those that AWS makes of training jobs."""
    name = request["TrialComponentName"]
    if find(name.removesuffix(lineage.OF_A_JOB)) is None or not name.endswith(lineage.OF_A_JOB):
        return error_response_json("ResourceNotFound", f"Trial component {name} not found.", 400)
    arn = lineage.component_arn(name)
    return json_response({"TrialComponentName": name, "TrialComponentArn": arn})


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "CreateTrainingJob": create,
    "DescribeTrainingJob": describe,
    "StopTrainingJob": stop,
    "ListTrainingJobs": list_jobs,
    "AddTags": add_tags,
    "ListTags": list_tags,
    "DescribeTrialComponent": describe_trial_component,
    **labeling.OPERATIONS,
    **registry.OPERATIONS,
    **lineage.OPERATIONS,
}
# What is kept besides jobs.
STORES = {**registry.STORES, **lineage.STORES}


def reset() -> None:
    for job in _jobs.values():
        job.stop()
    _jobs.clear()
    labeling.reset()
    for store in STORES.values():
        store.clear()


def get_state() -> dict[str, Any]:
    """Jobs are processes: they do not outlive the server."""
    return {name: store.to_dict() for name, store in STORES.items()}


def load_persisted_state(state: dict[str, Any]) -> None:
    for name, store in STORES.items():
        store._data.update(state.get(name, {}))
