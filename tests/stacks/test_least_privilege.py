"""May anything do more than it must? Every statement of every policy of the templates that ship."""

import re

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from lensloop.settings import Settings
from stacks.delivery import DeliveryStack
from tests.stacks.permissions import LOG_DELIVERY, named_items, unlimited_writes, writes_items
from tests.stacks.synthesized import MLFLOW_APP, Statement, Synthesized, flat

# Where AWS itself leaves no choice. Each: the actions, and why no resource can be named.
UNLIMITED = {
    (
        "ecr:GetAuthorizationToken",
    ): "a token is for the whole registry; the layers are limited to the image's repository",
    (
        "cloudwatch:PutMetricData",
    ): "metrics have no ARN; the statement is limited to SageMaker's namespace",
    (
        "sagemaker:ListArtifacts",
        "sagemaker:ListAssociations",
    ): "AWS knows no resource for them; they list names and addresses of SageMaker's lineage",
    LOG_DELIVERY: (
        "Step Functions' log delivery; its own guide asks for exactly these on all resources"
    ),
}
# A pattern may end in * only below a name of ours.
PATTERNS = {
    r".*/(images|datasets(/inspections)?|features|imports|training|releases|runs|experiments)/\*": (
        "objects below one prefix of our bucket"
    ),
    r".*:training-job/deeplens-trash-[1-9]\*": "our training jobs, named by epoch",
    r".*:model-package/deeplens-trash-releases/\*": "versions in the registry of our releases",
    r".*:sagemaker:.*:artifact/\*": "SageMaker names what is in its lineage by hashes",
    r".*:experiment-trial-component/deeplens-trash-[1-9]\*": "our training jobs, in that lineage",
    r".*:execution:deeplens-trash-retraining:\*": "executions of our workflow, named by epoch",
    r".*:cloudformation:.*:stack/deeplens-trash-\*": "the stacks of this project",
    r".*:job/deeplens-trash-r[1-9]\*": "our IoT jobs, named by epoch",
    r".*:thing/deeplens_\*": "cameras, which a person names",
    r".*:log-group:/aws/sagemaker/TrainingJobs:\*": (
        "the log group that SageMaker gives training jobs"
    ),
    r".*:kms:.*:key/\*": (
        "the key that an account may have been bootstrapped with: only through S3, and only for"
        " the objects of the bootstrap's bucket"
    ),
    r".*:topic(filter)?/\$aws/things/\$\{iot:Connection\.Thing\.ThingName\}/jobs/\*": (
        "a camera's own job topics"
    ),
}
# What may not carry the caller's account: Lambda sends none when it assumes a function's role, SQS'
# rule ARN names it.
WITHOUT_SOURCE = {
    "lambda.amazonaws.com": (
        "the role is passed by whoever may create the function; Lambda sends no source"
    )
}


def _allowed(shipped: Synthesized) -> list[Statement]:
    """But the first statement of a key's policy: that the account's own policies decide."""
    return [
        s
        for s in shipped.statements()
        if s.statement["Effect"] == "Allow" and not s.where.endswith(".KeyPolicy.Statement")
    ]


def test_no_statement_allows_a_wildcard_action(shipped: Synthesized) -> None:
    assert not [(s.where, a) for s in _allowed(shipped) for a in s.all_of("Action") if "*" in a]
    assert not [
        s.where
        for s in _allowed(shipped)
        if "NotAction" in s.statement or "NotResource" in s.statement
    ]


def test_no_statement_allows_all_resources_but_those_listed_with_a_reason(
    shipped: Synthesized,
) -> None:
    used = set()
    for s in _allowed(shipped):
        if "*" in s.all_of("Resource"):
            actions = tuple(sorted(s.all_of("Action")))
            assert actions in UNLIMITED, f"{s.where} may {actions} on everything"
            used.add(actions)
    assert used == set(UNLIMITED), "an exception is listed that nothing needs any more"


