"""What must outlive every deployment? Pictures, releases and the key that signs them, the loop's
state, where news is told, who the cameras are.
"""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.camera_policy import camera_policy

# For ever, but what a first deployment made and rolled back: that is empty, and its name would stop
# the next one.
KEPT = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
INSPECTIONS_KEPT_DAYS = 7
TRAINING_OUTPUT_KEPT_DAYS = 90


class StorageStack(cdk.Stack):
    def __init__(
        self, scope: Construct, prefix: str, *, settings: Settings, env: cdk.Environment
    ) -> None:
        super().__init__(
            scope,
            f"{prefix}-storage",
            env=env,
            description="Lensloop: pictures, releases, state, news",
        )
        self.bucket = self._bucket(settings)
        self.table = self._table(prefix)
        self.topic = self._topic(prefix, settings)
        self.release_keys, aliases = self._release_keys(prefix, settings.release_key)
        self.canary, self.fleet = self._cameras(prefix)
        # Made with the first version: in China, CloudFormation knows no such group.
        self.model_group = names.model_group(prefix)
        # Last: protected as it is, nothing could take it back when something after it fails.
        self.table.node.add_dependency(self.bucket, self.topic, *self.release_keys, *aliases)
        self.table.node.add_dependency(self.canary, self.fleet)
        cdk.CfnOutput(
            self,
            "Bucket",
            value=self.bucket.bucket_name,
            description="Drop pictures under images/<label>/",
        )
        cdk.CfnOutput(self, "StateTable", value=self.table.table_name)
        cdk.CfnOutput(self, "NewsTopic", value=self.topic.topic_arn)
        cdk.CfnOutput(self, "CanaryGroup", value=f"{prefix}-canary")
        cdk.CfnOutput(self, "FleetGroup", value=f"{prefix}-fleet")
        cdk.CfnOutput(self, "CameraPolicy", value=f"{prefix}-camera")
        cdk.CfnOutput(self, "ModelGroup", value=self.model_group)

    @property
    def first_key(self) -> str:
        """The ARN of the key that signs until a person changes it."""
        return self.release_keys[0].key_arn

    @property
    def group_addresses(self) -> dict[str, str]:
        """The waves' thing groups, under the names by which lambdas/aws/fleet.py asks for them."""
        return {
            "CANARY_GROUP_ARN": self.canary.attr_arn,
            "FLEET_GROUP_ARN": self.fleet.attr_arn,
        }

    def _bucket(self, settings: Settings) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Pictures",
            bucket_name=names.bucket(
                settings.project, settings.stage, cdk.Aws.ACCOUNT_ID, self.region
            ),
            # S3's own keys: nobody outside the account reads the bucket, and a KMS key would have
            # to be granted to every role and paid for with every picture.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=KEPT,
            lifecycle_rules=_lifecycle(settings),
            cors=_for_labeling() if settings.labeling_jobs else None,
        )
        for statement in written_once(bucket.arn_for_objects(f"{names.RELEASES_PREFIX}*")):
            bucket.add_to_resource_policy(statement)
        if settings.golden_set_writer:
            golden = bucket.arn_for_objects(f"{names.GOLDEN_PREFIX}*")
            bucket.add_to_resource_policy(written_by(settings.golden_set_writer, golden))
        # The L2 property `event_bridge_enabled` would add a custom-resource Lambda; CloudFormation
        # can do it itself.
        cfn_bucket = bucket.node.default_child
        assert isinstance(cfn_bucket, s3.CfnBucket)
        cfn_bucket.add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
        )
        return bucket

    def _table(self, prefix: str) -> dynamodb.TableV2:
        return dynamodb.TableV2(
            self,
            "State",
            table_name=f"{prefix}-state",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing=dynamodb.Billing.on_demand(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=KEPT,
        )

    def _topic(self, prefix: str, settings: Settings) -> sns.Topic:
        topic = sns.Topic(self, "News", topic_name=f"{prefix}-news", enforce_ssl=True)
        # A topic policy replaces SNS's default one,
        # which is what lets alarms of this account publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisProject",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": self.account},
                    "ArnLike": {"aws:SourceArn": alarm_arns(self, prefix)},
                },
            )
        )
        if settings.notify_email:
            topic.add_subscription(subscriptions.EmailSubscription(settings.notify_email))
        return topic

    def _release_keys(self, prefix: str, newest: int) -> tuple[list[kms.Key], list[kms.Alias]]:
        """What signs releases, and what did. Cameras hold the public half: without it none takes a
        release. The first has no number, so that a second one leaves it as it is.
        """
        made = [self._release_key(prefix, number) for number in range(1, newest + 1)]
        return [key for key, _ in made], [alias for _, alias in made]

    def _release_key(self, prefix: str, number: int) -> tuple[kms.Key, kms.Alias]:
        numbered = "" if number == 1 else str(number)
        key = kms.Key(
            self,
            f"ReleaseKey{numbered}",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            description=f"Signs the releases of {prefix}; its cameras hold the public half",
            removal_policy=KEPT,
        )
        alias = kms.Alias(
            self,
            f"ReleaseKey{numbered}Alias",
            alias_name=names.release_key(prefix, number),
            target_key=key,
            removal_policy=KEPT,
        )
        return key, alias

    def _cameras(self, prefix: str) -> tuple[iot.CfnThingGroup, iot.CfnThingGroup]:
        """What cameras are registered with. A group that goes forgets its cameras, and a policy
        that certificates hold cannot go at all: in a stack that is destroyed it would stop the
        destruction."""
        canary = iot.CfnThingGroup(self, "Canary", thing_group_name=f"{prefix}-canary")
        fleet = iot.CfnThingGroup(self, "Fleet", thing_group_name=f"{prefix}-fleet")
        policy = iot.CfnPolicy(
            self, "Camera", policy_name=f"{prefix}-camera", policy_document=camera_policy(self)
        )
        for kept in (canary, fleet, policy):
            kept.apply_removal_policy(KEPT)
        return canary, fleet


