"""A real DynamoDB API: the local cloud's emulator as it is published, behind its guards."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud


@pytest.fixture(scope="session")
def dynamodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The cloud with one empty table `state`."""
    folder = tmp_path_factory.mktemp("emulator")
    with LocalCloud(folder, say=lambda text: None, patched=False) as cloud:
        _create_table(cloud.client("dynamodb"))
        yield cloud


@pytest.fixture
def table(dynamodb: LocalCloud) -> Any:
    table = dynamodb.table("state")
    table.delete_item(Key={"id": "trigger"})
    return table


def _create_table(client: Any) -> None:
    client.create_table(
        TableName="state",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
