"""Is the narrower policy for the bootstrap enough for every resource of the templates, and does it
allow nothing beyond our own names but what it lists?
"""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

from tests.stacks.synthesized import ROOT, Synthesized, flat

POLICY: list[dict[str, Any]] = json.loads((ROOT / "docs" / "bootstrap-policy.json").read_text())[
    "Statement"
]
# What has no resource of its own to be allowed: it is part of another.
_PARTS = {
    "AWS::IAM::Policy": "role",
    "AWS::Lambda::Permission": "function",
    "AWS::S3::BucketPolicy": "bucket",
    "AWS::SNS::TopicPolicy": "topic",
    "AWS::SQS::QueuePolicy": "queue",
    "AWS::CDK::Metadata": "nothing",
}
_PREFIXES = {
    "AWS::S3::Bucket": ("s3", "BucketName", "{}"),
    "AWS::DynamoDB::GlobalTable": ("dynamodb", "TableName", "table/{}"),
    "AWS::SNS::Topic": ("sns", "TopicName", "{}"),
    "AWS::SQS::Queue": ("sqs", "QueueName", "{}"),
    "AWS::Lambda::Function": ("lambda", "FunctionName", "function:{}"),
    "AWS::StepFunctions::StateMachine": ("states", "StateMachineName", "stateMachine:{}"),
    "AWS::Events::Rule": ("events", "Name", "rule/{}"),
    "AWS::IoT::ThingGroup": ("iot", "ThingGroupName", "thinggroup/{}"),
    "AWS::IoT::Policy": ("iot", "PolicyName", "policy/{}"),
    "AWS::IoT::TopicRule": ("iot", "RuleName", "rule/{}"),
    "AWS::Logs::LogGroup": ("logs", "LogGroupName", "log-group:{}"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "AlarmName", "alarm:{}"),
}
# CloudFormation makes their names from the stack's, which is ours.
_NAMED_BY_THEIR_STACK = {"AWS::IAM::Role": "RoleName"}
_WITHOUT_NAMES = {
    "AWS::Lambda::EventSourceMapping": "lambda:CreateEventSourceMapping",
    "AWS::IAM::OIDCProvider": "iam:CreateOpenIDConnectProvider",
    "AWS::SNS::Subscription": "sns:Unsubscribe",
    "AWS::KMS::Key": "kms:CreateKey",
    "AWS::KMS::Alias": "kms:CreateAlias",  # asked for on the key as well
}


def test_every_resource_of_the_templates_may_be_made(shipped: Synthesized) -> None:
    actions = {action for statement in POLICY for action in statement["Action"]}
    for resource in shipped.resources():
        if resource.type in _PARTS:
            continue
        if resource.type in _WITHOUT_NAMES:
            assert _WITHOUT_NAMES[resource.type] in actions
        elif resource.type in _NAMED_BY_THEIR_STACK:
            name = resource.properties.get(_NAMED_BY_THEIR_STACK[resource.type], resource.stack)
            assert flat(name).startswith("deeplens-"), resource.name
        else:
            service, key, form = _PREFIXES[resource.type]
            assert f"{service}:*" in actions
            arn = form.format(flat(resource.properties[key]))
            assert _is_ours(service, arn), (resource.name, arn)


def _is_ours(service: str, resource: str) -> bool:
    (ours,) = [s for s in POLICY if s["Sid"] == "WhatCarriesTheProjectsName"]
    patterns = [arn.split(":", 5)[5] for arn in ours["Resource"] if arn.split(":")[2] == service]
    return any(fnmatchcase(resource, pattern) for pattern in patterns)


def test_nothing_of_others_is_in_reach_but_what_has_no_name() -> None:
    for statement in POLICY:
        resources = statement["Resource"]
        resources = [resources] if isinstance(resources, str) else resources
        if statement["Sid"] == "WhatHasNoNameOfOurs":
            assert resources == ["*"]
            assert not [action for action in statement["Action"] if action.endswith("*")]
            continue
        for resource in resources:
            assert re.search(r"deeplens[-_]|cdk-|token\.actions\.githubusercontent\.com", resource)


def test_it_fits_into_one_managed_policy() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": POLICY}, separators=(",", ":"))
    assert len(text) <= 6144  # IAM's limit, white space not counted