def written_once(releases: str) -> list[iam.PolicyStatement]:
    """Nobody replaces or deletes a part of a release, whatever else they may do; only what is not
    there yet is written. Who wants to must change this policy first, which leaves a trace.

    Deleting counts: after it, the same name would be free again. Not Object Lock: for one prefix,
    each writer would have to set it on each object, to a day; and a bucket with locked objects can
    be emptied by nobody until then.
    """
    return [
        iam.PolicyStatement(
            sid="ReleasesAreWrittenOnce",
            actions=["s3:PutObject"],
            resources=[releases],
            # A part of an upload carries no such header; the request that ends the upload does.
            conditions={
                "Null": {"s3:if-none-match": "true"},
                "Bool": {"s3:ObjectCreationOperation": "true"},
            },
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
        ),
        iam.PolicyStatement(
            sid="ReleasesAreNotDeleted",
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
            resources=[releases],
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
        ),
    ]


def written_by(writer: str, golden: str) -> iam.PolicyStatement:
    """Nobody else writes or deletes a picture of the golden set, whatever else they may do: who
    uploads must not choose what a model is held against. `writer`: a role's or a user's ARN; a
    session of a role counts as the role.
    """
    return iam.PolicyStatement(
        sid="GoldenSetHasOneWriter",
        actions=["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"],
        resources=[golden],
        conditions={"ArnNotEquals": {"aws:PrincipalArn": writer}},
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
    )


def alarm_arns(stack: cdk.Stack, prefix: str) -> str:
    return stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name=f"{prefix}-*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def _for_labeling() -> list[s3.CorsRule]:
    """A worker's browser shows pictures by addresses that Ground Truth signs; AWS asks for exactly
    this (docs/sms-cors-update)."""
    rule = s3.CorsRule(
        allowed_methods=[s3.HttpMethods.GET],
        allowed_origins=["*"],
        exposed_headers=["Access-Control-Allow-Origin"],
    )
    return [rule]


def _lifecycle(settings: Settings) -> list[s3.LifecycleRule]:
    """Only what the system itself wrote expires; of a person's pictures, only overwritten or
    deleted versions do.
    """
    days = cdk.Duration.days
    return [
        s3.LifecycleRule(
            id="inspection-work-files",
            prefix=names.INSPECTIONS_PREFIX,
            expiration=days(INSPECTIONS_KEPT_DAYS),
        ),
        s3.LifecycleRule(
            id="training-output",
            prefix=names.TRAINING_PREFIX,
            expiration=days(TRAINING_OUTPUT_KEPT_DAYS),
        ),
        # A job cannot delete what later jobs do not need: it leaves an empty file in its place.
        s3.LifecycleRule(
            id="emptied-features",
            prefix=names.FEATURES_PREFIX,
            object_size_less_than=1,
            expiration=days(1),
        ),
        s3.LifecycleRule(
            id="old-versions", noncurrent_version_expiration=days(settings.keep_old_versions_days)
        ),
        s3.LifecycleRule(
            id="leftovers",
            abort_incomplete_multipart_upload_after=days(7),
            expired_object_delete_marker=True,
        ),
    ]
