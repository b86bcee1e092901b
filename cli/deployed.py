"""Which settings were deployed, and which AWS do these credentials reach?
A sentence where there are none.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from lensloop.settings import Settings
from lensloop.wire.errors import LensloopError, SettingsError

CDK_JSON = Path(__file__).parents[1] / "cdk.json"


class NotSignedIn(LensloopError):
    """AWS cannot be reached from here; the message says what to do."""


def settings() -> Settings:
    """cdk.json is where the person who deployed wrote them."""
    try:
        return Settings.from_context(json.loads(CDK_JSON.read_text("utf-8")).get("context", {}))
    except (OSError, json.JSONDecodeError) as error:
        raise SettingsError(f"{CDK_JSON} cannot be read: {error}.") from error


def session(region: str = "") -> boto3.Session:
    """`region` is the one of cdk.json or of the command line; empty takes the one that the AWS CLI
    and the CDK take.
    """
    # boto3 itself knows AWS_DEFAULT_REGION only, and the stacks would lie elsewhere.
    made = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
    if made.get_credentials() is None:
        raise NotSignedIn(
            "There are no AWS credentials here. Sign in first, for example with `aws configure` or"
            " `aws sso login`, and check with `aws sts get-caller-identity`. (Without an account:"
            " `make demo`.)"
        )
    if made.region_name is None:
        raise NotSignedIn(
            "No AWS region is chosen. Set `region` in cdk.json, or AWS_REGION, for example "
            "`export AWS_REGION=eu-west-1`."
        )
    return made


def client(service: str, region: str = "") -> Any:
    # The name is a variable, so boto3's stubs cannot know which client it makes.
    made: Any = session(region)
    with addressable():
        return made.client(service)


@contextlib.contextmanager
def addressable() -> Iterator[None]:
    """boto3 makes a client only for an address that could be one."""
    try:
        yield
    except ValueError as error:
        raise NotSignedIn(f"AWS cannot be addressed: {error}.") from error
