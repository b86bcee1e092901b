"""How do people label pictures by SageMaker Ground Truth? A role for its jobs, and a function that
takes in what people said. Only where `labeling_jobs` is set: else nothing of it is.
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from lambdas import take_labels
from lensloop.importing import provenance
from lensloop.labeling.job import UNLABELLED_PREFIX
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.access import Access, allow, service
from stacks.steps.function import Function
from stacks.storage import StorageStack

_MINUTES = 15  # Lambda's most: some 200,000 copies


def labeling(stack: cdk.Stack, *, prefix: str, settings: Settings, storage: StorageStack) -> None:
    if not settings.labeling_jobs:
        return
    jobs = stack.format_arn(
        service="sagemaker", resource="labeling-job", resource_name=f"{prefix}-*"
    )
    access = Access(storage)
    _role(stack, prefix, jobs, storage)
    function = Function(
        stack,
        take_labels.handler,
        prefix=prefix,
        settings=settings,
        storage=storage,
        may=[
            allow("sagemaker:DescribeLabelingJob", on=jobs),
            access.read(names.LABELING_PREFIX, names.REVIEW_PREFIX, UNLABELLED_PREFIX),
            access.write(names.IMAGES_PREFIX, names.LABELING_PREFIX, provenance.PREFIX),
        ],
        timeout_seconds=_MINUTES * 60,
        memory_mb=1024,
    )
    events.Rule(
        stack,
        "LabelsGiven",
        rule_name=f"{prefix}-labels-given",
        description="A labelling job has ended",
        event_pattern=events.EventPattern(
            source=["aws.sagemaker"],
            detail_type=["SageMaker Ground Truth Labeling Job State Change"],
            resources=events.Match.prefix(jobs.removesuffix("*")),
            detail={"LabelingJobStatus": ["Completed", "Stopped"]},
        ),
        targets=[targets.LambdaFunction(function)],
    )


def _role(stack: cdk.Stack, prefix: str, jobs: str, storage: StorageStack) -> iam.Role:
    """What Ground Truth may do for a job: read what is to be labelled, and write its answer. AWS'
    own functions need no right of ours."""
    access, bucket = Access(storage), storage.bucket
    role = iam.Role(
        stack,
        "Labeling",
        role_name=names.labeling_role(prefix),
        assumed_by=service("sagemaker", stack, acting_for=jobs),
        description="What a labelling job of Ground Truth may do",
    )
    for statement in (
        access.read(names.LABELING_PREFIX, names.REVIEW_PREFIX, UNLABELLED_PREFIX),
        access.write(names.LABELING_PREFIX),
        access.list_below(names.LABELING_PREFIX),
        allow("s3:GetBucketLocation", on=bucket.bucket_arn),
    ):
        role.add_to_policy(statement)
    return role
