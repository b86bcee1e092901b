"""A small CDK app that uses the kinds of resources our stacks use: what the local cloud must be able to deploy."""

import sys

import aws_cdk as cdk
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct


class Small(cdk.Stack):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        bucket = s3.Bucket(
            self,
            "Pictures",
            bucket_name=f"deeplens-small-{self.account}-{self.region}",
            encryption=s3.BucketEncryption.S3_MANAGED,
            versioned=True,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[
                s3.LifecycleRule(prefix="work/", expiration=Duration.days(7)),
                s3.LifecycleRule(noncurrent_version_expiration=Duration.days(90)),
            ],
            event_bridge_enabled=False,
            removal_policy=RemovalPolicy.RETAIN,
        )
        cdk.Tags.of(bucket).add("project", "small")
        table = dynamodb.Table(
            self,
            "State",
            table_name="deeplens-small-state",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )
        reader = lambda_.Function(
            self,
            "Reader",
            function_name="deeplens-small-reader",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(READER),
            environment={"BUCKET": bucket.bucket_name},
            reserved_concurrent_executions=1,
        )
        reader.add_to_role_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects("images/*")])
        )
        cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)
        cdk.CfnOutput(self, "TableName", value=table.table_name)
        cdk.CfnOutput(self, "ReaderName", value=reader.function_name)


READER = """
import boto3, os
def handler(event, context):
    return boto3.client("s3").get_object(Bucket=os.environ["BUCKET"], Key=event["key"])["Body"].read().decode()
"""

if __name__ == "__main__":
    app = cdk.App()
    if app.node.try_get_context("project") == "No":
        sys.exit("SettingsError: `project` is 'No'; it must start with a small letter.")
    Small(app, "deeplens-small")
    app.synth()
