"""Which credentials does a training job act with? Those of its role, if SageMaker may assume it."""

import json
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, sts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SERVICE = "sagemaker.amazonaws.com"
LIFETIME = 12 * 3600


def assumable(role_arn: str, job_arn: str) -> bool:
    """Whether the role's trust policy lets SageMaker act as it for this job."""
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    trust = role["AssumeRolePolicyDocument"]
    trust = json.loads(trust) if isinstance(trust, str) else trust
    statements = (
        trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]
    )
    ours = [
        s
        for s in statements
        if iam_evaluator._service_principal_matches(s.get("Principal", {}), SERVICE)
    ]
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account=get_account_id(),
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=get_region(),
        service_context={"aws:sourcearn": job_arn, "aws:sourceaccount": get_account_id()},
    )
    verdict = iam_evaluator.evaluate(
        context, [iam_evaluator.parse_policy_document({"Statement": ours})]
    )
    return not app.AUTH or bool(verdict.decision == "Allow")


def credentials(role_arn: str) -> dict[str, str]:
    """A session of the role, as variables for a process."""
    key, name = iam._gen_session_access_key(), "SageMaker"
    session = {
        "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/{name}",
        "UserId": f"AROA{uuid.uuid4().hex[:17].upper()}:{name}",
        "SecretAccessKey": iam._gen_secret(),
        "SessionToken": iam._gen_session_token(),
        "Expiration": time.time() + LIFETIME,
        "AccountId": get_account_id(),
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(key, session)
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }


@overload
def client(service: Literal["s3"], variables: dict[str, str], endpoint: str) -> "S3Client": ...
@overload
def client(service: Literal["logs"], variables: dict[str, str], endpoint: str) -> Any:
    """Its stubs are not installed."""


def client(service: str, variables: dict[str, str], endpoint: str) -> Any:
    make: Any = boto3.client  # the name is a variable, so boto3's stubs cannot know the client
    return make(
        service,
        endpoint_url=endpoint,
        region_name=get_region(),
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
    )
