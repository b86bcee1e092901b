"""Does the cloud note which permissions are used, each once, and only what a role's own policies
answered?
"""

import json
import stat
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.patches.iam_record import Recorder
from local.state import StateDir
from tests.local.account import Aws


def noted(aws: Aws, role: str) -> list[tuple[str, str]]:
    file = StateDir(aws.cloud.ca_pem.parent).permissions
    lines = map(json.loads, file.read_text().splitlines())
    name = role.rpartition("/")[2]
    return [(line["action"], line["decision"]) for line in lines if line["role"] == name]


def test_what_a_role_does_is_noted_once_with_the_decision(aws: Aws) -> None:
    role = aws.role("s3:ListAllMyBuckets")
    s3 = aws.as_role(role, "s3")
    for _ in range(3):
        s3.list_buckets()
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.create_bucket(Bucket="not-mine")
    assert noted(aws, role) == [
        ("s3:ListAllMyBuckets", "Allow"),
        ("s3:CreateBucket", "ImplicitDeny"),
    ]


def test_what_a_buckets_own_policy_allows_is_not_counted_for_the_role(aws: Aws) -> None:
    role, bucket = aws.role(), aws.bucket()
    for_the_role = {
        "Effect": "Allow",
        "Principal": {"AWS": role},
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
    }
    policy = {"Version": "2012-10-17", "Statement": [for_the_role]}
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert aws.as_role(role, "s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert noted(aws, role) == [("s3:ListBucket", "ImplicitDeny")]


def test_a_workflows_own_requests_are_noted_for_its_role(aws: Aws) -> None:
    function = aws.function("def handler(event, context): return event")
    role = aws.role("lambda:InvokeFunction")
    aws.run({"Call": {"Type": "Task", "Resource": function, "End": True}}, role)
    assert noted(aws, role) == [("lambda:InvokeFunction", "Allow")]


def test_each_start_begins_a_new_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "iam.jsonl"
    file.write_text("of the last start\n")
    file.chmod(0o644)
    Recorder(file).saw("judge", "s3:GetObject", "Allow")
    line = {"role": "judge", "action": "s3:GetObject", "decision": "Allow"}
    assert [json.loads(text) for text in file.read_text().splitlines()] == [line]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