def test_every_pattern_of_resources_is_below_a_name_of_ours(shipped: Synthesized) -> None:
    used = set()
    for s in _allowed(shipped):
        for resource in map(flat, s.all_of("Resource")):
            if "*" in resource and resource != "*":
                matching = [pattern for pattern in PATTERNS if re.fullmatch(pattern, resource)]
                assert matching, f"{s.where}: {resource}"
                used.update(matching)
    assert used == set(PATTERNS), "a pattern is listed that nothing needs any more"


def test_of_mlflow_only_the_app_that_is_named_may_be_called(shipped: Synthesized) -> None:
    (found,) = [s for s in _allowed(shipped) if "sagemaker:CallMlflowAppApi" in s.all_of("Action")]
    assert found.where.split("/")[1].startswith("RegisterReleaseRole")
    assert found.all_of("Resource") == [MLFLOW_APP]


def test_of_a_releases_key_only_signing_is_given_and_only_as_we_sign(shipped: Synthesized) -> None:
    key = shipped.one("AWS::KMS::Key").properties
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    (own,) = key["KeyPolicy"]["Statement"]
    assert flat(own["Principal"]["AWS"]).endswith(":iam::${AWS::AccountId}:root")
    with_it = [s for s in _allowed(shipped) if any("kms:" in a for a in s.all_of("Action"))]
    (reads,) = [s for s in with_it if s.all_of("Action") == ["kms:GetPublicKey"]]
    assert reads.where.split("/")[1].startswith("ChangeKeyRole")
    assert "*" not in flat(reads.all_of("Resource"))
    signing = [s for s in with_it if "kms:Sign" in s.all_of("Action")]
    assert len(with_it) == len(signing) + 2, "and what reads a bootstrap that has a key"
    assert sorted(s.where.split("/")[1].partition("Role")[0] for s in signing) == [
        "ChangeKey",
        "PublishRelease",
        "RollBack",
        "SteerRollout",
    ]
    for s in signing:
        assert s.all_of("Action") == ["kms:Sign"]
        assert "*" not in flat(s.all_of("Resource"))
        assert s.statement["Condition"]["StringEquals"] == {
            "kms:MessageType": "DIGEST",
            "kms:SigningAlgorithm": "ECDSA_SHA_256",
        }


@pytest.mark.parametrize(
    ("role", "writes"),
    [
        ("Tick", {"trigger"}),
        ("RecordChanges", {"trigger"}),
        ("TakeSnapshot", set()),
        ("AssembleDataset", {"trigger", "split", "dataset"}),
        ("Judge", {"trained"}),
        ("PublishRelease", {"candidate", "approval", "release#*"}),
        ("RegisterRelease", {"package#*"}),
        ("ApproveRelease", {"approval", "candidate"}),
        ("DeployRelease", {"rollout", "candidate", "live", "proved#*", "production"}),
        ("CheckRollout", {"rollout", "candidate", "live", "proved#*"}),
        ("RollBack", {"rollback", "rollout", "candidate", "live", "production", "signature#*"}),
        ("SteerRollout", {"candidate", "rollout", "rollback", "paused", "signature#*"}),
        ("ChangeKey", {"keys", "signature#*", "rollback", "rollout"}),
        ("RecordReport", {"camera#*"}),
        ("ReconcileFleet", {"camera#*", "again"}),
        ("Tell", set()),
    ],
)
def test_each_function_writes_its_own_items_of_the_state_only(
    shipped: Synthesized, role: str, writes: set[str]
) -> None:
    found = [s for s in _allowed(shipped) if s.where.split("/")[1].startswith(f"{role}Role")]
    assert set().union(*(named_items(s) for s in found if writes_items(s))) == writes


def test_no_statement_writes_items_of_the_state_without_naming_them(shipped: Synthesized) -> None:
    """tests/stacks/test_review.py and test_labeling.py ask it of what is off by default."""
    assert len([s for s in _allowed(shipped) if writes_items(s)]) > 10
    assert unlimited_writes(shipped) == []


def test_metrics_are_limited_to_sagemakers_namespace(shipped: Synthesized) -> None:
    (found,) = [s for s in _allowed(shipped) if "cloudwatch:PutMetricData" in s.all_of("Action")]
    assert found.statement["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}
    }


