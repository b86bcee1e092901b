"""How do releases reach cameras? Groups of cameras, what a camera may do, and the rollout that hands out releases."""

from functools import partial

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

from lensloop import names
from lensloop.settings import Settings
from stacks.alarms import Alarms
from stacks.camera_policy import camera_policy
from stacks.code import functions_code
from stacks.function import Function
from stacks.rollout_workflow import RolloutFunctions, RolloutWorkflow
from stacks.storage import StorageStack


class FleetStack(cdk.Stack):
    def __init__(
        self, scope: Construct, prefix: str, *, settings: Settings, env: cdk.Environment, storage: StorageStack
    ) -> None:
        super().__init__(scope, f"{prefix}-fleet", env=env, description="Lensloop: releases to cameras")
        self._prefix, self._storage = prefix, storage
        self._canary = iot.CfnThingGroup(self, "Canary", thing_group_name=f"{prefix}-canary")
        self._fleet = iot.CfnThingGroup(self, "Fleet", thing_group_name=f"{prefix}-fleet")
        iot.CfnPolicy(self, "Camera", policy_name=f"{prefix}-camera", policy_document=camera_policy(self))
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
        alarms.when_it_fails("rollout", self.rollout, "A rollout ended badly; its execution says why.")
        cdk.CfnOutput(self, "RolloutWorkflow", value=self.rollout.state_machine_arn)
        cdk.CfnOutput(self, "CanaryGroup", value=f"{prefix}-canary")
        cdk.CfnOutput(self, "FleetGroup", value=f"{prefix}-fleet")
        cdk.CfnOutput(self, "CameraPolicy", value=f"{prefix}-camera")

    def _steps(self, settings: Settings) -> RolloutFunctions:
        bucket, table = self._storage.bucket, self._storage.table
        presign = self._presign_role()
        groups = [self._canary.attr_arn, self._fleet.attr_arn]
        jobs = self.format_arn(service="iot", resource="job", resource_name=f"{self._prefix}-r*")
        things = self.format_arn(service="iot", resource="thing", resource_name="deeplens_*")
        step = partial(
            Function,
            self,
            prefix=self._prefix,
            settings=settings,
            code=functions_code(),
            timeout_seconds=120,
            TABLE=table.table_name,
            CANARY_GROUP_ARN=self._canary.attr_arn,
            FLEET_GROUP_ARN=self._fleet.attr_arn,
        )
        deploy_release = step("deploy_release", BUCKET=bucket.bucket_name, PRESIGN_ROLE_ARN=presign.role_arn)
        deploy_release.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=table.table_arn)
        deploy_release.allow("s3:GetObject", on=bucket.arn_for_objects(f"{names.RELEASES_PREFIX}*"))
        deploy_release.allow("iot:CreateJob", on=[jobs, *groups])
        deploy_release.allow("iot:CancelJob", on=jobs)
        deploy_release.allow("iot:ListThingsInThingGroup", on=groups)
        deploy_release.allow(
            "iam:PassRole",
            on=presign.role_arn,
            when={"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}},
        )
        check_rollout = step("check_rollout")
        check_rollout.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=table.table_arn)
        check_rollout.allow("iot:DescribeJob", "iot:CancelJob", "iot:ListJobExecutionsForJob", on=jobs)
        check_rollout.allow("iot:DescribeJobExecution", on=[jobs, things])
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
