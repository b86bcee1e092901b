"""Both workflows as they are synthesized, and an interpreter that runs them."""

from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from lensloop.settings import Settings
from stacks.steps.retraining_workflow import RetrainingFunctions, RetrainingWorkflow
from stacks.steps.rollout_workflow import RolloutFunctions, RolloutWorkflow
from stacks.training.step import TrainingSpec
from tests.workflows.interpreter import Interpreter, definition_of

ACCOUNT, REGION, PREFIX = "111122223333", "eu-central-1", "deeplens-trash"
_CODE = {
    "ChannelName": "code",
    "InputMode": "File",
    "DataSource": {
        "S3DataSource": {
            "S3DataType": "S3Prefix",
            "S3Uri": "s3://assets/0123.zip",
            "S3DataDistributionType": "FullyReplicated",
        }
    },
}


def synthesize(**settings: Any) -> Template:
    """Both workflow constructs in one stack, wired as the real stacks do."""
    stack = Stack(App(), "Workflows", env=Environment(account=ACCOUNT, region=REGION))
    chosen = Settings(**settings)
    topic = sns.Topic(stack, "News", topic_name=f"{PREFIX}-news")

    def function(verb: str) -> lambda_.IFunction:
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-{verb}"
        return lambda_.Function.from_function_attributes(
            stack, verb, function_arn=arn, same_environment=True
        )

    rollout = RolloutWorkflow(
        stack,
        "Rollout",
        settings=chosen,
        names_prefix=PREFIX,
        functions=RolloutFunctions(
            deploy_release=function("deploy-release"), check_rollout=function("check-rollout")
        ),
        topic=topic,
    )
    RetrainingWorkflow(
        stack,
        "Retraining",
        settings=chosen,
        names_prefix=PREFIX,
        functions=RetrainingFunctions(
            take_snapshot=function("take-snapshot"),
            inspect_images=function("inspect-images"),
            assemble_dataset=function("assemble-dataset"),
            judge=function("judge"),
            report_suspicious_labels=function("report-suspicious-labels"),
            publish_release=function("publish-release"),
        ),
        training=TrainingSpec(
            image_uri="763104351884.dkr.ecr.eu-central-1.amazonaws.com/pytorch:2.14-cpu-amzn2023-sagemaker",
            role=iam.Role(
                stack, "Training", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
            ),
            code_file="0123.zip",
            channels=[_CODE],
            output_bucket=s3.Bucket.from_bucket_name(
                stack, "Bucket", f"{PREFIX}-{ACCOUNT}-{REGION}"
            ),
        ),
        topic=topic,
        rollout=rollout.state_machine,
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="session")
def template() -> Template:
    return synthesize()


@pytest.fixture(scope="session")
def retraining(template: Template) -> dict[str, Any]:
    return definition_of(template.to_json(), "-retraining")


@pytest.fixture(scope="session")
def rollout(template: Template) -> dict[str, Any]:
    return definition_of(template.to_json(), "-rollout")


@pytest.fixture(scope="session")
def retraining_on_demand() -> dict[str, Any]:
    return definition_of(synthesize(training_spot=False).to_json(), "-retraining")


@pytest.fixture
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Interpreter:
    return Interpreter(monkeypatch)
