"""With what does a training job run? The image, the code and libraries it is given, and the one
role it has.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from lensloop.machines.ladder import BUILT_IN, jobs, types
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.assets.code import ROOT, training_code
from stacks.steps.access import allow, allow_listing, service
from stacks.training import channel as training_channel
from stacks.training import instance
from stacks.training.built_in import BuiltInSpec
from stacks.training.image import TrainingImage, built_in_image, training_image
from stacks.training.request import Entry, TrainingSpec

LOG_GROUP = (  # SageMaker's own; every training job of the account shares it
    "/aws/sagemaker/TrainingJobs"
)


class TrainingJobs(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, bucket: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        code = training_code(self)
        dependencies = assets.Asset(self, "Dependencies", path=str(self._packed()))
        start = self._start(settings)
        channels = [code, dependencies, *([start] if start else [])]
        instance.check(settings)
        # The same for all types of the ladder: they have all a GPU, or none has.
        image = training_image(self, types(settings)[0], settings.training_image_digest)
        role = _role(
            self,
            "What a training job may do: read its channels, write its model, keep what later jobs"
            " need, tell its progress",
            *_read_channels(bucket, channels, settings),
            *_read_artefact(bucket, settings),
            _write(bucket, names.TRAINING_PREFIX, names.FEATURES_PREFIX, names.EXPERIMENTS_PREFIX),
            *_pull(image),
            *_report(self),
        )
        self.built_in = self._built_in(bucket) if BUILT_IN in jobs(settings) else None
        self.spec = TrainingSpec(
            image_uri=image.uri,
            role=role,
            bucket=bucket,
            code=code.s3_object_url,
            code_file=code.s3_object_key,
            dependencies=dependencies.s3_object_url,
            entry=_entry(start) if start else None,
        )

    def _start(self, settings: Settings) -> assets.Asset | None:
        """The file that the image's own entry point runs; none when we name the command."""
        if settings.training_entry_point == "ours":
            return None
        return assets.Asset(self, "Start", path=str(ROOT / "training" / "start.py"))

    def _packed(self) -> Path:
        """What travels with a job. `cdk destroy` and `cdk list` carry nothing to AWS: for them the
        CDK asks for no bundling, and they must not wait for packages.
        """
        if not cdk.Stack.of(self).bundling_required:
            return ROOT / training_channel.REQUIREMENTS
        platform = self.node.try_get_context("training_platform") or "sagemaker"
        return training_channel.dependencies(ROOT, platform)

    def _built_in(self, bucket: s3.IBucket) -> BuiltInSpec:
        """SageMaker's own algorithm runs with a role of its own, which reaches the copies that we
        made and no picture as it was uploaded.
        """
        image = built_in_image(self)
        readable = [
            bucket.arn_for_objects(f"{prefix}*")
            for prefix in (names.DATASETS_PREFIX, names.TRAINING_PREFIX)
        ]
        role = _role(
            Construct(self, "BuiltIn"),
            "What SageMaker's own algorithm may do: read copies of pictures, write its network",
            allow("s3:GetObject", on=readable),
            allow_listing(bucket, names.DATASETS_PREFIX, names.TRAINING_PREFIX),
            _write(bucket, names.TRAINING_PREFIX),
            *_pull(image),
            *_report(self),
        )
        return BuiltInSpec(image_uri=image.uri, role=role, bucket=bucket)


def _role(scope: Construct, description: str, *may: iam.PolicyStatement) -> iam.IRole:
    stack = cdk.Stack.of(scope)
    role = iam.Role(
        scope,
        "Role",
        assumed_by=service(
            "sagemaker", stack, acting_for=stack.format_arn(service="sagemaker", resource="*")
        ),
        description=description,
    )
    for statement in may:
        role.add_to_policy(statement)
    return role.without_policy_updates()


def _report(scope: Construct) -> tuple[iam.PolicyStatement, iam.PolicyStatement]:
    # CreateLogGroup is asked of the group itself, the others of what is in it.
    groups = [
        cdk.Stack.of(scope).format_arn(
            service="logs",
            resource="log-group",
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for name in (LOG_GROUP, f"{LOG_GROUP}:*")
    ]
    logs = ("CreateLogGroup", "CreateLogStream", "PutLogEvents", "DescribeLogStreams")
    return (
        allow(*(f"logs:{action}" for action in logs), on=groups),
        allow(
            "cloudwatch:PutMetricData",
            on="*",  # metrics have no ARN; the namespace is the limit
            when={"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}},
        ),
    )


def _read_artefact(bucket: s3.IBucket, settings: Settings) -> list[iam.PolicyStatement]:
    """What SageMaker's own algorithm left, where it is the one that trains."""
    if BUILT_IN not in jobs(settings):
        return []
    return [allow("s3:GetObject", on=bucket.arn_for_objects(f"{names.TRAINING_PREFIX}*"))]


def _entry(start: assets.Asset) -> Entry:
    """The CDK names the file by its hash and keeps its ending, by which the toolkit sees Python."""
    return Entry(program=start.s3_object_url, program_file=start.s3_object_key)


def _read_channels(
    bucket: s3.IBucket, channels: list[assets.Asset], settings: Settings
) -> list[iam.PolicyStatement]:
    prefixes = (
        *(names.DATASETS_PREFIX, names.IMAGES_PREFIX, names.RELEASES_PREFIX),
        *(names.FEATURES_PREFIX, names.IMPORTS_PREFIX),
        *((names.GOLDEN_PREFIX,) if settings.golden_set_accuracy else ()),
        names.EXPERIMENTS_PREFIX,  # what starts one lies beside it
    )
    objects = [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]
    statements = [
        allow("s3:GetObject", on=objects),
        allow_listing(bucket, *prefixes, names.TRAINING_PREFIX),
    ]
    for asset in channels:
        key = asset.s3_object_key
        statements += [
            allow("s3:GetObject", on=asset.bucket.arn_for_objects(key)),
            allow_listing(asset.bucket, key),
        ]
    return [*statements, _decrypt(channels[0].bucket)]


def _decrypt(assets: s3.IBucket) -> iam.PolicyStatement:
    """An account may have been bootstrapped with a KMS key of its own, which nobody knows here; S3
    uses it for the objects of that bucket and says so (the encryption context is their ARN, or with
    a bucket key the bucket's).
    """
    stack = cdk.Stack.of(assets)
    return allow(
        "kms:Decrypt",
        on=stack.format_arn(service="kms", resource="key", resource_name="*"),
        when={
            "StringEquals": {"kms:ViaService": _s3_in(stack)},
            "ArnLike": {
                "kms:EncryptionContext:aws:s3:arn": [
                    assets.bucket_arn,
                    assets.arn_for_objects("*"),
                ]
            },
        },
    )


def _s3_in(stack: cdk.Stack) -> list[str]:
    """AWS documents the first form for all partitions; China's hosts end otherwise."""
    return [f"s3.{stack.region}.amazonaws.com", f"s3.{stack.region}.{stack.url_suffix}"]


def _write(bucket: s3.IBucket, *prefixes: str) -> iam.PolicyStatement:
    output = [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]
    return allow("s3:PutObject", "s3:AbortMultipartUpload", on=output)


def _pull(image: TrainingImage) -> tuple[iam.PolicyStatement, iam.PolicyStatement]:
    layers = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    return (
        allow(*(f"ecr:{action}" for action in layers), on=image.repository_arn),
        allow("ecr:GetAuthorizationToken", on="*"),  # has no resource to name
    )
