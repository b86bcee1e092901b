"""How does a step reach AWS? Every client is made here, at its first use, and kept while the
function's process lives.
"""

import functools
import os
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from lambdas.aws.listing import read_lists_quickly

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient


@functools.cache
def s3() -> "S3Client":
    client = boto3.client("s3")
    read_lists_quickly(client)
    return client


@functools.cache
def s3_signer() -> "S3Client":
    """For addresses. In the version before, which boto3 takes for them by itself, an address says
    nothing of an upload's size, and whether it may replace what is there.
    """
    # A new bucket is known by its region only, and a camera follows no redirect.
    in_its_region = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return boto3.client("s3", config=in_its_region)


@functools.cache
def table() -> "Table":
    """The state table; lambdas/aws/state.py knows what is in it."""
    return boto3.resource("dynamodb").Table(os.environ["TABLE"])


@functools.cache
def iot() -> "IoTClient":
    return boto3.client("iot")


@functools.cache
def iot_data() -> Any:
    return boto3.client("iot-data")


@functools.cache
def stepfunctions() -> "SFNClient":
    return boto3.client("stepfunctions")


@functools.cache
def sagemaker() -> "SageMakerClient":
    return boto3.client("sagemaker")


@functools.cache
def sns() -> "SNSClient":
    return boto3.client("sns")


@functools.cache
def functions() -> "LambdaClient":
    return boto3.client("lambda")


@functools.cache
def kms() -> Any:
    return boto3.client("kms")


_MADE_HERE = (s3, s3_signer, table, iot, iot_data, stepfunctions, sagemaker, sns, functions, kms)


def forget() -> None:
    """For tests, whose next AWS is another one."""
    for client in _MADE_HERE:
        client.cache_clear()
