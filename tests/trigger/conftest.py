"""A real DynamoDB API: the local cloud's emulator as it is published,
with nothing but tables, on a free port.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError


@pytest.fixture(scope="session")
def dynamodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The boto3 resource, with one empty table `state`."""
    ports = [_free_port(), _free_port()]
    folder: Path = tmp_path_factory.mktemp("emulator")
    environment = {
        **os.environ,
        "SERVICES": "dynamodb",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(ports[0]),
        "IOT_MTLS_ENABLED": "0",
        "IOT_MTLS_PORT": str(ports[1]),
        "TMPDIR": str(folder),
    }
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, cwd=folder, stdout=log, stderr=log
        )
    try:
        resource = boto3.resource(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{ports[0]}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        _create_table(resource, deadline=time.monotonic() + 60)
        yield resource
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def table(dynamodb: Any) -> Any:
    table = dynamodb.Table("state")
    table.delete_item(Key={"id": "trigger"})
    return table


def _create_table(resource: Any, deadline: float) -> None:
    while True:
        try:
            resource.create_table(
                TableName="state",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            return
        except BotoCoreError:  # not listening yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
