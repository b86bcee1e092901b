"""What may the workflows do, how long may they last, and is every call tried again and caught?"""

import re
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Match, Template

from lambdas import judge
from lensloop.settings import Settings
from stacks.steps.reporter import reporter
from stacks.steps.step import AWS_FAULTS
from stacks.steps.workflow import Workflow
from stacks.storage import StorageStack
from tests.workflows.conftest import ACCOUNT, PREFIX, REGION

_LOG_DELIVERY = "logs:CreateLogDelivery"


def states_of(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in definition["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states_of(state["ItemProcessor"])


def statements_of(template: Template, role: str) -> list[dict[str, Any]]:
    policies = template.find_resources("AWS::IAM::Policy")
    [policy] = [policy for name, policy in policies.items() if name.startswith(role)]
    statements: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return statements


@pytest.mark.parametrize("workflow", ["retraining", "rollout"])
def test_every_call_is_tried_again_when_the_service_is_busy(
    workflow: str, request: pytest.FixtureRequest
) -> None:
    tasks = {n: s for n, s in states_of(request.getfixturevalue(workflow)) if s["Type"] == "Task"}
    for name, state in tasks.items():
        for retry in state["Retry"]:
            assert (retry["JitterStrategy"], retry["BackoffRate"]) == ("FULL", 2), name
    functions = [s for s in tasks.values() if ":function:" in s["Resource"]]
    assert functions
    assert all("Lambda.TooManyRequestsException" in s["Retry"][0]["ErrorEquals"] for s in functions)


# What the steps ask of AWS, and the answers to it that are no fault of AWS:
# asking again would not change them.
CALLS = {
    "s3": ("GetObject", "PutObject", "ListObjectsV2"),
    "dynamodb": ("GetItem", "UpdateItem", "TransactWriteItems"),
    "iot": (
        *("CreateJob", "CancelJob", "DescribeJob", "DescribeJobExecution"),
        *("ListJobExecutionsForJob", "ListThingsInThingGroup"),
    ),
}
FINAL = re.compile(
    r"Invalid|NotFound|NoSuch|AlreadyExists|LimitExceededException$|ConditionalCheck|Mismatch"
    r"|TooManyParts|Replicated"
)


def test_every_error_that_aws_is_to_blame_for_is_tried_again_by_its_name() -> None:
    """Lambda reports an exception by the name of its class, and botocore has a class for each error
    of a model.
    """
    modelled = {
        error.name
        for service, operations in CALLS.items()
        for operation in operations
        for error in botocore.session.get_session()
        .get_service_model(service)
        .operation_model(operation)
        .error_shapes
    }
    passing = {name for name in modelled if not FINAL.search(name)}
    assert {"TransactionCanceledException", "ThrottlingException", "InternalServerError"} <= passing
    assert passing <= set(AWS_FAULTS)


def test_every_name_of_a_fault_is_one_that_botocore_raises() -> None:
    models = [botocore.session.get_session().get_service_model(service) for service in CALLS]
    known = {
        *vars(botocore.exceptions),
        *(error.name for model in models for error in model.error_shapes),
    }
    assert set(AWS_FAULTS) <= known


@pytest.mark.parametrize("workflow", ["retraining", "rollout"])
def test_every_failure_is_caught(workflow: str, request: pytest.FixtureRequest) -> None:
    for name, state in request.getfixturevalue(workflow)["States"].items():
        if state["Type"] in ("Task", "Map"):
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_workflows_are_standard_end_in_time_and_log_their_errors(template: Template) -> None:
    template.resource_properties_count_is(
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineType": Match.absent(),  # STANDARD
            "LoggingConfiguration": Match.object_like(
                {"Level": "ERROR", "IncludeExecutionData": True}
            ),
            "DefinitionString": Match.any_value(),
        },
        2,
    )
    template.all_resources_properties("AWS::Logs::LogGroup", {"RetentionInDays": 90})


@pytest.mark.parametrize("workflow", ["retraining", "rollout"])
def test_no_workflow_runs_for_ever(workflow: str, request: pytest.FixtureRequest) -> None:
    assert 3600 < request.getfixturevalue(workflow)["TimeoutSeconds"] < 8 * 86400


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        (
            "RetrainingRole",
            {
                "lambda:InvokeFunction",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
                "sagemaker:AddTags",
                "sagemaker:ListTags",
                "iam:PassRole",
                "events:PutTargets",
                "events:PutRule",
                "events:DescribeRule",
                "states:StartExecution",
            },
        ),
        ("RolloutRole", {"lambda:InvokeFunction"}),
    ],
)
def test_a_workflow_may_do_exactly_this_and_only_on_what_is_named(
    role: str, actions: set[str], template: Template
) -> None:
    found: set[str] = set()
    for statement in statements_of(template, role):
        listed = (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
        if _LOG_DELIVERY in listed:
            assert statement["Resource"] == "*"  # AWS offers no narrower grant for log delivery
            continue
        found |= set(listed)
        assert statement["Resource"] != "*", listed
    assert found == actions


def test_only_sagemaker_is_handed_the_training_role(template: Template) -> None:
    [grant] = [
        s for s in statements_of(template, "RetrainingRole") if s["Action"] == "iam:PassRole"
    ]
    assert grant["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert "Training" in str(grant["Resource"])


def test_training_jobs_are_only_the_projects_own(template: Template) -> None:
    [grant] = [
        s for s in statements_of(template, "RetrainingRole") if "sagemaker:AddTags" in s["Action"]
    ]
    assert len(grant["Resource"]) == 9
    assert all(
        re.search(rf"training-job/{PREFIX}-[1-9]\*'", str(resource))
        for resource in grant["Resource"]
    )


def test_only_step_functions_for_this_workflow_may_take_its_role(template: Template) -> None:
    for workflow in ("retraining", "rollout"):
        roles = template.find_resources("AWS::IAM::Role")
        [role] = [
            r["Properties"]
            for n, r in roles.items()
            if n.startswith(f"{workflow.capitalize()}Role")
        ]
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "states.amazonaws.com"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
        assert f"stateMachine:{PREFIX}-{workflow}" in str(statement["Condition"]["ArnLike"])


def test_a_step_that_keeps_what_no_end_hands_over_is_refused_at_synthesis() -> None:
    app, settings = App(), Settings()
    env = Environment(account=ACCOUNT, region=REGION)
    stack = Stack(app, "Workflows", env=env)
    storage = StorageStack(app, PREFIX, settings=settings, env=env)
    tell = reporter(stack, prefix=PREFIX, settings=settings, storage=storage)
    workflow = Workflow(
        stack,
        "Retraining",
        name="retraining",
        prefix=PREFIX,
        settings=settings,
        storage=storage,
        tell=tell,
        keeps=("verdict",),
    )
    with pytest.raises(ValueError, match="“Judge” keeps “verdicts”: name it among"):
        workflow.step("Judge", judge.handler, payload={}, keep="verdicts", may=[])
