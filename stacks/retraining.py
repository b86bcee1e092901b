"""What turns changed pictures into a better release?
The trigger, the workflow, the training job, alarms.
"""

from functools import partial

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas import record_changes, tick
from lambdas.aws import items
from lensloop.settings import Settings
from stacks.alarms import Alarms, lensloop_metric
from stacks.changes import Changes
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.steps.retraining_workflow import RetrainingWorkflow
from stacks.storage import StorageStack
from stacks.training.jobs import TrainingJobs
from stacks.training.request import fixed
from stacks.training.states import job_arns


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
        tell: lambda_.IFunction,
        steer: lambda_.IFunction,
    ) -> None:
        super().__init__(
            scope, f"{prefix}-retraining", env=env, description="Lensloop: pictures to releases"
        )
        self._prefix, self._storage, self._access = prefix, storage, Access(storage)
        self._function = partial(Function, self, prefix=prefix, settings=settings, storage=storage)
        jobs = TrainingJobs(self, "Training", settings=settings, bucket=storage.bucket)
        workflow = RetrainingWorkflow(
            self,
            prefix=prefix,
            settings=settings,
            storage=storage,
            training=jobs.spec,
            built_in=jobs.built_in,
            rollout=rollout,
            tell=tell,
            steer=steer,
        ).machine
        ticking = self._tick(workflow, tell)
        recorder = self._recorder(ticking)
        changes = Changes(self, "Changes", prefix=prefix, bucket=storage.bucket, recorder=recorder)
        self._alarms(workflow, ticking, changes)
        cdk.CfnOutput(self, "RetrainingWorkflow", value=workflow.state_machine_arn)
        cdk.CfnOutput(self, "TrainingJobs", value=self.to_json_string(fixed(jobs.spec)))

    def _tick(self, workflow: sfn.StateMachine, tell: lambda_.IFunction) -> Function:
        executions = self.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self._prefix}-retraining:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        jobs = job_arns(self, self._prefix)
        function = self._function(
            tick.handler,
            may=[
                self._access.state("GetItem"),
                self._access.updates(items.TRIGGER),
                allow("states:StartExecution", on=workflow.state_machine_arn),
                allow("states:DescribeExecution", on=executions),
                allow("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob", on=jobs),
                allow("lambda:InvokeFunction", on=tell.function_arn),
            ],
            addresses={
                "RETRAINING_ARN": workflow.state_machine_arn,
                "TELL_FUNCTION": tell.function_name,
            },
        )
        self._wake(function, workflow)
        return function

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
        return self._function(
            record_changes.handler,
            may=[
                self._access.updates(items.TRIGGER),
                allow("lambda:InvokeFunction", on=tick.function_arn),
            ],
            addresses={"TICK_FUNCTION": tick.function_name},
        )

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
