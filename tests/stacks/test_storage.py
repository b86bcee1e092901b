"""Is what people entrust to us kept, private, encrypted, and told about?"""

import aws_cdk as cdk
from aws_cdk.assertions import Template

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.storage import StorageStack
from tests.stacks.synthesized import CURATOR, Synthesized, flat

# Who is in a group of cameras, and that their certificates hold the policy, is known nowhere else.
STATEFUL = (
    "AWS::S3::Bucket",
    "AWS::DynamoDB::GlobalTable",
    "AWS::IoT::ThingGroup",
    "AWS::IoT::Policy",
    "AWS::KMS::Key",
    "AWS::KMS::Alias",
)


def test_pictures_and_state_outlive_their_stack(shipped: Synthesized) -> None:
    """But what a first deployment rolls back goes: its name would stop the next one."""
    kept = shipped.resources(*STATEFUL)
    assert {resource.type for resource in kept} == set(STATEFUL)
    for resource in kept:
        assert (resource.body["DeletionPolicy"], resource.body["UpdateReplacePolicy"]) == (
            "RetainExceptOnCreate",
            "Retain",
        )
        assert resource.stack.endswith("-storage")


def test_what_nothing_can_take_back_is_made_last(shipped: Synthesized) -> None:
    table = shipped.one("AWS::DynamoDB::GlobalTable")
    assert table.properties["Replicas"][0]["DeletionProtectionEnabled"] is True
    made = {r.name for r in shipped.resources() if r.stack == table.stack} - {table.name}
    waited_for = set(table.body["DependsOn"])
    policies = {r.name for r in shipped.resources("AWS::SNS::Subscription", "AWS::IoT::Policy")}
    assert made - waited_for <= policies | {"CDKMetadata"}


def test_nothing_stateful_lives_outside_the_storage_stack(shipped: Synthesized) -> None:
    stateful = {
        r.stack
        for r in shipped.resources()
        if r.type.split("::")[1] in ("S3", "DynamoDB", "RDS", "EFS", "KMS", "IoT")
        and r.type != "AWS::IoT::TopicRule"  # which keeps nothing: it hands on
    }
    assert stateful == {"deeplens-trash-storage"}


def test_the_bucket_is_private_encrypted_and_versioned(shipped: Synthesized) -> None:
    bucket = shipped.one("AWS::S3::Bucket").properties
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "AccessControl" not in bucket


def test_the_bucket_is_named_so_that_deeplens_roles_reach_it(shipped: Synthesized) -> None:
    name = flat(shipped.one("AWS::S3::Bucket").properties["BucketName"])
    assert name == "deeplens-trash-${AWS::AccountId}-${AWS::Region}"


def test_the_bucket_and_the_topic_refuse_plain_http(shipped: Synthesized) -> None:
    for kind in ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
        for policy in shipped.resources(kind):
            denied = [
                s for s in policy.properties["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"
            ]
            assert {"Bool": {"aws:SecureTransport": "false"}} in [
                s.get("Condition") for s in denied
            ], policy.name


def test_another_key_for_signing_leaves_those_before_it_as_they_are() -> None:
    keys, aliases = [], []
    for newest in (1, 3):
        settings = Settings.from_context({"release_key": newest})
        stack = StorageStack(
            cdk.App(), "deeplens-trash", settings=settings, env=cdk.Environment(region="eu-west-1")
        )
        template = Template.from_stack(stack)
        keys.append(template.find_resources("AWS::KMS::Key"))
        found = template.find_resources("AWS::KMS::Alias").values()
        aliases.append(sorted(alias["Properties"]["AliasName"] for alias in found))
    assert keys[0].items() <= keys[1].items()
    assert (len(keys[0]), len(keys[1])) == (1, 3)
    first = "alias/deeplens-trash-releases"
    assert aliases == [[first], [first, f"{first}-2", f"{first}-3"]]


def test_nobody_replaces_or_deletes_a_part_of_a_release(shipped: Synthesized) -> None:
    policy = shipped.one("AWS::S3::BucketPolicy").properties["PolicyDocument"]
    denied = {s["Sid"]: s for s in policy["Statement"] if "Sid" in s}
    written, deleted = denied["ReleasesAreWrittenOnce"], denied["ReleasesAreNotDeleted"]
    for statement in (written, deleted):
        assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
        assert flat(statement["Resource"]).endswith(f"/{names.RELEASES_PREFIX}*")
    assert (written["Action"], written["Condition"]["Null"]) == (
        "s3:PutObject",
        {"s3:if-none-match": "true"},
    )
    assert deleted["Action"] == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert "Condition" not in deleted


def test_only_the_named_writer_changes_the_golden_set(shipped: Synthesized) -> None:
    """What that stops is asked of a local cloud's IAM in tests/local/test_taken_over.py."""
    policy = shipped.one("AWS::S3::BucketPolicy").properties["PolicyDocument"]
    [denied] = [s for s in policy["Statement"] if s.get("Sid") == "GoldenSetHasOneWriter"]
    assert (denied["Effect"], denied["Principal"]) == ("Deny", {"AWS": "*"})
    assert sorted(denied["Action"]) == [
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutObject",
    ]
    assert flat(denied["Resource"]).endswith(f"/{names.GOLDEN_PREFIX}*")
    assert denied["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": CURATOR}}


def test_the_bucket_tells_eventbridge_without_a_custom_resource(shipped: Synthesized) -> None:
    configuration = shipped.one("AWS::S3::Bucket").properties["NotificationConfiguration"]
    assert configuration == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert not [r.name for r in shipped.resources() if "Custom" in r.type]


def test_only_what_the_system_wrote_expires(shipped: Synthesized) -> None:
    rules = shipped.one("AWS::S3::Bucket").properties["LifecycleConfiguration"]["Rules"]
    expiring = {
        rule.get("Prefix", ""): rule["ExpirationInDays"]
        for rule in rules
        if "ExpirationInDays" in rule
    }
    assert expiring == {
        names.INSPECTIONS_PREFIX: 7,
        names.TRAINING_PREFIX: 90,
        names.FEATURES_PREFIX: 1,
    }
    [of_features] = [rule for rule in rules if rule.get("Prefix") == names.FEATURES_PREFIX]
    assert of_features["ObjectSizeLessThan"] == 1  # what a job has emptied
    assert not any("Transitions" in rule for rule in rules)


def test_the_state_can_be_taken_back_to_any_second(shipped: Synthesized) -> None:
    table = shipped.one("AWS::DynamoDB::GlobalTable").properties
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    (replica,) = table["Replicas"]
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert replica["DeletionProtectionEnabled"] is True


def test_alarms_may_tell_the_topic_although_it_has_its_own_policy(shipped: Synthesized) -> None:
    (policy,) = shipped.resources("AWS::SNS::TopicPolicy")
    allowed = [
        s for s in policy.properties["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"
    ]
    assert [s["Principal"] for s in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    topic = shipped.one("AWS::SNS::Topic").name
    for alarm in shipped.resources("AWS::CloudWatch::Alarm"):
        assert topic in flat(alarm.properties["AlarmActions"]), alarm.name
        assert alarm.properties["AlarmName"].startswith("deeplens-trash-")


def test_news_reaches_the_mail_address_of_the_settings(shipped: Synthesized) -> None:
    subscription = shipped.one("AWS::SNS::Subscription").properties
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "somebody@example.com")


def test_every_log_ends_some_day(shipped: Synthesized) -> None:
    groups = shipped.resources("AWS::Logs::LogGroup")
    assert len(groups) == len(
        shipped.resources("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine")
    )
    assert {group.properties["RetentionInDays"] for group in groups} == {90}
