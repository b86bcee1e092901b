"""Both workflows as they are synthesized, and an interpreter that runs them."""

from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from lambdas import steer_rollout
from lensloop.settings import Settings
from stacks.steps.function import Function
from stacks.steps.reporter import reporter
from stacks.steps.retraining_workflow import RetrainingWorkflow
from stacks.steps.rollout_workflow import RolloutWorkflow
from stacks.storage import StorageStack
from stacks.training.built_in import BuiltInSpec
from stacks.training.request import Entry, TrainingSpec
from tests.workflows.interpreter import Interpreter, definition_of

ACCOUNT, REGION, PREFIX = "111122223333", "eu-central-1", "deeplens-trash"
ENTRY = Entry(program="s3://assets/89ab.py", program_file="89ab.py")


def _without(shared: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in shared.items() if key != name}


def synthesize(**settings: Any) -> Template:
    """Both workflows in one stack, on the storage that ships; the functions' code stays at home."""
    app = App(context={"aws:cdk:bundling-stacks": []})
    env = Environment(account=ACCOUNT, region=REGION)
    stack, chosen = Stack(app, "Workflows", env=env), Settings(**settings)
    shared: dict[str, Any] = {
        "prefix": PREFIX,
        "settings": chosen,
        "storage": StorageStack(app, PREFIX, settings=chosen, env=env),
    }
    shared["tell"] = reporter(stack, **shared)
    rollout = RolloutWorkflow(
        stack,
        presign=iam.Role(stack, "Presign", assumed_by=iam.ServicePrincipal("iot.amazonaws.com")),
        **shared,
    )
    training = TrainingSpec(
        image_uri="763104351884.dkr.ecr.eu-central-1.amazonaws.com/pytorch:2.14-cpu-amzn2023-sagemaker",
        role=iam.Role(
            stack, "Training", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
        ),
        bucket=shared["storage"].bucket,
        code="s3://assets/0123.zip",
        code_file="0123.zip",
        dependencies="s3://assets/4567.zip",
        entry=ENTRY if chosen.training_entry_point == "image" else None,
    )
    built_in = BuiltInSpec(
        image_uri="813361260812.dkr.ecr.eu-central-1.amazonaws.com/image-classification:1",
        role=iam.Role(stack, "BuiltIn", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")),
        bucket=shared["storage"].bucket,
    )
    RetrainingWorkflow(
        stack,
        training=training,
        built_in=built_in if chosen.algorithm == "image-classification" else None,
        rollout=rollout.machine,
        steer=Function(stack, steer_rollout.handler, may=[], **_without(shared, "tell")),
        **shared,
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


@pytest.fixture(scope="session")
def retraining_by_the_image() -> dict[str, Any]:
    return definition_of(synthesize(training_entry_point="image").to_json(), "-retraining")


@pytest.fixture(scope="session")
def retraining_by_the_built_in() -> dict[str, Any]:
    template = synthesize(algorithm="image-classification").to_json()
    return definition_of(template, "-retraining")


@pytest.fixture(scope="session")
def retraining_by_finetune() -> dict[str, Any]:
    template = synthesize(algorithm="finetune", finetune_epochs=12).to_json()
    return definition_of(template, "-retraining")


@pytest.fixture
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Interpreter:
    return Interpreter(monkeypatch)
