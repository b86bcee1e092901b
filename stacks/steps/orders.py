"""What must a function have that orders cameras to take a release?"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from lensloop.wire import names
from stacks.steps.access import allow
from stacks.storage import StorageStack


class Orders:
    """`jobs`: the ARNs of the project's IoT jobs; `groups`: those of the waves' thing groups, under
    the names in which functions find them; `things`: the ARN of all cameras.
    """

    def __init__(
        self, stack: cdk.Stack, prefix: str, storage: StorageStack, presign: iam.IRole
    ) -> None:
        self._presign = presign
        self.jobs = [
            stack.format_arn(service="iot", resource="job", resource_name=name)
            for name in names.rollout_jobs(prefix)
        ]
        self.groups = storage.group_addresses
        self.things = stack.format_arn(service="iot", resource="thing", resource_name="deeplens_*")
        self.addresses = {
            "PRESIGN_ROLE_ARN": presign.role_arn,
            # the host of S3 in the links that cameras get
            "S3_HOST": f"s3.{stack.region}.{stack.url_suffix}",
            **self.groups,
        }

    def presign(self) -> iam.PolicyStatement:
        """AWS IoT signs the links in a job's document with this role, and nobody else may."""
        return allow(
            "iam:PassRole",
            on=self._presign.role_arn,
            when={"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}},
        )

    def list_groups(self) -> iam.PolicyStatement:
        return allow("iot:ListThingsInThingGroup", on=[*self.groups.values()])
