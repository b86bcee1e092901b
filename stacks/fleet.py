"""How do releases reach cameras? The rollout that hands them out, who approves, what follows from
cameras' reports, and what wakes a person.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.alarms import Alarms
from stacks.approval import approval
from stacks.keys import keys
from stacks.labeling import labeling
from stacks.reports import Reports
from stacks.review import review
from stacks.steering import steering
from stacks.steps.access import Access, service
from stacks.steps.orders import Orders
from stacks.steps.reporter import reporter
from stacks.steps.rollout_workflow import RolloutWorkflow
from stacks.storage import StorageStack


class FleetStack(cdk.Stack):
    def __init__(
        self,
        scope: Construct,
        prefix: str,
        *,
        settings: Settings,
        env: cdk.Environment,
        storage: StorageStack,
    ) -> None:
        super().__init__(
            scope, f"{prefix}-fleet", env=env, description="Lensloop: releases to cameras"
        )
        self._storage = storage
        self.tell = reporter(self, prefix=prefix, settings=settings, storage=storage)
        presign = self._presign_role()
        orders = Orders(self, prefix, storage, presign)
        workflow = RolloutWorkflow(
            self,
            prefix=prefix,
            settings=settings,
            storage=storage,
            presign=presign,
            tell=self.tell,
        )
        self.rollout = workflow.machine
        self.steer = steering(
            self,
            prefix=prefix,
            settings=settings,
            storage=storage,
            rollout=self.rollout,
            orders=orders,
            tell=self.tell,
        )
        keys(
            self,
            prefix=prefix,
            settings=settings,
            storage=storage,
            rollout=self.rollout,
            tell=self.tell,
            orders=orders,
        )
        approval(
            self,
            prefix=prefix,
            settings=settings,
            storage=storage,
            rollout=self.rollout,
            tell=self.tell,
        )
        reports = Reports(
            self,
            "Reports",
            prefix=prefix,
            settings=settings,
            storage=storage,
            rollout=self.rollout,
            presign=presign,
            tell=self.tell,
            roll_back=workflow.roll_back,
        )
        review(self, prefix=prefix, settings=settings, storage=storage)
        labeling(self, prefix=prefix, settings=settings, storage=storage)
        alarms = Alarms(self, "Alarms", prefix=prefix, topic=storage.topic)
        alarms.when_it_fails(
            "rollout", self.rollout, "A rollout ended badly; its execution says why."
        )
        alarms.when_any(
            "tell-errors",
            self.tell.metric_errors(period=cdk.Duration.minutes(5)),
            "A message or a run's record could not be written; see the log of tell. The run itself"
            " went on.",
        )
        reports.alarms(alarms)
        cdk.CfnOutput(self, "RolloutWorkflow", value=self.rollout.state_machine_arn)

    def _presign_role(self) -> iam.Role:
        """With this role AWS IoT signs the links in a job's document, when a camera fetches it."""
        role = iam.Role(
            self,
            "Presign",
            assumed_by=service(
                "iot", self, acting_for=self.format_arn(service="iot", resource="*")
            ),
            description="What a link in a camera's job may fetch: releases",
        )
        role.add_to_policy(Access(self._storage).read(names.RELEASES_PREFIX))
        return role
