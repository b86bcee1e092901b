"""What happens from "something changed" to "a better model is released"? The whole retraining, top
to bottom.

Take snapshot → Inspect new images → Assemble data set
→ Anything new?     no → Nothing new
→ Blocked?          yes → Blocked
→ Enough to train?  no → Too few images
→ Train (→ Spot to blame? → Train on demand)
→ Report suspicious labels → Judge → Better?   no → Model refused
→ Publish release → Start rollout → Release published          any accident → Retraining failed
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lensloop.dataset.inspection import InspectionUnfinished
from lensloop.settings import Settings
from stacks.steps.workflow import (
    EPOCH,
    Steps,
    grant_calls,
    grant_news,
    jsonata,
    retry,
    state_machine,
    why,
)
from stacks.training.step import TrainingSpec, TrainingStep

# Training besides, a run lists the bucket, looks at what is new, judges and publishes; each of
# these within this.
_OTHER_STEPS = Duration.hours(6)
# By the class of the exception, or as Lambda names a function that was out of time or memory.
_UNFINISHED = (
    InspectionUnfinished.__name__,
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "States.Timeout",
    "Lambda.Unknown",
)
_ALREADY_STARTED = "StepFunctions.ExecutionAlreadyExistsException"


@dataclass(frozen=True, kw_only=True)
class RetrainingFunctions:
    take_snapshot: lambda_.IFunction
    inspect_images: lambda_.IFunction
    assemble_dataset: lambda_.IFunction
    report_suspicious_labels: lambda_.IFunction
    judge: lambda_.IFunction
    publish_release: lambda_.IFunction

    def all(self) -> tuple[lambda_.IFunction, ...]:
        return tuple(vars(self).values())


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
        self._bucket = training.output_bucket.bucket_name
        self._steps = steps = Steps(
            self,
            topic=topic,
            subject=names_prefix,
            about=f"'Retraining run ' & $string({EPOCH})",
            failed="Retraining failed",
        )

        take_snapshot = steps.call(
            "Take snapshot", functions.take_snapshot, {"epoch": EPOCH}, keep="snapshot"
        )
        inspect = self._inspect(functions.inspect_images)
        assemble = steps.call(
            "Assemble data set",
            functions.assemble_dataset,
            {"epoch": EPOCH, "chunks": "[$snapshot.chunks]"},
            keep="dataset",
        )
        result = {"epoch": EPOCH, "digest": "$dataset.digest", "model": "$model"}
        judge = steps.call("Judge", functions.judge, result, keep="verdict")
        doubt = steps.part(
            "Report suspicious labels", functions.report_suspicious_labels, result, keep="doubts"
        )
        # It only tells people where to look: an accident is told in its place, and the verdict does
        # without it.
        untold = jsonata(
            f"'Which labels may be wrong could not be reported: ' & {why('$states.errorOutput')}"
        )
        doubt.add_catch(judge, errors=["States.ALL"], assign={"doubts": {"sentences": [untold]}})
        publish = steps.call("Publish release", functions.publish_release, result, keep="published")

        release = publish.next(self._start_rollout(rollout, then=self._released()))
        judged = doubt.next(judge).next(
            steps.ask("Better?", ("$verdict.ship", release), otherwise=self._refused())
        )
        training_step = TrainingStep(
            self,
            settings=settings,
            names_prefix=names_prefix,
            spec=training,
            steps=steps,
            then=judged,
        )
        enough = steps.ask(
            "Enough to train?",
            ("$dataset.trainable", training_step.start),
            otherwise=self._too_few(),
        )
        blocked = steps.ask("Blocked?", ("$dataset.blocked", self._blocked()), otherwise=enough)
        anything_new = steps.ask(
            "Anything new?", ("$dataset.changed", blocked), otherwise=self._nothing_new()
        )

        self.state_machine = state_machine(
            self,
            f"{names_prefix}-retraining",
            take_snapshot.next(inspect).next(assemble).next(anything_new),
            timeout=training_step.longest.plus(_OTHER_STEPS),
            log_days=settings.log_retention_days,
            grants=[
                grant_calls(*functions.all()),
                grant_news(topic),
                *training_step.grants(),
                _start(rollout),
            ],
        )

    # Steps

    def _inspect(self, function: lambda_.IFunction) -> sfn.Map:
        """Every chunk is its own call, and a chunk that was inspected before is answered from what
        was written.
        """
        each = sfn.Map.jsonata(
            self,
            "Inspect new images",
            items=sfn.ProvideItems.jsonata(jsonata("[$snapshot.chunks]")),
            item_selector={"chunk": jsonata("$states.context.Map.Item.Value")},
            max_concurrency=8,
            outputs={"inspected": jsonata("$count($states.result)")},
        )
        chunk = self._steps.part("Inspect chunk", function, {"chunk": "$states.input.chunk"})
        # It stops before its time is up and keeps what it has: the next call goes on from there.
        retry(chunk, _UNFINISHED, attempts=20, seconds=1)
        each.item_processor(chunk)
        return each.add_catch(self._steps.failure, errors=["States.ALL"])

    def _start_rollout(self, rollout: sfn.IStateMachine, then: sfn.IChainable) -> sfn.Chain:
        """The rollout has this run's name, so that an epoch is rolled out once, however often this
        is tried.
        """
        start = tasks.StepFunctionsStartExecution.jsonata(
            self,
            "Start rollout",
            state_machine=rollout,
            name=jsonata("$states.context.Execution.Name"),
            input=sfn.TaskInput.from_object({"epoch": jsonata(EPOCH)}),
        )
        # The release is live already, so it is worth trying for half an hour (a wait is half a
        # minute on average). What fails for longer is a permission or a missing workflow, which
        # needs a person, who is given the command.
        command = (
            f"'\\naws stepfunctions start-execution --state-machine-arn {rollout.state_machine_arn}"
            " --name '"
        )
        its_input = f"""" --input '{{\\"epoch\\": " & $string({EPOCH}) & "}}'\""""
        not_started = self._steps.accident(
            "Tell: rollout not started",
            f"'Release ' & $string({EPOCH}) & ' is live, but its rollout could not be started: ' &"
            f" {why()} & '\\nStart it with:' & {command} & $states.context.Execution.Name &"
            f" {its_input}",
        )
        start.add_catch(then, errors=[_ALREADY_STARTED])
        start.add_catch(not_started, errors=["States.ALL"])
        retry(
            start,
            ("StepFunctions.AWSStepFunctionsException", "StepFunctions.ThrottlingException"),
            attempts=60,
        )
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
            reasons=(
                "['Training on exactly these pictures kept failing; it is tried again when they"
                " change.']"
            ),
            news=(
                "'Retraining is blocked: training on exactly these pictures kept failing, so run '"
                f" & $string({EPOCH}) & ' did not try again. Change the pictures, or clear the"
                f" block.' & {self._report()}"
            ),
        )

    def _too_few(self) -> sfn.Chain:
        return self._steps.end(
            "Too few images",
            "too-few-images",
            digest="$dataset.digest",
            reasons="[$dataset.reasons]",
            news=(
                "'There are too few usable pictures to train:' & $join([$dataset.reasons].('\\n– '"
                f" & $)) & '\\nThe next run starts by itself.' & {self._report()}"
            ),
        )

    def _refused(self) -> sfn.Chain:
        return self._steps.end(
            "Model refused",
            "refused",
            digest="$dataset.digest",
            reasons="[$verdict.reasons]",
            news=(
                f"'The model of run ' & $string({EPOCH}) & ' was refused and the cameras keep"
                f" theirs: ' & $join([$verdict.reasons], '; ') & '.' & {self._doubts()} &"
                f" {self._report()}"
            ),
        )

    def _released(self) -> sfn.Chain:
        return self._steps.end(
            "Release published",
            "released",
            digest="$dataset.digest",
            reasons="[$verdict.reasons]",
            news=(
                f"'Release ' & $string({EPOCH}) & ' is published and on its way to the cameras: '"
                f" & $join([$verdict.reasons], '; ') & '.' & {self._doubts()} & {self._report()}"
            ),
        )

    def _doubts(self) -> str:
        return "($count([$doubts.sentences]) > 0 ? '\\n' & $join([$doubts.sentences], '\\n') : '')"

    def _report(self) -> str:
        return f"'\\nThe data set: s3://{self._bucket}/' & $dataset.report"


def _start(rollout: sfn.IStateMachine) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["states:StartExecution"], resources=[rollout.state_machine_arn]
    )
