"""What follows from cameras' reports? A topic rule hands each to a function that keeps it; another
orders again what deviates, regularly and at once, and counts for two alarms.
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas import reconcile_fleet, record_report
from lambdas.aws import items
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.alarms import FLEET, FLEET_LOOKS_EVERY, Alarms, lensloop_metric
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.steps.orders import Orders
from stacks.storage import StorageStack
from stacks.topic_rule import hand_over

# The message as it came: no field of a camera's own can stand where the rule's belong, and what is
# no JSON reaches the log too. The rule's clock, because a camera's may be wrong.
SQL = (
    "SELECT encode(*, 'base64') AS report, topic(2) AS thing, timestamp() AS received_at"  # noqa: S608 - AWS IoT's
    f" FROM '{names.REPORT_TOPIC.format(thing='+')}'"
)


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
        roll_back: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stack, self._prefix, self._settings = scope, prefix, settings
        self._storage, self._access = storage, Access(storage)
        self._orders = Orders(scope, prefix, storage, presign)
        reconciler = self._reconciler(rollout, tell, roll_back)
        hand_over(
            self,
            "Rule",
            name=names.topic_rule(prefix, "report"),
            description="What cameras report, into the state table",
            sql=SQL,
            to=self._recorder(reconciler),
            permission="Reported",
        )
        events.Rule(
            self,
            "Look",
            rule_name=f"{prefix}-look-at-the-fleet",
            description="Orders the live release again for cameras that do not run it",
            schedule=events.Schedule.rate(FLEET_LOOKS_EVERY),
            targets=[
                targets.LambdaFunction(reconciler, event=events.RuleTargetInput.from_object({}))
            ],
        )

    def alarms(self, alarms: Alarms) -> None:
        alarms.when_any(
            "camera-silent",
            lensloop_metric(reconcile_fleet.SILENT, self._prefix, FLEET),
            "A camera has not reported for more than an hour: no power, no network, or its agent"
            " does not run. `lensloop fleet` names it.",
            keeps=True,
        )
        alarms.when_any(
            "camera-on-the-wrong-release",
            lensloop_metric(reconcile_fleet.WRONG, self._prefix, FLEET),
            "A camera has run another release than the live one for more than an hour, although it"
            " was ordered again. `lensloop fleet` names it and says why.",
            keeps=True,
        )

    def _reconciler(
        self, rollout: sfn.IStateMachine, tell: lambda_.IFunction, roll_back: lambda_.IFunction
    ) -> Function:
        orders = self._orders
        return Function(
            self._stack,
            reconcile_fleet.handler,
            prefix=self._prefix,
            settings=self._settings,
            storage=self._storage,
            may=[
                self._access.state("GetItem", "Scan"),
                self._access.updates(items.CAMERA, items.AGAIN),
                self._access.read(names.RELEASES_PREFIX),
                orders.list_groups(),
                allow("iot:ListJobExecutionsForThing", on=orders.things),
                allow("iot:CreateJob", on=[*orders.jobs, orders.things]),
                allow("iot:CancelJob", on=orders.jobs),
                allow("states:ListExecutions", on=rollout.state_machine_arn),
                allow("lambda:InvokeFunction", on=[tell.function_arn, roll_back.function_arn]),
                orders.presign(),
            ],
            timeout_seconds=300,  # 200 orders, each with three questions to AWS IoT
            addresses={
                "ROLLOUT_ARN": rollout.state_machine_arn,
                "TELL_FUNCTION": tell.function_name,
                "ROLL_BACK_FUNCTION": roll_back.function_name,
                **orders.addresses,
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
                self._access.state("GetItem"),
                self._access.updates(items.CAMERA),
                allow("iot:ListThingGroupsForThing", on=self._orders.things),
                allow("lambda:InvokeFunction", on=reconciler.function_arn),
            ],
            addresses={
                "RECONCILE_FUNCTION": reconciler.function_name,
                **self._storage.group_addresses,
            },
        )
