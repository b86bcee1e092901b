"""Has the run's execution ended, and its training as well?
Asks Step Functions and SageMaker; changes nothing.
"""

import json
import os

from botocore.exceptions import ClientError

from lambdas.aws import clients
from lensloop.failure import Failure, sentence
from lensloop.machines.ladder import ATTEMPTS
from lensloop.trigger.terms import Execution, Facts, State
from lensloop.wire import names


def gather(state: State, prefix: str) -> Facts:
    if state.run is None:
        return Facts()
    execution = _describe_execution(state.run.epoch)
    jobs = (names.training_job(prefix, state.run.epoch, attempt) for attempt in ATTEMPTS)
    statuses = (
        {} if execution and not execution.ended else {job: _describe_training(job) for job in jobs}
    )
    return Facts(execution, {job: status for job, status in statuses.items() if status})


def _describe_execution(epoch: int) -> Execution | None:
    executions = os.environ["RETRAINING_ARN"].replace(":stateMachine:", ":execution:")
    arn = f"{executions}:{names.execution(epoch)}"
    try:
        answer = clients.stepfunctions().describe_execution(executionArn=arn)
    except ClientError as error:
        if error_code(error) == "ExecutionDoesNotExist":
            return None
        raise
    stopped = answer.get("stopDate")
    output = json.loads(answer.get("output") or "{}")
    output = output if isinstance(output, dict) else {}
    failure = Failure(error=answer.get("error", ""), cause=answer.get("cause", ""))
    broke = [sentence(failure)] if any(failure.values()) else []
    return Execution(
        status=answer["status"],
        started_at=int(answer["startDate"].timestamp()),
        stopped_at=int(stopped.timestamp()) if stopped else 0,
        outcome=output.get("outcome", ""),
        digest=output.get("digest", ""),
        standards=output.get("standards", ""),
        imported=output.get("imported", ""),
        **failure,
        reasons=tuple(str(reason)[:300] for reason in (broke or output.get("reasons", []))[:5]),
    )


def _describe_training(job: str) -> str:
    """The job's status, or nothing when there is no such job."""
    try:
        return str(
            clients.sagemaker().describe_training_job(TrainingJobName=job)["TrainingJobStatus"]
        )
    except ClientError as error:
        if "not found" in str(error).lower():
            return ""
        raise


def error_code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
