"""How is the training job asked for?
On spot capacity first, if wanted; on demand when spot was to blame.
"""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.access import allow
from stacks.steps.jsonata import jsonata
from stacks.steps.step import retry
from stacks.steps.workflow import ANY_ERROR, FAILURE, Workflow
from stacks.training.request import WAIT_FOR_SPOT, TrainingSpec, create_training_job, job_name

_FAULTS = ("SageMaker.AmazonSageMakerException", "SageMaker.ThrottlingException")
# The training itself failed or was too slow, what it was given is not there or may not be used, or
# a person stopped it: a second job would fare no better. A job of that name may still be running
# after ResourceInUse, and two must never run at once.
_OWN_FAULT = (
    "$contains($states.input.Cause, /AlgorithmError|FailureReason\\W+ClientError"
    "|SecondaryStatus\\W+(MaxRuntimeExceeded|Stopped)\\b/) or"
    " $contains($states.input.Error, 'ResourceInUse')"
)
_RESULT, _CAUSE = "$states.result", "$states.errorOutput.Cause"
# A job that waited too long for spot capacity is not Failed but Stopped, and no guide says what
# .sync makes of that. If it is an answer, it is made a failure that says what a failure says.
_ENDED_EARLY = f"""$error($string({{
    'FailureReason': 'The training job ended before it was done: ' & {_RESULT}.SecondaryStatus,
    'TrainingJobStatus': {_RESULT}.TrainingJobStatus,
    'SecondaryStatus': {_RESULT}.SecondaryStatus,
    'TrainingTimeInSeconds': {_RESULT}.TrainingTimeInSeconds,
    'BillableTimeInSeconds': {_RESULT}.BillableTimeInSeconds}}))"""
_MODEL = (
    f"{_RESULT}.TrainingJobStatus = 'Completed'"
    f" ? {_RESULT}.ModelArtifacts.S3ModelArtifacts : {_ENDED_EARLY}"
)


def job_arns(stack: Stack, prefix: str) -> list[str]:
    """Patterns of all training jobs of the project."""
    return [
        stack.format_arn(service="sagemaker", resource="training-job", resource_name=name)
        for name in names.training_jobs(prefix)
    ]


class TrainingStates:
    """`start` is the state that begins it; `then` is where a trained model goes, kept as
    `$training.model` beside the jobs that were made for it; `otherwise` is where a failure goes.
    """

    def __init__(
        self,
        workflow: Workflow,
        *,
        prefix: str,
        settings: Settings,
        spec: TrainingSpec,
        then: sfn.IChainable,
        otherwise: sfn.IChainable,
    ) -> None:
        self._workflow, self._prefix, self._settings, self._spec = workflow, prefix, settings, spec
        self._then = then
        if settings.training_spot:
            on_demand = self._job("Train on demand", attempt=2, spot=False, on_failure=otherwise)
            blame = workflow.ask(
                "Spot to blame?", (f"$not({_OWN_FAULT})", on_demand), otherwise=otherwise
            )
            self.start = self._job("Train", attempt=1, spot=True, on_failure=blame)
        else:
            self.start = self._job("Train", attempt=1, spot=False, on_failure=otherwise)

    @property
    def longest(self) -> Duration:
        minutes = self._settings.max_training_minutes
        return Duration.minutes(
            2 * minutes + WAIT_FOR_SPOT.to_minutes() if self._settings.training_spot else minutes
        )

    def grants(self) -> list[iam.PolicyStatement]:
        stack = Stack.of(self._workflow)
        # Step Functions waits for the job through a managed rule of exactly this name.
        rule = stack.format_arn(
            service="events",
            resource="rule",
            resource_name="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        # With .sync Step Functions tags the job, besides our own tag;
        # its guide asks for ListTags as well.
        actions = ("Create", "Describe", "Stop")
        return [
            allow(
                *(f"sagemaker:{action}TrainingJob" for action in actions),
                "sagemaker:AddTags",
                "sagemaker:ListTags",
                on=job_arns(stack, self._prefix),
            ),
            allow(
                "iam:PassRole",
                on=self._spec.role.role_arn,
                when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            allow("events:PutTargets", "events:PutRule", "events:DescribeRule", on=rule),
        ]

    def _job(
        self, name: str, *, attempt: int, spot: bool, on_failure: sfn.IChainable
    ) -> sfn.CustomState:
        partition = Stack.of(self._workflow).partition
        job = sfn.CustomState(
            self._workflow,
            name,
            state_json={
                "Type": "Task",
                "Resource": f"arn:{partition}:states:::sagemaker:createTrainingJob.sync",
                "Arguments": create_training_job(
                    self._spec, self._settings, prefix=self._prefix, attempt=attempt, spot=spot
                ),
                "Assign": {
                    "training": jsonata(self._trained(attempt, spot)),
                    "failure": jsonata("null"),  # that of a job on spot capacity before
                },
            },
        )
        retry(job, _FAULTS, attempts=4, seconds=5)
        failed = {"failure": FAILURE, "training": jsonata(self._failed(attempt, spot))}
        job.add_catch(on_failure, errors=ANY_ERROR, assign=failed)
        job.next(self._then)
        return job

    # What is kept of the jobs, as JSONata

    def _trained(self, attempt: int, spot: bool) -> str:
        job = self._record(
            attempt,
            spot,
            status=f"{_RESULT}.TrainingJobStatus",
            seconds=f"{_RESULT}.TrainingTimeInSeconds",
            billable=f"{_RESULT}.BillableTimeInSeconds",
        )
        return _training(f"[{job}]", model=_MODEL)

    def _failed(self, attempt: int, spot: bool) -> str:
        """A job that was never made is none; of one that was, the cause holds its description."""
        status = _in_cause("TrainingJobStatus", "Failed|Stopped")
        job = self._record(
            attempt,
            spot,
            status=status,
            seconds=f"$number({_in_cause('TrainingTimeInSeconds', '[0-9]+')})",
            billable=f"$number({_in_cause('BillableTimeInSeconds', '[0-9]+')})",
        )
        return _training(f"($exists({status}) ? [{job}] : [])", model="null")

    def _record(self, attempt: int, spot: bool, *, status: str, seconds: str, billable: str) -> str:
        return (
            f"{{'name': {job_name(self._prefix, attempt)}, 'status': {status},"
            f" 'seconds': {_or_null(seconds)}, 'billable_seconds': {_or_null(billable)},"
            f" 'instance': '{self._settings.training_instance_type}',"
            f" 'spot': {'true' if spot else 'false'}}}"
        )


def _training(jobs: str, *, model: str) -> str:
    before = "$append([], $training.jobs)"
    return f"{{'jobs': $append({before}, {jobs}), 'model': {model}}}"


def _in_cause(name: str, pattern: str) -> str:
    """Found as text: what AWS puts around a description is not always JSON."""
    return f"$match({_CAUSE}, /{name}\\W+({pattern})/)[0].groups[0]"


def _or_null(value: str) -> str:
    return f"($exists({value}) ? {value} : null)"
