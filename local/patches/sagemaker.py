"""How does the emulator come to have SageMaker, which it lacks?"""

import contextvars
import json
import time
from typing import Any

import ministack.services
from ministack import app
from ministack.core import iam_actions, router
from ministack.services import stepfunctions as sfn

from local.sagemaker import labeling, lineage, registry, service
from local.sagemaker.job import TrainingJob

MODULE = "sagemaker"

_execution: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("execution", default={})  # noqa: B039 - never changed


def sagemaker_exists() -> None:
    """Upstream answers "Unsupported service: sagemaker" (app.py:3170), and loads every botocore
    model to learn so.

    local/sagemaker/ is registered in the tables that all services are found by.
    """
    setattr(ministack.services, MODULE, service)
    app._loaded_modules[MODULE] = service
    app.SERVICE_REGISTRY[MODULE] = {"module": MODULE}
    app.SERVICE_HANDLERS[MODULE] = service.handle_request
    router.SERVICE_PATTERNS[MODULE] = {
        "target_prefixes": ["SageMaker."],
        "host_patterns": [r"api\.sagemaker\."],
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE[MODULE] = MODULE
    # Else the whole model of SageMaker, tens of MB, is loaded to learn these two.
    iam_actions._TAG_OPERATIONS[MODULE] = frozenset(
        {
            *("CreateTrainingJob", "CreateModelPackage", "CreateModelPackageGroup"),
            *("CreateArtifact", "CreateLabelingJob", "AddTags"),
        }
    )
    iam_actions._UNSIGNED_OPERATIONS[MODULE] = frozenset()
    extract = iam_actions.extract_resource_arn

    def extract_with_jobs(
        called: str, method: str, path: str, headers: Any, body: bytes, *rest: Any
    ) -> Any:
        if called != MODULE:
            return extract(called, method, path, headers, body, *rest)
        request = json.loads(body or b"{}")
        name = request.get("TrainingJobName")
        if name:
            return service.job_arn(name)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        named = registry.resource_of(operation, request) or lineage.resource_of(operation, request)
        named = named or labeling.resource_of(request)
        return named or request.get("ResourceArn", "*")

    iam_actions.extract_resource_arn = extract_with_jobs


def state_machines_run_training_jobs() -> None:
    """Upstream knows no sagemaker integration (stepfunctions.py:2100).

    AWS runs a job, waits for its end with .sync, and stops it when the execution is stopped.
    """
    sfn._SERVICE_DISPATCH["arn:aws:states:::sagemaker:createTrainingJob"] = _create_training_job
    task = sfn._execute_task

    def task_noting_execution(
        state: Any, data: Any, execution: dict[str, Any], context: Any
    ) -> Any:
        token = _execution.set(execution)
        try:
            return task(state, data, execution, context)
        finally:
            _execution.reset(token)

    sfn._execute_task = task_noting_execution


def _create_training_job(resource: str, request: dict[str, Any]) -> Any:
    status, _, body = service.create(request)
    answer = json.loads(body)
    if status >= 400:
        # What the SDK has a class for has that name; the rest is the service's general exception.
        known = {
            "ResourceInUse": "SageMaker.ResourceInUseException",
            "ResourceLimitExceeded": "SageMaker.ResourceLimitExceededException",
        }
        raise sfn._ExecutionError(
            known.get(answer["__type"], "SageMaker.AmazonSageMakerException"), answer["message"]
        )
    if not resource.endswith(".sync"):
        return answer
    job = service.find(request["TrainingJobName"])
    assert job is not None
    _wait_for(job)
    if job.description["TrainingJobStatus"] != "Completed":
        raise sfn._ExecutionError("States.TaskFailed", json.dumps(job.description))
    return job.description


def _wait_for(job: TrainingJob) -> None:
    """Until it is over; an execution that has been stopped stops it, as Step Functions does."""
    execution = _execution.get()
    while not job.over:
        if execution.get("status", "RUNNING") != "RUNNING":
            job.stop()
        time.sleep(0.1)