def test_a_service_acts_only_for_this_account(shipped: Synthesized) -> None:
    seen = set()
    for s in _allowed(shipped):
        principal = s.statement.get("Principal", {})
        if service := principal.get("Service"):
            seen.add(service)
            sources = {key for test in s.statement.get("Condition", {}).values() for key in test}
            assert service in WITHOUT_SOURCE or sources & {
                "aws:SourceAccount",
                "aws:SourceArn",
            }, s.where
    assert {
        "sagemaker.amazonaws.com",
        "iot.amazonaws.com",
        "states.amazonaws.com",
        "events.amazonaws.com",
    } <= seen
    for permission in shipped.resources("AWS::Lambda::Permission"):
        assert "SourceArn" in permission.properties, permission.name


def test_a_role_is_passed_only_to_the_service_it_is_for(shipped: Synthesized) -> None:
    passed = [s for s in _allowed(shipped) if "iam:PassRole" in s.all_of("Action")]
    assert len(passed) == 5
    services = []
    for s in passed:
        assert s.all_of("Action") == ["iam:PassRole"]
        assert "*" not in flat(s.all_of("Resource"))
        services.append(s.statement["Condition"]["StringEquals"]["iam:PassedToService"])
    assert sorted(services) == [*["iot.amazonaws.com"] * 4, "sagemaker.amazonaws.com"]


def test_no_role_of_ours_may_redrive_an_execution(shipped: Synthesized) -> None:
    """A Deny in one role would stop nobody else: what counts is that no role is allowed to."""
    redrives = ("states:RedriveExecution", "states:Re*", "states:*", "*")
    assert not [s for s in _allowed(shipped) if set(redrives) & set(s.all_of("Action"))]


def test_every_function_workflow_and_job_has_its_own_role(shipped: Synthesized) -> None:
    roles = [flat(r.properties["Role"]) for r in shipped.resources("AWS::Lambda::Function")]
    roles += [
        flat(r.properties["RoleArn"]) for r in shipped.resources("AWS::StepFunctions::StateMachine")
    ]
    assert len(roles) == len(set(roles)) == 22
    # and besides: the training job, the signer of links, who deploys and who compares
    assert len(shipped.resources("AWS::IAM::Role")) == len(roles) + 4


def test_no_role_holds_a_policy_that_aws_manages(shipped: Synthesized) -> None:
    assert not [
        r.name for r in shipped.resources("AWS::IAM::Role") if "ManagedPolicyArns" in r.properties
    ]


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        ("TakeSnapshot", {"datasets"}, {"datasets/inspections"}),
        ("InspectImages", {"images", "datasets/inspections"}, {"datasets/inspections"}),
        (
            "AssembleDataset",
            {"datasets", "training", "features", "imports", "releases"},
            {"datasets"},
        ),
        ("ReportSuspiciousLabels", {"training", "datasets"}, {"datasets"}),
        ("Judge", {"training"}, set()),
        ("PublishRelease", {"training", "releases"}, {"releases"}),
        ("DeployRelease", {"releases"}, set()),
        ("Presign", {"releases"}, set()),
        ("CheckRollout", set(), set()),
        ("RecordChanges", set(), set()),
        ("RecordReport", set(), set()),
        ("ReconcileFleet", {"releases"}, set()),
        ("RollBack", {"releases"}, set()),
        ("SteerRollout", set(), set()),
        ("ChangeKey", {"releases"}, set()),
        ("Tick", set(), set()),
        ("Tell", {"runs", "datasets", "training"}, {"runs"}),
        (
            "TrainingRole",
            {"images", "datasets", "releases", "features", "imports", "experiments"},
            {"training", "features", "experiments"},
        ),
    ],
)
def test_each_role_reaches_only_its_part_of_the_bucket(
    shipped: Synthesized, role: str, reads: set[str], writes: set[str]
) -> None:
    found: dict[str, set[str]] = {"s3:GetObject": set(), "s3:PutObject": set()}
    for s in _allowed(shipped):
        if s.where.split("/")[1].startswith(role):
            for action in found.keys() & set(s.all_of("Action")):
                objects = (
                    re.fullmatch(r".*Pictures.*?\}/(.+)/\*", flat(r)) for r in s.all_of("Resource")
                )
                found[action] |= {match.group(1) for match in objects if match}
    assert found == {"s3:GetObject": reads, "s3:PutObject": writes}


