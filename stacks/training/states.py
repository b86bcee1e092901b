"""How are the training jobs asked for? On the first machine of the ladder; when that one cannot be
had, on the next.

One job makes the model and judges it. Where SageMaker's own algorithm trains, a job of that one
comes before, on a ladder of its own, and leaves `$artefact` for ours.

`$machine` is the machine of the next job (lensloop/machines/choose.py), which every failure of a
job changes.
"""

from dataclasses import dataclass
from typing import Any

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from lambdas import choose_machine
from lensloop.machines.choose import NO_MACHINE, PICTURES, TRAIN, first
from lensloop.machines.ladder import BUILT_IN, OURS, jobs, ladder
from lensloop.model.incremental import ALGORITHM
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.access import allow
from stacks.steps.jsonata import jsonata
from stacks.steps.step import Step, retry
from stacks.steps.workflow import ANY_ERROR, FAILURE, Workflow
from stacks.training.built_in import BuiltInSpec, create_built_in_job
from stacks.training.request import WAIT_FOR_SPOT, TrainingSpec, create_training_job, job_name

# Another machine would not help: SageMaker was asked too often, or failed itself for a moment. The
# same name again, so that a job which was made though nobody heard of it is not made twice.
_BUSY = ("SageMaker.AmazonSageMakerException", "SageMaker.ThrottlingException")
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


@dataclass(frozen=True, kw_only=True)
class Network:
    """SageMaker's own algorithm, and the step that makes what it is given, `$copies`."""

    spec: BuiltInSpec
    copy: Step


class TrainingStates:
    """`start` is the state that begins it; `then` is where a trained model goes, kept as
    `$training.model` beside the jobs that were made for it. A failure goes to `pictures` when
    deleted pictures may be to blame, to `no_machine` when AWS has none, else to the workflow's.
    """

    def __init__(
        self,
        workflow: Workflow,
        *,
        prefix: str,
        settings: Settings,
        spec: TrainingSpec,
        then: sfn.IChainable,
        pictures: sfn.IChainable,
        no_machine: sfn.IChainable,
        network: Network | None = None,
    ) -> None:
        self._workflow, self._prefix, self._settings, self._spec = workflow, prefix, settings, spec
        self._network = network
        self._choose = self._choose_machine()
        train = self._job(
            "Train",
            create_training_job(spec, settings, prefix=prefix),
            training=_trained(job_name(prefix), _MODEL),
        )
        train.next(then)
        # Where a run begins whose model is there already, made elsewhere.
        self.judge = self._take_first_machine("Take the first machine", OURS).next(train)
        self.start = self.judge
        again = [(f"$machine.then = '{TRAIN}'", train)]
        if network:
            job = self._train_network(network)
            job.next(self.judge)
            again.insert(0, (f"$machine.then = '{TRAIN}' and $machine.job = '{BUILT_IN}'", job))
            machine = self._take_first_machine("Take the first GPU machine", BUILT_IN)
            self.start = network.copy.next(machine).next(job)
        self._choose.next(
            workflow.ask(
                "Which fault?",
                *again,
                (f"$machine.then = '{NO_MACHINE}'", no_machine),
                (f"$machine.then = '{PICTURES}'", pictures),
                otherwise=workflow.failure,
            )
        )

    @property
    def longest(self) -> Duration:
        """Each machine may be taken away just before the end."""
        rungs = [rung for job in jobs(self._settings) for rung in ladder(self._settings, job)]
        waiting = sum(WAIT_FOR_SPOT.to_minutes() for rung in rungs if rung.spot)
        # One more job when the feature cache was damaged.
        return Duration.minutes((len(rungs) + 1) * self._settings.max_training_minutes + waiting)

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
                on=[self._spec.role.role_arn, *self._roles_of_network()],
                when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            allow("events:PutTargets", "events:PutRule", "events:DescribeRule", on=rule),
        ]

    def _roles_of_network(self) -> list[str]:
        return [self._network.spec.role.role_arn] if self._network else []

    def _train_network(self, network: Network) -> sfn.CustomState:
        request = create_built_in_job(network.spec, self._settings, prefix=self._prefix)
        return self._job(
            "Train the network",
            request,
            training=_trained(job_name(self._prefix), "null"),
            artefact=f"{{'algorithm': '{ALGORITHM}', 'uri': ({_MODEL})}}",
        )

    def _take_first_machine(self, name: str, job: str) -> sfn.Pass:
        """Each job of a run has a number of its own, also the first of the second ladder."""
        machine: dict[str, Any] = dict(first(ladder(self._settings, job), job))
        machine["attempt"] = jsonata("$machine = null ? 1 : $machine.attempt + 1")
        return sfn.Pass.jsonata(self._workflow, name, assign={"machine": machine})

    def _job(self, name: str, request: dict[str, Any], **assigned: str) -> sfn.CustomState:
        partition = Stack.of(self._workflow).partition
        job = sfn.CustomState(
            self._workflow,
            name,
            state_json={
                "Type": "Task",
                "Resource": f"arn:{partition}:states:::sagemaker:createTrainingJob.sync",
                "Arguments": request,
                "Assign": {
                    **{variable: jsonata(value) for variable, value in assigned.items()},
                    "failure": jsonata("null"),  # that of a job on a machine before
                },
            },
        )
        retry(job, _BUSY, attempts=6, seconds=5)
        failed = {"failure": FAILURE, "training": jsonata(_failed(job_name(self._prefix)))}
        job.add_catch(self._choose, errors=ANY_ERROR, assign=failed)
        return job

    def _choose_machine(self) -> Step:
        """It changes nothing that is not there: when it fails itself, the job's failure is told."""
        choose = self._workflow.step(
            "Choose machine",
            choose_machine.handler,
            payload={"machine": "$machine", "failure": "$failure"},
            keep_parts=("machine", "failure"),
            may=[],
            timeout_seconds=30,
            caught=False,
        )
        choose.add_catch(self._workflow.failure, errors=ANY_ERROR)
        return choose


# What is kept of the jobs, as JSONata


def _trained(name: str, model: str) -> str:
    job = _record(
        name,
        status=f"{_RESULT}.TrainingJobStatus",
        seconds=f"{_RESULT}.TrainingTimeInSeconds",
        billable=f"{_RESULT}.BillableTimeInSeconds",
    )
    return _training(f"[{job}]", model=model)


def _failed(name: str) -> str:
    """A job that was never made is none; of one that was, the cause holds its description."""
    status = _in_cause("TrainingJobStatus", "Failed|Stopped")
    job = _record(
        name,
        status=status,
        seconds=f"$number({_in_cause('TrainingTimeInSeconds', '[0-9]+')})",
        billable=f"$number({_in_cause('BillableTimeInSeconds', '[0-9]+')})",
    )
    return _training(f"($exists({status}) ? [{job}] : [])", model="null")


def _record(name: str, *, status: str, seconds: str, billable: str) -> str:
    return (
        f"{{'name': {name}, 'status': {status},"
        f" 'seconds': {_or_null(seconds)}, 'billable_seconds': {_or_null(billable)},"
        " 'instance': $machine.instance, 'spot': $machine.spot}"
    )


def _training(jobs: str, *, model: str) -> str:
    before = "$append([], $training.jobs)"
    return f"{{'jobs': $append({before}, {jobs}), 'model': {model}}}"


def _in_cause(name: str, pattern: str) -> str:
    """Found as text: what AWS puts around a description is not always JSON."""
    return f"$match({_CAUSE}, /{name}\\W+({pattern})/)[0].groups[0]"


def _or_null(value: str) -> str:
    return f"($exists({value}) ? {value} : null)"
