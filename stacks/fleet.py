"""How do releases reach cameras? The rollout that hands them out, and what its steps may do."""

from functools import partial

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.alarms import Alarms
from stacks.assets.code import functions_code
from stacks.steps.function import Function
from stacks.steps.rollout_workflow import RolloutFunctions, RolloutWorkflow
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
        self._prefix, self._storage = prefix, storage
        workflow = RolloutWorkflow(
            self,
            "Rollout",
            settings=settings,
            names_prefix=prefix,
            functions=self._steps(settings),
            topic=storage.topic,
        )
        self.rollout = workflow.state_machine
        alarms = Alarms(self, "Alarms", prefix=prefix, topic=storage.topic)
        alarms.when_it_fails(
            "rollout", self.rollout, "A rollout ended badly; its execution says why."
        )
        cdk.CfnOutput(self, "RolloutWorkflow", value=self.rollout.state_machine_arn)

    def _steps(self, settings: Settings) -> RolloutFunctions:
        bucket, table = self._storage.bucket, self._storage.table
        presign = self._presign_role()
        canary, fleet = self._storage.canary.attr_arn, self._storage.fleet.attr_arn
        groups = [canary, fleet]
        jobs = [
            self.format_arn(service="iot", resource="job", resource_name=name)
            for name in names.rollout_jobs(self._prefix)
        ]
        things = self.format_arn(service="iot", resource="thing", resource_name="deeplens_*")
        step = partial(
            Function,
            self,
            prefix=self._prefix,
            settings=settings,
            code=functions_code(),
            timeout_seconds=120,
            TABLE=table.table_name,
            CANARY_GROUP_ARN=canary,
            FLEET_GROUP_ARN=fleet,
        )
        deploy_release = step(
            "deploy_release", BUCKET=bucket.bucket_name, PRESIGN_ROLE_ARN=presign.role_arn
        )
        deploy_release.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=table.table_arn)
        deploy_release.allow("s3:GetObject", on=bucket.arn_for_objects(f"{names.RELEASES_PREFIX}*"))
        deploy_release.allow("iot:CreateJob", on=[*jobs, *groups])
        deploy_release.allow("iot:CancelJob", on=jobs)
        deploy_release.allow("iot:ListThingsInThingGroup", on=groups)
        deploy_release.allow(
            "iam:PassRole",
            on=presign.role_arn,
            when={"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}},
        )
        # One call for every camera that answered, a few tens of milliseconds each: for thousands of
        # cameras, minutes.
        check_rollout = step("check_rollout", timeout_seconds=900)
        check_rollout.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=table.table_arn)
        check_rollout.allow(
            "iot:DescribeJob", "iot:CancelJob", "iot:ListJobExecutionsForJob", on=jobs
        )
        check_rollout.allow("iot:DescribeJobExecution", on=[*jobs, things])
        check_rollout.allow("iot:ListThingsInThingGroup", on=groups)
        return RolloutFunctions(deploy_release=deploy_release, check_rollout=check_rollout)

    def _presign_role(self) -> iam.Role:
        """With this role AWS IoT signs the links in a job's document, when a camera fetches it."""
        role = iam.Role(
            self,
            "Presign",
            assumed_by=iam.ServicePrincipal(
                "iot.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": self.account},
                    "ArnLike": {"aws:SourceArn": self.format_arn(service="iot", resource="*")},
                },
            ),
            description="What a link in a camera's job may fetch: releases",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[self._storage.bucket.arn_for_objects(f"{names.RELEASES_PREFIX}*")],
            )
        )
        return role
