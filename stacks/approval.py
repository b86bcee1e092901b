"""Who hears that a person has approved or rejected a release that waits? One function, called by
the command, and by EventBridge when the model registry's status of a version was changed.
"""

from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas import approve_release
from lambdas.aws import items
from lensloop.settings import Settings
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.storage import StorageStack


def approval(
    scope: Construct,
    *,
    prefix: str,
    settings: Settings,
    storage: StorageStack,
    rollout: sfn.IStateMachine,
    tell: lambda_.IFunction,
) -> None:
    access = Access(storage)
    function = Function(
        scope,
        approve_release.handler,
        prefix=prefix,
        settings=settings,
        storage=storage,
        may=[
            access.state("GetItem"),
            access.updates(items.APPROVAL, items.CANDIDATE),
            access.versions("DescribeModelPackage", "UpdateModelPackage"),
            allow("states:StartExecution", on=rollout.state_machine_arn),
            allow("lambda:InvokeFunction", on=tell.function_arn),
        ],
        addresses={
            "ROLLOUT_ARN": rollout.state_machine_arn,
            "TELL_FUNCTION": tell.function_name,
        },
    )
    events.Rule(
        scope,
        "Decided",
        rule_name=f"{prefix}-decided",
        description="A version of the project's releases was approved or rejected in the registry",
        event_pattern=events.EventPattern(
            source=["aws.sagemaker"],
            detail_type=["SageMaker Model Package State Change"],
            detail=_decided(storage.model_group),
        ),
        targets=[targets.LambdaFunction(function)],
    )


def _decided(group: str) -> dict[str, Any]:
    """What else is changed of a version is told as well: its stage, its metadata, by ourselves."""
    return {
        "ModelPackageGroupName": [group],
        "UpdatedModelPackageFields": ["ModelApprovalStatus"],
        "ModelApprovalStatus": ["Approved", "Rejected"],
    }
