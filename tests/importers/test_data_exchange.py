"""A revision of an entitled data set is exported once, by requests that AWS' own models take."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from importers import data_exchange
from importers.source import Asked, Source, SourceError
from importers.sources import opened
from tests.importers.conftest import picture

SET, OLD, NEW = "a" * 32, "b" * 32, "c" * 32
PREFIX = f"imports/dataexchange/{NEW}/"
BUCKET = "deeplens-test"


class S3:
    """As much of it as is asked."""

    def __init__(self) -> None:
        self.objects = {f"{PREFIX}glass/1.jpg": picture(1)}

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, Any]:
        found = [key for key in sorted(self.objects) if key.startswith(Prefix)]
        contents = [{"Key": key, "Size": len(self.objects[key])} for key in found]
        return {"KeyCount": len(found), "Contents": contents}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:
        self.objects[Key] = Body

    def get_paginator(self, _: str) -> Any:
        pages = self.list_objects_v2

        class Paginator:
            def paginate(self, **asked: Any) -> list[dict[str, Any]]:
                return [pages(**asked)]

        return Paginator()


class Account:
    def __init__(self, folder: Path) -> None:
        self.s3, self.folder = S3(), folder
        self.exchange = boto3.client(
            "dataexchange", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stub = Stubber(self.exchange)

    def client(self, service: str) -> Any:
        return {"s3": self.s3, "dataexchange": self.exchange}[service]

    @contextmanager
    def opens(self, address: str) -> Iterator[Source]:
        asked = Asked(address, self.folder, self.client, bucket=BUCKET)
        with self.stub, opened(asked) as source:
            yield source
        self.stub.assert_no_pending_responses()

    def knows_the_set(self) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        about = {"Arn": "arn:x", "AssetType": "S3_SNAPSHOT", "CreatedAt": at, "Description": "d"}
        more = {"Id": SET, "Name": "Bins", "Origin": "ENTITLED", "UpdatedAt": at}
        self.stub.add_response("get_data_set", {**about, **more}, {"DataSetId": SET})

    def lists_revisions(self) -> None:
        one = {"Arn": "arn:x", "DataSetId": SET, "UpdatedAt": datetime(2026, 1, 1, tzinfo=UTC)}
        revisions = [
            {**one, "Id": identity, "Finalized": final, "CreatedAt": datetime(2026, month, 1)}
            for identity, final, month in ((OLD, True, 1), (NEW, True, 2), ("d" * 32, False, 3))
        ]
        expected = {"DataSetId": SET}
        self.stub.add_response("list_data_set_revisions", {"Revisions": revisions}, expected)

    def exports(self, *states: str, **errors: Any) -> None:
        request = data_exchange.request(BUCKET, PREFIX, SET, NEW)
        self.stub.add_response("create_job", {"Id": "job"}, request)
        self.stub.add_response("start_job", {}, {"JobId": "job"})
        for state in states:
            self.stub.add_response("get_job", {"State": state, **errors}, {"JobId": "job"})


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(data_exchange, "_LOOK_SECONDS", 0.0)
    return Account(tmp_path)


def test_the_newest_finalized_revision_is_exported_once(account: Account) -> None:
    account.knows_the_set()
    account.lists_revisions()
    account.exports("WAITING", "IN_PROGRESS", "COMPLETED")
    with account.opens(f"dataexchange:{SET}") as source:
        assert (source.origin.version, source.origin.public) == (NEW, True)
    account.knows_the_set()
    with account.opens(f"dataexchange:{SET}/{NEW}"):
        pass
    assert not any(key.startswith("images/") for key in account.s3.objects)


def test_an_export_that_fails_is_said_and_done_again_later(account: Account) -> None:
    account.knows_the_set()
    wrong = {"Code": "ACCESS_DENIED_EXCEPTION", "Message": "no right to write"}
    account.exports("ERROR", Errors=[wrong])
    with (
        pytest.raises(SourceError, match=r"could not export .*: no right to write"),
        account.opens(f"dataexchange:{SET}/{NEW}"),
    ):
        pass
    assert list(account.s3.objects) == [f"{PREFIX}glass/1.jpg"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ResourceNotFoundException", "Subscribe to its product first"),
        ("AccessDeniedException", "your user needs dataexchange:GetDataSet"),
    ],
)
def test_what_the_account_may_not_is_said(account: Account, code: str, sentence: str) -> None:
    account.stub.add_client_error("get_data_set", code)
    with pytest.raises(SourceError, match=sentence), account.opens(f"dataexchange:{SET}"):
        pass


def test_a_set_has_to_be_named(account: Account) -> None:
    with pytest.raises(SourceError, match="Say which data set"), account.opens("dataexchange:"):
        pass
