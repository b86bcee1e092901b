"""What happens from "something changed" to "a better model is released"? The whole retraining, top to bottom.

Take snapshot → Inspect new images → Assemble data set
→ Anything new?     no → Nothing new
→ Blocked?          yes → Blocked
→ Enough to train?  no → Too few images
→ Train (→ Spot to blame? → Train on demand)
→ Judge → Better?   no → Model refused
→ Publish release → Start rollout → Release published          any accident → Retraining failed
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lensloop import names
from lensloop.settings import Settings
from stacks.workflow import EPOCH, WHY, Steps, grant_calls, grant_news, jsonata, retry, state_machine

CODE = "/opt/ml/input/data/code"

# Training besides, a run lists the bucket, looks at what is new, judges and publishes; each of these within this.
_OTHER_STEPS = Duration.hours(6)
_WAIT_FOR_SPOT = Duration.minutes(30)

_METRICS = ("accuracy", "lowest_recall", "calibration_error")  # as the training prints them

_TRAINING_FAULTS = ("SageMaker.AmazonSageMakerException", "SageMaker.ThrottlingException")
_ALREADY_STARTED = "StepFunctions.ExecutionAlreadyExistsException"


@dataclass(frozen=True, kw_only=True)
class RetrainingFunctions:
    take_snapshot: lambda_.IFunction
    inspect_images: lambda_.IFunction
    assemble_dataset: lambda_.IFunction
    judge: lambda_.IFunction
    publish_release: lambda_.IFunction

    def all(self) -> tuple[lambda_.IFunction, ...]:
        return self.take_snapshot, self.inspect_images, self.assemble_dataset, self.judge, self.publish_release


@dataclass(frozen=True, kw_only=True)
class TrainingSpec:
    image_uri: str
    role: iam.IRole
    code_file: str  # name of the zip in the `code` channel; Python imports from it as it is
    output_bucket: s3.IBucket
    channels: Sequence[Mapping[str, Any]] = ()  # that every job has; those of the data set follow


class RetrainingWorkflow(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings,
        names_prefix: str,
        functions: RetrainingFunctions,
        training: TrainingSpec,
        topic: sns.ITopic,
        rollout: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, id)
        self._settings, self._prefix, self._training = settings, names_prefix, training
        self._bucket = training.output_bucket.bucket_name
        self._steps = steps = Steps(
            self,
            topic=topic,
            subject=names_prefix,
            about=f"'Retraining run ' & $string({EPOCH})",
            failed="Retraining failed",
        )

        take_snapshot = steps.call("Take snapshot", functions.take_snapshot, {"epoch": EPOCH}, keep="snapshot")
        inspect = self._inspect(functions.inspect_images)
        assemble = steps.call(
            "Assemble data set",
            functions.assemble_dataset,
            {"epoch": EPOCH, "chunks": "[$snapshot.chunks]"},
            keep="dataset",
        )
        result = {"epoch": EPOCH, "digest": "$dataset.digest", "model": "$model"}
        judge = steps.call("Judge", functions.judge, result, keep="verdict")
        publish = steps.call("Publish release", functions.publish_release, result, keep="published")

        release = publish.next(self._start_rollout(rollout, then=self._released()))
        judged = judge.next(steps.ask("Better?", ("$verdict.ship", release), otherwise=self._refused()))
        train = self._train(then=judged)
        enough = steps.ask("Enough to train?", ("$dataset.trainable", train), otherwise=self._too_few())
        blocked = steps.ask("Blocked?", ("$dataset.blocked", self._blocked()), otherwise=enough)
        anything_new = steps.ask("Anything new?", ("$dataset.changed", blocked), otherwise=self._nothing_new())

        self.state_machine = state_machine(
            self,
            f"{names_prefix}-retraining",
            take_snapshot.next(inspect).next(assemble).next(anything_new),
            timeout=self._longest_run(),
            log_days=settings.log_retention_days,
            grants=[grant_calls(*functions.all()), grant_news(topic), *self._training_grants(), _start(rollout)],
        )

    # Steps

    def _inspect(self, function: lambda_.IFunction) -> sfn.Map:
        """Every chunk is its own call, and a chunk that was inspected before is answered from what was written."""
        each = sfn.Map.jsonata(
            self,
            "Inspect new images",
            items=sfn.ProvideItems.jsonata(jsonata("[$snapshot.chunks]")),
            item_selector={"chunk": jsonata("$states.context.Map.Item.Value")},
            max_concurrency=8,
            outputs={"inspected": jsonata("$count($states.result)")},
        )
        each.item_processor(self._steps.part("Inspect chunk", function, {"chunk": "$states.input.chunk"}))
        return each.add_catch(self._steps.failure, errors=["States.ALL"])

    def _train(self, then: sfn.IChainable) -> sfn.CustomState:
        """On spot capacity first, if wanted; once more on demand when the failure was not the training's own."""
        if not self._settings.training_spot:
            return self._training_job("Train", attempt=1, spot=False, on_failure=self._steps.failure, then=then)
        on_demand = self._training_job(
            "Train on demand", attempt=2, spot=False, on_failure=self._steps.failure, then=then
        )
        # A job of that name may still be running after ResourceInUse, and two must never run at once.
        own_fault = (
            "$contains($states.input.Cause, 'AlgorithmError') or $contains($states.input.Error, 'ResourceInUse')"
        )
        spot_to_blame = self._steps.ask(
            "Spot to blame?", (f"$not({own_fault})", on_demand), otherwise=self._steps.failure
        )
        return self._training_job("Train", attempt=1, spot=True, on_failure=spot_to_blame, then=then)

    def _training_job(
        self, name: str, *, attempt: int, spot: bool, on_failure: sfn.IChainable, then: sfn.IChainable
    ) -> sfn.CustomState:
        job = sfn.CustomState(
            self,
            name,
            state_json={
                "Type": "Task",
                "Resource": f"arn:{Stack.of(self).partition}:states:::sagemaker:createTrainingJob.sync",
                "Arguments": self._job_request(attempt, spot),
                "Assign": {"model": jsonata("$states.result.ModelArtifacts.S3ModelArtifacts")},
            },
        )
        retry(job, _TRAINING_FAULTS, attempts=4, seconds=5)
        job.add_catch(on_failure, errors=["States.ALL"])
        job.next(then)
        return job

    def _job_request(self, attempt: int, spot: bool) -> dict[str, Any]:
        settings, training = self._settings, self._training
        minutes = Duration.minutes(settings.max_training_minutes)
        stopping = {"MaxRuntimeInSeconds": minutes.to_seconds()}
        if spot:
            stopping["MaxWaitTimeInSeconds"] = minutes.to_seconds() + _WAIT_FOR_SPOT.to_seconds()
        return {
            "TrainingJobName": jsonata(f"$dataset.training.job & '-{attempt}'"),
            "RoleArn": training.role.role_arn,
            "AlgorithmSpecification": {
                "TrainingImage": training.image_uri,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "-m", "training"],
                "MetricDefinitions": [{"Name": f"test:{name}", "Regex": f"{name}=([0-9.]+)"} for name in _METRICS],
            },
            "Environment": {"PYTHONPATH": f"{CODE}/{training.code_file}"},
            "InputDataConfig": jsonata(f"$append({json.dumps(list(training.channels))}, $dataset.training.channels)"),
            "HyperParameters": jsonata("$dataset.training.hyperparameters"),
            "OutputDataConfig": {"S3OutputPath": f"s3://{self._bucket}/{names.TRAINING_PREFIX}"},
            "ResourceConfig": {
                "InstanceCount": 1,
                "InstanceType": settings.training_instance_type,
                "VolumeSizeInGB": settings.training_volume_gb,
            },
            "StoppingCondition": stopping,
            "EnableNetworkIsolation": True,
            "EnableManagedSpotTraining": spot,
            "Tags": [{"Key": "lensloop", "Value": self._prefix}],
        }

    def _start_rollout(self, rollout: sfn.IStateMachine, then: sfn.IChainable) -> sfn.Chain:
        """The rollout has this run's name, so that an epoch is rolled out once, however often this is tried."""
        start = tasks.StepFunctionsStartExecution.jsonata(
            self,
            "Start rollout",
            state_machine=rollout,
            name=jsonata("$states.context.Execution.Name"),
            input=sfn.TaskInput.from_object({"epoch": jsonata(EPOCH)}),
        )
        # The release is live already: it is worth trying for half an hour before a person has to start its rollout.
        command = f"'\\naws stepfunctions start-execution --state-machine-arn {rollout.state_machine_arn} --name '"
        its_input = f"""" --input '{{\\"epoch\\": " & $string({EPOCH}) & "}}'\""""
        not_started = self._steps.accident(
            "Tell: rollout not started",
            f"'Release ' & $string({EPOCH}) & ' is live, but its rollout could not be started: ' & {WHY}"
            f" & '\\nStart it with:' & {command} & $states.context.Execution.Name & {its_input}",
        )
        start.add_catch(then, errors=[_ALREADY_STARTED])
        start.add_catch(not_started, errors=["States.ALL"])
        retry(start, ("StepFunctions.AWSStepFunctionsException", "StepFunctions.ThrottlingException"), attempts=30)
        return start.next(then)

    # Ends

    def _nothing_new(self) -> sfn.Chain:
        return self._steps.end(
            "Nothing new",
            "nothing-new",
            digest="$dataset.digest",
            reasons="['The usable pictures are exactly those that were judged last.']",
        )

    def _blocked(self) -> sfn.Chain:
        return self._steps.end(
            "Blocked",
            "blocked",
            digest="$dataset.digest",
            reasons="['Training on exactly these pictures kept failing; it is tried again when they change.']",
            news=f"'Retraining is blocked: training on exactly these pictures kept failing, so run ' & $string({EPOCH})"
            f" & ' did not try again. Change the pictures, or clear the block.' & {self._report()}",
        )

    def _too_few(self) -> sfn.Chain:
        return self._steps.end(
            "Too few images",
            "too-few-images",
            digest="$dataset.digest",
            reasons="[$dataset.reasons]",
            news="'There are too few usable pictures to train: ' & $join([$dataset.reasons], '; ') &"
            f" '. Add some; the next run starts by itself.' & {self._report()}",
        )

    def _refused(self) -> sfn.Chain:
        return self._steps.end(
            "Model refused",
            "refused",
            digest="$dataset.digest",
            reasons="[$verdict.reasons]",
            news=f"'The model of run ' & $string({EPOCH}) & ' was refused and the cameras keep theirs: '"
            f" & $join([$verdict.reasons], '; ') & '.' & {self._report()}",
        )

    def _released(self) -> sfn.Chain:
        return self._steps.end(
            "Release published",
            "released",
            digest="$dataset.digest",
            reasons="[$verdict.reasons]",
            news=f"'Release ' & $string({EPOCH}) & ' is published and on its way to the cameras: '"
            f" & $join([$verdict.reasons], '; ') & '.' & {self._report()}",
        )

    def _report(self) -> str:
        return f"'\\nThe data set: s3://{self._bucket}/' & $dataset.report"

    # What it may do, and for how long

    def _longest_run(self) -> Duration:
        attempts = 2 if self._settings.training_spot else 1
        training = attempts * self._settings.max_training_minutes + _WAIT_FOR_SPOT.to_minutes()
        return Duration.minutes(training + _OTHER_STEPS.to_minutes())

    def _training_grants(self) -> list[iam.PolicyStatement]:
        stack = Stack.of(self)
        jobs = stack.format_arn(service="sagemaker", resource="training-job", resource_name=f"{self._prefix}-*")
        # Step Functions waits for the job through a managed rule of exactly this name.
        rule = stack.format_arn(
            service="events",
            resource="rule",
            resource_name="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        actions = ["CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "AddTags"]
        return [
            iam.PolicyStatement(actions=[f"sagemaker:{action}" for action in actions], resources=[jobs]),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self._training.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"], resources=[rule]
            ),
        ]


def _start(rollout: sfn.IStateMachine) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["states:StartExecution"], resources=[rollout.state_machine_arn])
