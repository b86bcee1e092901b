"""How is the training job asked for? On spot capacity first, if wanted; on demand when spot was to
blame.

The request is written by hand, because CDK's own task knows neither spot capacity nor what a caught
failure means.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.workflow import Steps, jsonata, retry

CODE = "/opt/ml/input/data/code"
WAIT_FOR_SPOT = Duration.minutes(30)

_METRICS = ("accuracy", "lowest_recall", "calibration_error")  # as the training prints them
_FAULTS = ("SageMaker.AmazonSageMakerException", "SageMaker.ThrottlingException")
# The training itself failed or was too slow, or a person stopped it. A job of that name may still
# be running after ResourceInUse, and two must never run at once.
_OWN_FAULT = (
    "$contains($states.input.Cause,"
    " /AlgorithmError|SecondaryStatus\\W+(MaxRuntimeExceeded|Stopped)\\b/) or"
    " $contains($states.input.Error, 'ResourceInUse')"
)
# A job that waited too long for spot capacity is not Failed but Stopped, and no guide says what
# .sync makes of that.
_MODEL = (
    "$states.result.TrainingJobStatus = 'Completed' ?"
    " $states.result.ModelArtifacts.S3ModelArtifacts : $error('The training job ended before it was"
    " done: SecondaryStatus ' & $states.result.SecondaryStatus)"
)


def job_arns(stack: Stack, prefix: str) -> list[str]:
    """Patterns of all training jobs of the project."""
    return [
        stack.format_arn(service="sagemaker", resource="training-job", resource_name=name)
        for name in names.training_jobs(prefix)
    ]


@dataclass(frozen=True, kw_only=True)
class TrainingSpec:
    image_uri: str
    role: iam.IRole
    code_file: str  # name of the zip in the `code` channel; Python imports from it as it is
    output_bucket: s3.IBucket
    channels: Sequence[Mapping[str, Any]] = ()  # that every job has; those of the data set follow


class TrainingStep:
    """`start` is the state that begins it; `then` is where a trained model goes, kept as
    `$model`.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        names_prefix: str,
        spec: TrainingSpec,
        steps: Steps,
        then: sfn.IChainable,
    ) -> None:
        self._scope, self._settings, self._prefix, self._spec = scope, settings, names_prefix, spec
        if settings.training_spot:
            on_demand = self._job(
                "Train on demand", attempt=2, spot=False, on_failure=steps.failure, then=then
            )
            blame = steps.ask(
                "Spot to blame?", (f"$not({_OWN_FAULT})", on_demand), otherwise=steps.failure
            )
            self.start = self._job("Train", attempt=1, spot=True, on_failure=blame, then=then)
        else:
            self.start = self._job(
                "Train", attempt=1, spot=False, on_failure=steps.failure, then=then
            )

    @property
    def longest(self) -> Duration:
        minutes = self._settings.max_training_minutes
        return Duration.minutes(
            2 * minutes + WAIT_FOR_SPOT.to_minutes() if self._settings.training_spot else minutes
        )

    def grants(self) -> list[iam.PolicyStatement]:
        stack = Stack.of(self._scope)
        # Step Functions waits for the job through a managed rule of exactly this name.
        rule = stack.format_arn(
            service="events",
            resource="rule",
            resource_name="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        # With .sync Step Functions tags the job, besides our own tag; its guide asks for ListTags
        # as well.
        actions = [
            "CreateTrainingJob",
            "DescribeTrainingJob",
            "StopTrainingJob",
            "AddTags",
            "ListTags",
        ]
        return [
            iam.PolicyStatement(
                actions=[f"sagemaker:{action}" for action in actions],
                resources=job_arns(stack, self._prefix),
            ),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self._spec.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                resources=[rule],
            ),
        ]

    def _job(
        self,
        name: str,
        *,
        attempt: int,
        spot: bool,
        on_failure: sfn.IChainable,
        then: sfn.IChainable,
    ) -> sfn.CustomState:
        job = sfn.CustomState(
            self._scope,
            name,
            state_json={
                "Type": "Task",
                "Resource": (
                    f"arn:{Stack.of(self._scope).partition}:states:::sagemaker:createTrainingJob.sync"
                ),
                "Arguments": self._request(attempt, spot),
                "Assign": {"model": jsonata(_MODEL)},
            },
        )
        retry(job, _FAULTS, attempts=4, seconds=5)
        job.add_catch(on_failure, errors=["States.ALL"])
        job.next(then)
        return job

    def _request(self, attempt: int, spot: bool) -> dict[str, Any]:
        settings, spec = self._settings, self._spec
        return {
            "TrainingJobName": jsonata(f"$dataset.training.job & '-{attempt}'"),
            "RoleArn": spec.role.role_arn,
            "AlgorithmSpecification": {
                "TrainingImage": spec.image_uri,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "-m", "training"],
                "MetricDefinitions": [
                    {"Name": f"test:{name}", "Regex": f"{name}=([0-9.]+)"} for name in _METRICS
                ],
            },
            "Environment": {"PYTHONPATH": f"{CODE}/{spec.code_file}"},
            "InputDataConfig": jsonata(
                f"$append({json.dumps(list(spec.channels))}, $dataset.training.channels)"
            ),
            "HyperParameters": jsonata("$dataset.training.hyperparameters"),
            "OutputDataConfig": {
                "S3OutputPath": f"s3://{spec.output_bucket.bucket_name}/{names.TRAINING_PREFIX}"
            },
            "ResourceConfig": {
                "InstanceCount": 1,
                "InstanceType": settings.training_instance_type,
                "VolumeSizeInGB": settings.training_volume_gb,
            },
            "StoppingCondition": _stopping(settings, spot),
            "EnableNetworkIsolation": True,
            "EnableManagedSpotTraining": spot,
            "Tags": [{"Key": "lensloop", "Value": self._prefix}],
        }


def _stopping(settings: Settings, spot: bool) -> dict[str, int]:
    longest = settings.max_training_minutes * 60
    # SageMaker counts the waiting for capacity in, and refuses a spot job that may not wait at all.
    waiting = {"MaxWaitTimeInSeconds": longest + int(WAIT_FOR_SPOT.to_seconds())} if spot else {}
    return {"MaxRuntimeInSeconds": longest, **waiting}
