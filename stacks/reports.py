"""What follows from cameras' reports? A topic rule hands each to a function that keeps it; another
orders again what deviates, regularly and at once, and counts for two alarms.
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas import reconcile_fleet, record_report
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.alarms import Alarms, fleet_metric
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.storage import StorageStack

# The message as it came: no field of a camera's own can stand where the rule's belong, and what is
# no JSON reaches the log too. The rule's clock, because a camera's may be wrong.
SQL = (
    "SELECT encode(*, 'base64') AS report, topic(2) AS thing, timestamp() AS received_at"  # noqa: S608 - AWS IoT's
    f" FROM '{names.REPORT_TOPIC.format(thing='+')}'"
)
# Cameras report hourly; one that has fallen silent is then known within a quarter of an hour more.
LOOKS_EVERY = cdk.Duration.minutes(15)


class Reports(Construct):
    def __init__(
        self,
        scope: cdk.Stack,
        construct_id: str,
        *,
        prefix: str,
        settings: Settings,
        storage: StorageStack,
        rollout: sfn.IStateMachine,
        presign: iam.IRole,
        tell: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stack, self._prefix, self._settings = scope, prefix, settings
        self._storage, self._access = storage, Access(storage)
        self._groups = {
            "CANARY_GROUP_ARN": storage.canary.attr_arn,
            "FLEET_GROUP_ARN": storage.fleet.attr_arn,
        }
        self._things = scope.format_arn(service="iot", resource="thing", resource_name="deeplens_*")
        reconciler = self._reconciler(rollout, presign, tell)
        self._rule(self._recorder(reconciler))
        events.Rule(
            self,
            "Look",
            rule_name=f"{prefix}-look-at-the-fleet",
            description="Orders the live release again for cameras that do not run it",
            schedule=events.Schedule.rate(LOOKS_EVERY),
            targets=[
                targets.LambdaFunction(reconciler, event=events.RuleTargetInput.from_object({}))
            ],
        )

    def alarms(self, alarms: Alarms) -> None:
        alarms.when_any(
            "camera-silent",
            fleet_metric(reconcile_fleet.SILENT, self._prefix),
            "A camera has not reported for more than an hour: no power, no network, or its agent"
            " does not run. `lensloop fleet` names it.",
            keeps=True,
        )
        alarms.when_any(
            "camera-on-the-wrong-release",
            fleet_metric(reconcile_fleet.WRONG, self._prefix),
            "A camera has run another release than the live one for more than an hour, although it"
            " was ordered again. `lensloop fleet` names it and says why.",
            keeps=True,
        )

    def _reconciler(
        self, rollout: sfn.IStateMachine, presign: iam.IRole, tell: lambda_.IFunction
    ) -> Function:
        stack = self._stack
        jobs = [
            stack.format_arn(service="iot", resource="job", resource_name=name)
            for name in names.rollout_jobs(self._prefix)
        ]
        return Function(
            stack,
            reconcile_fleet.handler,
            prefix=self._prefix,
            settings=self._settings,
            storage=self._storage,
            may=[
                self._access.state("GetItem", "Scan", "UpdateItem"),
                self._access.read(names.RELEASES_PREFIX),
                allow("iot:ListThingsInThingGroup", on=[*self._groups.values()]),
                allow("iot:ListJobExecutionsForThing", on=self._things),
                allow("iot:CreateJob", on=[*jobs, self._things]),
                allow("states:ListExecutions", on=rollout.state_machine_arn),
                allow("lambda:InvokeFunction", on=tell.function_arn),
                allow(
                    "iam:PassRole",
                    on=presign.role_arn,
                    when={"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}},
                ),
            ],
            timeout_seconds=300,  # 200 orders, each with three questions to AWS IoT
            addresses={
                "PRESIGN_ROLE_ARN": presign.role_arn,
                "S3_HOST": f"s3.{stack.region}.{stack.url_suffix}",
                "ROLLOUT_ARN": rollout.state_machine_arn,
                "TELL_FUNCTION": tell.function_name,
                **self._groups,
            },
        )

    def _recorder(self, reconciler: lambda_.IFunction) -> Function:
        return Function(
            self._stack,
            record_report.handler,
            prefix=self._prefix,
            settings=self._settings,
            storage=self._storage,
            may=[
                self._access.state("GetItem", "UpdateItem"),
                allow("iot:ListThingGroupsForThing", on=self._things),
                allow("lambda:InvokeFunction", on=reconciler.function_arn),
            ],
            addresses={"RECONCILE_FUNCTION": reconciler.function_name, **self._groups},
        )

    def _rule(self, recorder: Function) -> None:
        rule = iot.CfnTopicRule(
            self,
            "Rule",
            rule_name=names.report_rule(self._prefix),
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                description="What cameras report, into the state table",
                sql=SQL,
                aws_iot_sql_version="2016-03-23",
                actions=[
                    iot.CfnTopicRule.ActionProperty(
                        lambda_=iot.CfnTopicRule.LambdaActionProperty(
                            function_arn=recorder.function_arn
                        )
                    )
                ],
            ),
        )
        recorder.add_permission(
            "Reported",
            principal=iam.ServicePrincipal("iot.amazonaws.com"),
            source_account=self._stack.account,
            source_arn=rule.attr_arn,
        )
