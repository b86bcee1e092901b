"""What can somebody do who has taken over one of our functions? Asked of the policies that ship, on
the local cloud's IAM.
"""

import functools
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from botocore.exceptions import ClientError

from lambdas.aws import items
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.access import Access
from stacks.storage import StorageStack, written_by, written_once
from tests.local.account import Aws


class Reporter(NamedTuple):
    """What record_report's role may do with a table of its own."""

    table: str
    dynamodb: Any


@pytest.fixture(scope="module")
def access() -> Access:
    env = cdk.Environment(region="us-east-1")
    return Access(StorageStack(cdk.App(), "deeplens-trash", settings=Settings(), env=env))


@pytest.fixture
def reporter(aws: Aws, access: Access) -> Reporter:
    shipped = (access.state("GetItem"), access.updates(items.CAMERA))
    role = aws.role(trusts={"AWS": "*"})
    statements = [one.to_json() | {"Resource": "*"} for one in shipped]
    aws.iam.put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    return Reporter(aws.table(), aws.as_role(role, "dynamodb"))


def allowed(call: Callable[..., Any]) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        return False
    return True


def test_who_records_reports_makes_nothing_live(reporter: Reporter) -> None:
    def update(item: str) -> dict[str, Any]:
        return {
            "TableName": reporter.table,
            "Key": {"id": {"S": item}},
            "UpdateExpression": "SET epoch = :e",
            "ExpressionAttributeValues": {":e": {"N": "9"}},
        }

    def together(*updated: str) -> Callable[..., Any]:
        writes = [{"Update": update(item)} for item in updated]
        return functools.partial(reporter.dynamodb.transact_write_items, TransactItems=writes)

    own = f"{items.CAMERA}deeplens_a"
    table = {"TableName": reporter.table}
    db = reporter.dynamodb
    assert allowed(functools.partial(db.update_item, **update(own)))
    assert allowed(functools.partial(db.get_item, Key={"id": {"S": items.LIVE}}, **table))
    assert allowed(together(own))
    for other in (items.LIVE, items.CANDIDATE, f"{items.RELEASED}9", items.TRIGGER, "camera"):
        assert not allowed(functools.partial(db.update_item, **update(other)))
        assert not allowed(together(own, other))
        assert not allowed(functools.partial(db.delete_item, Key={"id": {"S": own}}, **table))
        assert not allowed(functools.partial(db.put_item, Item={"id": {"S": other}}, **table))


def test_who_may_write_and_delete_everything_replaces_no_release(aws: Aws) -> None:
    bucket, key = aws.bucket(), f"{names.RELEASES_PREFIX}7/model.onnx"
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    statements = written_once(f"arn:aws:s3:::{bucket}/{names.RELEASES_PREFIX}*")
    policy = iam.PolicyDocument(statements=statements).to_json()
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3 = aws.as_role(aws.role("s3:*", trusts={"AWS": "*"}), "s3")

    put = functools.partial(s3.put_object, Bucket=bucket, Key=key, Body=b"a")
    assert not allowed(put)
    version = put(IfNoneMatch="*")["VersionId"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        put(IfNoneMatch="*")
    source = {"Bucket": bucket, "Key": key}
    assert not allowed(functools.partial(s3.copy_object, Bucket=bucket, Key=key, CopySource=source))
    delete = functools.partial(s3.delete_object, Bucket=bucket, Key=key)
    assert not allowed(delete)
    assert not allowed(functools.partial(delete, VersionId=version))
    assert allowed(functools.partial(put, Key="images/red/a.png"))
    assert allowed(functools.partial(delete, Key="images/red/a.png"))


def test_who_may_write_everything_does_not_choose_what_models_are_held_against(aws: Aws) -> None:
    bucket, key = aws.bucket(), f"{names.GOLDEN_PREFIX}red/a.png"
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    # Users: AWS calls a session of a role by its role, and the local cloud by the session.
    (chosen, writer), (_, stranger) = (aws.user("s3", "s3:*") for _ in range(2))
    statement = written_by(chosen, f"arn:aws:s3:::{bucket}/{names.GOLDEN_PREFIX}*")
    policy = iam.PolicyDocument(statements=[statement]).to_json()
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    version = writer.put_object(Bucket=bucket, Key=key, Body=b"a")["VersionId"]
    of_it = {"Bucket": bucket, "Key": key}
    assert not allowed(functools.partial(stranger.put_object, **of_it, Body=b"b"))
    assert not allowed(functools.partial(stranger.copy_object, **of_it, CopySource=of_it))
    assert not allowed(functools.partial(stranger.delete_object, **of_it))
    assert not allowed(functools.partial(stranger.delete_object, **of_it, VersionId=version))
    assert allowed(functools.partial(stranger.get_object, **of_it))
    picture = {"Bucket": bucket, "Key": "images/red/a.png"}
    assert allowed(functools.partial(stranger.put_object, **picture, Body=b"b"))
    assert allowed(functools.partial(writer.delete_object, **of_it))
