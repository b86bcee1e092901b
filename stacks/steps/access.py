"""What may a step do?
Each answer is one statement for its role, limited to one part of what is stored.
"""

from collections.abc import Sequence
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from lensloop.wire import names
from stacks.storage import StorageStack


def allow(
    *actions: str, on: str | Sequence[str], when: dict[str, dict[str, Any]] | None = None
) -> iam.PolicyStatement:
    resources = [on] if isinstance(on, str) else [*on]
    return iam.PolicyStatement(actions=[*actions], resources=resources, conditions=when)


def allow_listing(bucket: s3.IBucket, *prefixes: str) -> iam.PolicyStatement:
    below = [f"{prefix}*" for prefix in prefixes]
    limit = {"StringLike": {"s3:prefix": below}}
    return allow("s3:ListBucket", on=bucket.bucket_arn, when=limit)


def service(name: str, stack: cdk.Stack, *, acting_for: str) -> iam.ServicePrincipal:
    """Who may take a role: that service of AWS, for what has this ARN in this account, so that no
    other account gets it to act with our rights (the confused deputy).
    """
    return iam.ServicePrincipal(
        f"{name}.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": acting_for},
        },
    )


class Access:
    """To the bucket, by prefix, to the state table, by item, and to the registry's versions of the
    project's releases.
    """

    def __init__(self, storage: StorageStack) -> None:
        self._bucket, self._table = storage.bucket, storage.table
        self._stack, self._model_group = storage, storage.model_group
        self._release_keys = [key.key_arn for key in storage.release_keys]

    def list_below(self, prefix: str) -> iam.PolicyStatement:
        return allow_listing(self._bucket, prefix)

    def list_top(self) -> iam.PolicyStatement:
        """Names at the bucket's top level and in the folder without a name, nothing below."""
        limit = {"StringEquals": {"s3:prefix": ["", "/"], "s3:delimiter": "/"}}
        return allow("s3:ListBucket", on=self._bucket.bucket_arn, when=limit)

    def read(self, *prefixes: str) -> iam.PolicyStatement:
        return allow("s3:GetObject", on=self._objects(prefixes))

    def write(self, *prefixes: str) -> iam.PolicyStatement:
        return allow("s3:PutObject", on=self._objects(prefixes))

    def state(
        self, *reads: Literal["GetItem", "Scan", "ConditionCheckItem"]
    ) -> iam.PolicyStatement:
        """Every item may be read: none is a secret, and what a step reads decides only for it."""
        actions = [f"dynamodb:{operation}" for operation in reads]
        return allow(*actions, on=self._table.table_arn)

    def updates(self, *items: str) -> iam.PolicyStatement:
        """Of lambdas/aws/items.py."""
        return self._writes("dynamodb:UpdateItem", items)

    def puts(self, *items: str) -> iam.PolicyStatement:
        return self._writes("dynamodb:PutItem", items)

    def _writes(self, action: str, items: Sequence[str]) -> iam.PolicyStatement:
        """A function that is taken over can write no item that is not its own. Of the set operators
        ForAnyValue, for a request that names no item must not pass, and AWS does not say whether a
        part of a transaction is asked for with its own item or with those of all parts: both work.
        """
        own = [f"{item}*" if item.endswith("#") else item for item in items]
        limit = {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": own}}
        return allow(action, on=self._table.table_arn, when=limit)

    def sign(self) -> iam.PolicyStatement:
        """With a key that cameras know or are to know, and only as lambdas/aws/signing.py does."""
        as_we_do = {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}
        return allow("kms:Sign", on=self._release_keys, when={"StringEquals": as_we_do})

    def read_public_keys(self) -> iam.PolicyStatement:
        return allow("kms:GetPublicKey", on=self._release_keys)

    def versions(self, *operations: str) -> iam.PolicyStatement:
        """Of the project's group in the model registry."""
        actions = [f"sagemaker:{operation}" for operation in operations]
        return allow(*actions, on=self._versions())

    def new_version(self) -> list[iam.PolicyStatement]:
        """AWS asks for the group as well, which the first version finds missing."""
        group = self._model("model-package-group", self._model_group)
        return [
            allow("sagemaker:CreateModelPackageGroup", on=group),
            allow("sagemaker:CreateModelPackage", on=[group, self._versions()]),
        ]

    def lineage(self, prefix: str) -> list[iam.PolicyStatement]:
        """AWS names artifacts by hashes, and knows no resource for what lists them. A training job
        is in the graph as its trial component."""
        jobs = [
            self._model("experiment-trial-component", name) for name in names.training_jobs(prefix)
        ]
        artifacts = self._model("artifact", "*")
        return [
            allow("sagemaker:ListArtifacts", "sagemaker:ListAssociations", on="*"),
            allow("sagemaker:CreateArtifact", on=artifacts),
            allow("sagemaker:AddAssociation", on=[artifacts, *jobs]),
            allow("sagemaker:DescribeTrialComponent", on=jobs),
        ]

    def _versions(self) -> str:
        return self._model("model-package", f"{self._model_group}/*")

    def _model(self, resource: str, name: str) -> str:
        return self._stack.format_arn(service="sagemaker", resource=resource, resource_name=name)

    def _objects(self, prefixes: Sequence[str]) -> list[str]:
        return [self._bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]
