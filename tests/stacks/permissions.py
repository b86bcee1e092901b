"""Is every permission that the stacks give used? What a local cloud saw, against the templates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from local.patches.iam_record import CERTIFICATE
from local.state import StateDir
from tests.stacks.synthesized import Resource, Statement, Synthesized

# CloudFormation's random end of a name; it cuts what comes before to fit 64 characters.
RANDOM = 13
HASH = 8  # CDK's, at the end of a resource's name


class Permission(NamedTuple):
    """`role` is a role's name in the code; the cameras' policy hangs on their certificates."""

    role: str
    action: str


class Use(NamedTuple):
    permission: Permission
    decision: str


def _of(roles: str, *actions: str) -> frozenset[Permission]:
    return frozenset(Permission(role, action) for role in roles.split() for action in actions)


# What the demo's story never comes to; the stories of tests/stories/test_accounts.py do.
WHEN_THE_TRIGGER_HAS_NEWS = _of("Tick", "lambda:InvokeFunction") | _of("Tell", "dynamodb:GetItem")
WHEN_PICTURES_ARE_DELETED = _of("FindDeleted", "s3:ListBucket", "s3:GetObject")

# Where `approval` is manual; the story of tests/stories/test_approval.py does.
WHEN_A_PERSON_APPROVES = frozenset[Permission]().union(
    _of("ApproveRelease", "dynamodb:GetItem", "dynamodb:UpdateItem", "lambda:InvokeFunction"),
    _of("ApproveRelease", "sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"),
    _of("ApproveRelease", "states:StartExecution"),
)

# tests/stories/test_fleet.py does: a camera's model file rots.
WHEN_A_CAMERA_DEVIATES = frozenset[Permission]().union(
    _of("RecordReport", "iot:ListThingGroupsForThing", "lambda:InvokeFunction"),
    _of("RecordReport", "dynamodb:GetItem", "dynamodb:UpdateItem"),
    _of("ReconcileFleet", "iot:ListThingsInThingGroup", "states:ListExecutions"),
    _of("ReconcileFleet", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
    _of("ReconcileFleet", "s3:GetObject"),
    _of("ReconcileFleet", "iot:ListJobExecutionsForThing", "iot:CreateJob", "iam:PassRole"),
)

# tests/stories/test_fleet.py does: a person takes a release back.
WHEN_A_RELEASE_IS_TAKEN_BACK = frozenset[Permission]().union(
    _of("RollBack", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
    _of("RollBack", "s3:GetObject", "kms:Sign", "sagemaker:UpdateModelPackage"),
    _of("RollBack", "iot:CreateJob", "iot:CancelJob", "iot:ListThingsInThingGroup"),
    _of("RollBack", "iam:PassRole", "lambda:InvokeFunction"),
)

# tests/stories/test_fleet.py does: a person pauses, resumes and tries again.
WHEN_A_PERSON_STEERS = _of(
    "SteerRollout",
    *("dynamodb:GetItem", "dynamodb:UpdateItem", "kms:Sign", "lambda:InvokeFunction"),
    *("states:ListExecutions", "states:StartExecution"),
)

# tests/stories/test_fleet.py does: a person has another key sign.
WHEN_THE_KEY_IS_CHANGED = frozenset[Permission]().union(
    _of("ChangeKey", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
    _of("ChangeKey", "kms:GetPublicKey", "kms:Sign", "s3:GetObject", "states:ListExecutions"),
    _of("ChangeKey", "iot:ListThingsInThingGroup", "iot:CreateJob", "iot:CancelJob"),
    _of("ChangeKey", "iam:PassRole", "lambda:InvokeFunction"),
)

# tests/stories/test_review.py does: a camera hands over a frame, where that is switched on.
WHEN_A_FRAME_COMES_BACK = _of(
    "HandOutReviewLinks", "s3:PutObject", "iot:ListThingGroupsForThing", "iot:Publish"
)

# tests/stories/test_review.py does: a workforce labels a frame, where that is switched on.
WHEN_PEOPLE_LABEL = _of("TakeLabels", "sagemaker:DescribeLabelingJob", "s3:GetObject") | _of(
    "TakeLabels", "s3:PutObject"
)

FUNCTIONS = (
    "ApproveRelease AssembleDataset ChangeKey CheckRollout ChooseMachine DeployRelease FindDeleted"
    " InspectImages Judge"
    " PublishRelease ReconcileFleet RecordChanges RecordReport RegisterRelease"
    " ReportSuspiciousLabels RollBack SteerRollout TakeSnapshot Tell Tick"
)
# Step Functions' own guide asks for exactly these, on all resources.
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
# Why no local cloud sees a permission used that a role must have all the same.
NOT_SEEN: dict[str, frozenset[Permission]] = {
    "Lambda itself writes a function's log, as its role; the emulator asks nobody": _of(
        FUNCTIONS, "logs:CreateLogStream", "logs:PutLogEvents"
    ),
    "Step Functions delivers a workflow's log, as its role; the emulator has no log delivery": _of(
        "Retraining Rollout", *LOG_DELIVERY
    ),
    "Step Functions' guide to .sync asks for it and does not say when it is used": _of(
        "Retraining", "sagemaker:ListTags"
    ),
    "SageMaker itself pulls the image; the local cloud has none": _of(
        "Training",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
    ),
    "SageMaker's guide to roles asks for it: it looks for the job's log before it writes": _of(
        "Training", "logs:DescribeLogStreams"
    ),
    "SageMaker itself sends the machine's metrics; the local cloud measures none": _of(
        "Training", "cloudwatch:PutMetricData"
    ),
    "SageMaker tidies up after an upload in parts that broke; the local cloud has one part": _of(
        "Training", "s3:AbortMultipartUpload"
    ),
    "only where the account was bootstrapped with a KMS key; the emulator asks nobody": _of(
        "Training", "kms:Decrypt"
    ),
    "only when a camera has an order of its own for a release that is not live any more;"
    " tests/lambdas/test_reconcile_fleet.py has one": _of("ReconcileFleet", "iot:CancelJob"),
    "only when a camera gave a release back; tests/lambdas/test_reconcile_fleet.py has one do so": (
        _of("ReconcileFleet", "lambda:InvokeFunction")
    ),
    "only when a run was stopped and its training goes on, which the local .sync does not let"
    " happen; tests/trigger/test_handlers.py stops it": _of("Tick", "sagemaker:StopTrainingJob"),
    "only when a wave failed or a newer release came; tests/lambdas/test_rollout_steps.py"
    " withdraws orders": _of("CheckRollout", "iot:CancelJob"),
    "only where the fleet gets releases by shares; tests/lambdas/test_fleet_shares.py has some": (
        _of("DeployRelease", "iot:DescribeJob", "dynamodb:Scan")
    ),
    "only where a rollout is paused half-way; tests/lambdas/test_steer_rollout.py pauses one": _of(
        "SteerRollout", "iot:CancelJob"
    ),
    "only where a camera has an order of its own for a release that is taken back;"
    " tests/lambdas/test_roll_back.py withdraws one": _of(
        "RollBack", "iot:ListJobExecutionsForThing"
    ),
    "only where a release takes the place of one that waits for approval;"
    " tests/lambdas/test_approve_release.py has one do so": _of(
        "RegisterRelease", "sagemaker:UpdateModelPackage"
    ),
    "only where an MLflow app is named; tests/lambdas/test_mlflow.py logs in a stand-in": _of(
        "RegisterRelease", "sagemaker:CallMlflowAppApi"
    ),
    "only GitHub's workflow acts as it; tests/stacks/test_least_privilege.py says on what": _of(
        "Deploy", "sts:AssumeRole"
    )
    | _of("Diff", "cloudformation:DescribeStacks", "cloudformation:GetTemplate"),
}


def listed() -> set[Permission]:
    """What no local cloud sees, whatever the reason."""
    return set().union(*NOT_SEEN.values())


def given(shipped: Synthesized) -> set[Permission]:
    """By all policies of the templates that hang on a role or on a certificate."""
    found = set()
    for s in shipped.statements():
        if s.statement["Effect"] == "Allow" and "Principal" not in s.statement:
            resource = s.where.split("/")[1].partition(".")[0]
            found |= {Permission(_of_policy(resource), action) for action in s.all_of("Action")}
    return found


_READS = {"dynamodb:GetItem", "dynamodb:Scan", "dynamodb:ConditionCheckItem"}


def writes_items(s: Statement) -> bool:
    return any(a.startswith("dynamodb:") and a not in _READS for a in s.all_of("Action"))


def named_items(s: Statement) -> set[str]:
    """The only items of the state that the statement allows to be written."""
    limits = s.statement.get("Condition", {}).get("ForAnyValue:StringLike", {})
    return set(limits.get("dynamodb:LeadingKeys", ()))


def unlimited_writes(synthesized: Synthesized) -> list[str]:
    """Where more than items that are named, or more than one kind of write, is allowed."""
    found = []
    for s in synthesized.statements():
        if s.statement["Effect"] == "Allow" and writes_items(s):
            named = named_items(s)
            if not named or "*" in named or len(s.all_of("Action")) > 1:
                found.append(s.where)
    return found


def used(state: Path, shipped: Synthesized) -> Iterator[Use]:
    """What our roles and the cameras did on the cloud of this folder."""
    roles = shipped.resources("AWS::IAM::Role")
    for line in map(json.loads, StateDir(state).permissions.read_text().splitlines()):
        role = _in_code(line["role"], roles)
        if role:
            yield Use(Permission(role, line["action"]), line["decision"])


def _of_policy(name: str) -> str:
    """`JudgeRoleDefaultPolicyCB9C8E7E` is of the role that the code calls Judge."""
    return name.partition("DefaultPolicy")[0].removesuffix("Role")


def _in_code(physical: str, roles: list[Resource]) -> str:
    """Nothing for a role that is not of these stacks: the CDK's own, or one that a test made."""
    if physical == CERTIFICATE:
        return "Camera"
    begin = physical[:-RANDOM].removesuffix("-")
    names = [role.name for role in roles if f"{role.stack}-{role.name}".startswith(begin)]
    return names[0][:-HASH].removesuffix("Role") if len(names) == 1 else ""
