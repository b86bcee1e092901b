"""What turns changed pictures into a better release? The trigger, the workflow's steps, the
training job, alarms.
"""

from functools import partial

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.alarms import Alarms, lensloop_metric
from stacks.assets.code import functions_code, functions_code_with_pillow
from stacks.changes import Changes
from stacks.steps.function import Function
from stacks.steps.retraining_workflow import RetrainingFunctions, RetrainingWorkflow
from stacks.storage import StorageStack
from stacks.training.jobs import TrainingJobs
from stacks.training.step import job_arns


class RetrainingStack(cdk.Stack):
    def __init__(
        self,
        scope: Construct,
        prefix: str,
        *,
        settings: Settings,
        env: cdk.Environment,
        storage: StorageStack,
        rollout: sfn.IStateMachine,
    ) -> None:
        super().__init__(
            scope, f"{prefix}-retraining", env=env, description="Lensloop: pictures to releases"
        )
        self._prefix, self._storage = prefix, storage
        self._function = partial(
            Function,
            self,
            prefix=prefix,
            settings=settings,
            code=functions_code(),
            TABLE=storage.table.table_name,
        )
        workflow = RetrainingWorkflow(
            self,
            "Retraining",
            settings=settings,
            names_prefix=prefix,
            functions=self._steps(),
            training=TrainingJobs(self, "Training", settings=settings, bucket=storage.bucket).spec,
            topic=storage.topic,
            rollout=rollout,
        ).state_machine
        tick = self._tick(workflow)
        recorder = self._recorder(tick)
        changes = Changes(self, "Changes", prefix=prefix, bucket=storage.bucket, recorder=recorder)
        self._alarms(workflow, tick, changes)
        cdk.CfnOutput(self, "RetrainingWorkflow", value=workflow.state_machine_arn)

    def _steps(self) -> RetrainingFunctions:
        bucket, table, state = self._storage.bucket, self._storage.table.table_arn, self._keys
        step = partial(self._function, BUCKET=bucket.bucket_name, timeout_seconds=900)

        take_snapshot = step("take_snapshot", memory_mb=2048)
        take_snapshot.allow(
            "s3:ListBucket", on=bucket.bucket_arn, when=_prefixes(names.IMAGES_PREFIX)
        )
        take_snapshot.allow("s3:GetObject", on=state(names.DATASETS_PREFIX))
        take_snapshot.allow("s3:PutObject", on=state(names.INSPECTIONS_PREFIX))
        take_snapshot.allow("dynamodb:GetItem", on=table)

        # One vCPU, and room for the largest picture that inspection accepts.
        inspect_images = step("inspect_images", memory_mb=1769, code=functions_code_with_pillow())
        inspect_images.allow(
            "s3:GetObject", on=state(names.IMAGES_PREFIX, names.INSPECTIONS_PREFIX)
        )
        inspect_images.allow("s3:PutObject", on=state(names.INSPECTIONS_PREFIX))

        assemble_dataset = step("assemble_dataset", memory_mb=3008)
        assemble_dataset.allow("s3:GetObject", on=state(names.DATASETS_PREFIX))
        assemble_dataset.allow("s3:PutObject", on=state(names.DATASETS_PREFIX))
        assemble_dataset.allow(
            "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:PutItem", on=table
        )

        report_suspicious_labels = step("report_suspicious_labels", memory_mb=1024)
        report_suspicious_labels.allow(
            "s3:GetObject", on=state(names.TRAINING_PREFIX, names.DATASETS_PREFIX)
        )
        report_suspicious_labels.allow("s3:PutObject", on=state(names.DATASETS_PREFIX))

        judge = step("judge", memory_mb=1024)
        judge.allow("s3:GetObject", on=state(names.TRAINING_PREFIX))

        publish_release = step("publish_release", memory_mb=1769)
        publish_release.allow(
            "s3:GetObject", on=state(names.TRAINING_PREFIX, names.RELEASES_PREFIX)
        )
        publish_release.allow("s3:PutObject", on=state(names.RELEASES_PREFIX))
        publish_release.allow("dynamodb:UpdateItem", "dynamodb:ConditionCheckItem", on=table)
        return RetrainingFunctions(
            take_snapshot=take_snapshot,
            inspect_images=inspect_images,
            assemble_dataset=assemble_dataset,
            report_suspicious_labels=report_suspicious_labels,
            judge=judge,
            publish_release=publish_release,
        )

    def _keys(self, *prefixes: str) -> list[str]:
        return [self._storage.bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]

    def _tick(self, workflow: sfn.StateMachine) -> Function:
        topic = self._storage.topic
        tick = self._function(
            "tick", RETRAINING_ARN=workflow.state_machine_arn, TOPIC_ARN=topic.topic_arn
        )
        executions = self.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self._prefix}-retraining:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        jobs = job_arns(self, self._prefix)
        tick.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=self._storage.table.table_arn)
        tick.allow("states:StartExecution", on=workflow.state_machine_arn)
        tick.allow("states:DescribeExecution", on=executions)
        tick.allow("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob", on=jobs)
        tick.allow("sns:Publish", on=topic.topic_arn)
        # A redriven execution would run with an epoch that no longer holds the lease; a retry is a
        # new epoch.
        tick.add_to_role_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY, actions=["states:RedriveExecution"], resources=[executions]
            )
        )
        self._wake(tick, workflow)
        return tick

    def _wake(self, tick: lambda_.IFunction, workflow: sfn.StateMachine) -> None:
        rule = partial(events.Rule, self)
        rule(
            "EveryMinute",
            rule_name=f"{self._prefix}-every-minute",
            schedule=events.Schedule.rate(cdk.Duration.minutes(1)),
            targets=[targets.LambdaFunction(tick)],
        )
        rule(
            "EveryDay",
            rule_name=f"{self._prefix}-every-day",
            description="The sweep: the next run lists the bucket, in case an event was lost",
            schedule=events.Schedule.rate(cdk.Duration.days(1)),
            targets=[
                targets.LambdaFunction(
                    tick, event=events.RuleTargetInput.from_object({"sweep": True})
                )
            ],
        )
        rule(
            "RunEnded",
            rule_name=f"{self._prefix}-run-ended",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [workflow.state_machine_arn],
                    "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[targets.LambdaFunction(tick)],
        )

    def _recorder(self, tick: lambda_.IFunction) -> Function:
        recorder = self._function("record_changes", TICK_FUNCTION=tick.function_name)
        recorder.allow("dynamodb:UpdateItem", on=self._storage.table.table_arn)
        recorder.allow("lambda:InvokeFunction", on=tick.function_arn)
        return recorder

    def _alarms(
        self, workflow: sfn.IStateMachine, tick: lambda_.IFunction, changes: Changes
    ) -> None:
        alarms = Alarms(self, "Alarms", prefix=self._prefix, topic=self._storage.topic)
        quarter = cdk.Duration.minutes(15)
        alarms.when_it_fails(
            "retraining",
            workflow,
            "A retraining failed. It is tried again by itself, later each time.",
        )
        alarms.when_any(
            "changes-put-aside",
            changes.put_aside.metric_approximate_number_of_messages_visible(),
            "Change events could not be recorded; see the log of record-changes. The daily sweep"
            " makes up for them.",
        )
        alarms.when_any(
            "tick-errors",
            tick.metric_errors(period=cdk.Duration.minutes(5)),
            "The tick has failed for a quarter of an hour: nothing is retrained. See its log.",
            periods=3,
        )
        alarms.when_none(
            "tick-stopped",
            tick.metric_invocations(period=quarter),
            "The tick has not run for a quarter of an hour: nothing is retrained.",
        )
        alarms.when_any(
            "blocked",
            lensloop_metric("DigestBlocked", self._prefix),
            "Training on the present pictures failed three times. It waits for other pictures or"
            " for a person.",
        )
        alarms.when_any(
            "daily-cap",
            lensloop_metric("DailyCapReached", self._prefix),
            "`runs_per_day` is used up: changes wait until tomorrow.",
        )


def _prefixes(*prefixes: str) -> dict[str, dict[str, object]]:
    return {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}}