def test_nothing_of_the_users_can_be_deleted_or_overwritten_by_the_system(
    shipped: Synthesized,
) -> None:
    for s in _allowed(shipped):
        assert not [a for a in s.all_of("Action") if a.startswith("s3:Delete")], s.where
        if "s3:PutObject" in s.all_of("Action"):
            theirs = [
                resource
                for resource in map(flat, s.all_of("Resource"))
                if "/images/" in resource or "/golden/" in resource
            ]
            assert not theirs, s.where


def test_only_the_report_of_an_end_sends_messages_besides_alarms(shipped: Synthesized) -> None:
    roles = {
        s.where.split("/")[1].partition("Role")[0]
        for s in _allowed(shipped)
        if "sns:Publish" in s.all_of("Action") and "Principal" not in s.statement
    }
    assert roles == {"Tell"}


def test_a_camera_speaks_only_under_its_own_name(shipped: Synthesized) -> None:
    policy = shipped.one("AWS::IoT::Policy").properties["PolicyDocument"]
    by_action = {s["Action"]: s for s in policy["Statement"]}
    assert set(by_action) == {"iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive"}
    assert by_action["iot:Connect"]["Condition"] == {
        "Bool": {"iot:Connection.Thing.IsAttached": "true"}
    }
    for statement in by_action.values():
        resources = (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
        assert all("${iot:Connection.Thing.ThingName}" in flat(resource) for resource in resources)


def test_only_one_repository_may_deploy_from_its_environment_and_compare_in_its_pull_requests(
    shipped: Synthesized,
) -> None:
    host = "token.actions.githubusercontent.com"
    trusts = [s for s in _allowed(shipped) if "Federated" in s.statement.get("Principal", {})]
    trusted = [trust.statement["Condition"]["StringEquals"] for trust in trusts]
    assert {who[f"{host}:aud"] for who in trusted} == {"sts.amazonaws.com"}
    assert sorted(who[f"{host}:sub"] for who in trusted) == [
        "repo:someone/lensloop:environment:production",
        "repo:someone/lensloop:pull_request",
    ]
    (reads,) = [s for s in _allowed(shipped) if "cloudformation:GetTemplate" in s.all_of("Action")]
    assert reads.all_of("Action") == ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"]
    (may,) = [
        s
        for s in _allowed(shipped)
        if s.all_of("Action") == ["sts:AssumeRole"] and s.all_of("Resource")
    ]
    roles = re.findall(
        r"role/cdk-hnb659fds-([a-z-]+)-role-", " ".join(map(flat, may.all_of("Resource")))
    )
    assert roles == [
        "deploy",
        "file-publishing",
        "lookup",
    ]


def test_a_repository_of_today_may_deploy_by_the_name_that_its_tokens_have() -> None:
    """Since July 2026 GitHub names new repositories in their tokens with ids, which no recycled
    name can have.
    """
    settings = Settings.from_context({"github_repository": "someone@123/lensloop@456"})
    stack = DeliveryStack(
        cdk.App(), "deeplens-trash", settings=settings, env=cdk.Environment(region="eu-central-1")
    )
    subjects = []
    for role in Template.from_stack(stack).find_resources("AWS::IAM::Role").values():
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        condition = trust["Condition"]["StringEquals"]
        subjects.append(condition["token.actions.githubusercontent.com:sub"])
    assert sorted(subjects) == [
        "repo:someone@123/lensloop@456:environment:production",
        "repo:someone@123/lensloop@456:pull_request",
    ]


def test_a_key_of_the_bootstrap_serves_only_its_bucket(shipped: Synthesized) -> None:
    (found,) = [s for s in _allowed(shipped) if "kms:Decrypt" in s.all_of("Action")]
    condition = found.statement["Condition"]
    hosts = [flat(host) for host in condition["StringEquals"]["kms:ViaService"]]
    assert all(host.startswith("s3.${AWS::Region}.") for host in hosts)
    objects = condition["ArnLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert all(":s3:::cdk-hnb659fds-assets-" in flat(arn) for arn in objects)
