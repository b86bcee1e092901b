"""Is what a person takes elsewhere the data set, whole, however often the command is started?"""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from lensloop.dataset.export import LIST
from lensloop.dataset.rows import MANIFEST, Row, write_rows
from lensloop.wire import names
from local.cloud import LocalCloud
from tests.dataset.made import row
from tests.local.account import Aws

BUCKET = names.bucket("trash", "", "000000000000", "us-east-1")
NEWEST, OLD = "5" * 64, "4" * 64
PICTURES = {
    "images/glass/kitchen/1.jpg": b"a jar",
    "images/glass/yard/1.jpg": b"another jar",
    "images/可回收物/a.jpg": b"a can",
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), say=lambda text: None) as cloud:
        aws = Aws(cloud)
        aws.s3.create_bucket(Bucket=BUCKET)
        aws.dynamodb.create_table(
            TableName="deeplens-trash-state",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield aws


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(aws.cloud.ca_pem.parent))


@pytest.fixture
def rows(aws: Aws) -> list[Row]:
    """Of the newest data set, in the bucket."""
    made = []
    for n, (key, body) in enumerate(PICTURES.items()):
        aws.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        sha256, split = hashlib.sha256(body).hexdigest(), ("train", "train", "test")[n]
        picture = row(n, key.split("/")[1], key, split=split, sha256=sha256, size=len(body))
        made.append(picture)
    newest(aws, made)
    return made


def newest(aws: Aws, rows: list[Row]) -> None:
    text = io.StringIO(newline="")
    write_rows(text, MANIFEST, rows)
    body = gzip.compress(text.getvalue().encode())
    aws.s3.put_object(Bucket=BUCKET, Key=names.dataset(NEWEST, "manifest.csv.gz"), Body=body)
    item: Any = {"id": {"S": "dataset"}, "digest": {"S": NEWEST}, "epoch": {"N": "5"}}
    aws.dynamodb.put_item(TableName="deeplens-trash-state", Item=item)


def ask(*arguments: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, ["export", *arguments])
    return ran.exit_code, ran.stdout, ran.stderr


def test_every_picture_lies_under_its_split_and_label_byte_for_byte(
    rows: list[Row], tmp_path: Path
) -> None:
    code, stdout, stderr = ask(str(tmp_path / "set"))
    assert code == 0, stderr
    assert "3 pictures (train 2, test 1)" in stdout
    files = {path.read_bytes(): path for path in (tmp_path / "set").rglob("*.jpg")}
    assert set(files) == set(PICTURES.values())
    assert files[b"a can"] == tmp_path / "set/test/可回收物/a.jpg"
    listed = (tmp_path / "set" / LIST).read_text("utf-8")
    assert f"test/可回收物/a.jpg,可回收物,test,s3://{BUCKET}/images/可回收物/a.jpg" in listed


def test_the_same_command_goes_on_where_it_was_cut_and_mends_what_is_damaged(
    rows: list[Row], tmp_path: Path
) -> None:
    assert ask(str(tmp_path / "set"))[0] == 0
    whole, damaged = tmp_path / "set/train/glass/1.jpg", tmp_path / "set/test/可回收物/a.jpg"
    before = whole.stat().st_mtime_ns
    damaged.write_bytes(b"a cat")
    assert ask(str(tmp_path / "set"))[0] == 0
    assert damaged.read_bytes() == b"a can"
    assert whole.stat().st_mtime_ns == before


def test_a_picture_that_is_gone_or_another_is_named_and_the_others_are_exported(
    aws: Aws, rows: list[Row], tmp_path: Path
) -> None:
    gone, other, _kept = rows
    aws.s3.delete_object(Bucket=BUCKET, Key=gone.key)
    aws.s3.put_object(Bucket=BUCKET, Key=other.key, Body=b"something else")
    code, stdout, _stderr = ask(str(tmp_path / "set"), "--json")
    assert code == 1
    told = json.loads(stdout)
    assert told["lost"] == [
        f"{gone.key} has been deleted since.",
        f"{other.key} holds another picture since.",
    ]
    assert [path.name for path in (tmp_path / "set").rglob("*.jpg")] == ["a.jpg"]


def test_a_folder_of_an_earlier_export_says_what_is_no_longer_in_the_data_set(
    aws: Aws, rows: list[Row], tmp_path: Path
) -> None:
    assert ask(str(tmp_path / "set"))[0] == 0
    newest(aws, rows[1:])
    code, _, stderr = ask(str(tmp_path / "set"))
    assert code == 0
    assert "1 of an earlier export are not in this data set" in stderr


def test_a_list_alone_needs_no_picture(rows: list[Row], tmp_path: Path) -> None:
    code, _stdout, _ = ask(str(tmp_path / "set"), "--only-list")
    assert (code, [path.name for path in (tmp_path / "set").iterdir()]) == (0, [LIST])


def test_what_cannot_be_exported_gets_a_sentence_and_changes_nothing(
    aws: Aws, rows: list[Row], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for arguments, sentence in (
        ((str(tmp_path),), "holds other files already; name a new folder"),
        ((str(tmp_path / "mine.txt"),), "is a file; name a folder"),
        ((str(tmp_path / "new"), "--dataset", OLD), f"The data set {OLD} is not in {BUCKET}"),
    ):
        code, _, stderr = ask(*arguments)
        assert (code, sentence in stderr) == (2, True), stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
