"""Is what a person takes elsewhere the data set, whole, however often the command is started?"""

import csv
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
from importers.bucket import Bucket
from importers.decoders import decoders
from lensloop.dataset.export import LIST
from lensloop.dataset.rows import MANIFEST, Row, write_rows
from lensloop.wire import names
from local.cloud import LocalCloud
from tests.dataset.made import row
from tests.fakes.memory_cloud import MemoryS3
from tests.importers.conftest import picture
from tests.importers.test_run import Person
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
        aws.table("deeplens-trash-state")
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


@pytest.fixture
def data_set(aws: Aws) -> set[tuple[str, str]]:
    """Hash and label of each picture of the newest data set, in the bucket."""
    made = []
    for n in range(18):
        label, split = (
            ("glass", "可回收物", "can, tin")[n % 3],
            ("train", "validation", "test")[n // 6],
        )
        # Of one name, or of one that Windows does not take: each comes all the same.
        key = f"images/{label}/{n}/{('a', 'A', 'CON')[n % 2 + n // 9]}.jpg"
        body = picture(n)
        aws.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        sha256 = hashlib.sha256(body).hexdigest()
        made.append(row(n, label, key, split=split, sha256=sha256, size=len(body)))
    newest(aws, made)
    return {(one.sha256, one.label) for one in made}


@pytest.mark.parametrize("by", ["folders", "list"])
def test_what_is_exported_comes_into_an_empty_bucket_as_the_same_pictures_with_the_same_labels(
    data_set: set[tuple[str, str]], tmp_path: Path, by: str
) -> None:
    folder, elsewhere = tmp_path / "set", MemoryS3()
    assert ask(str(folder))[0] == 0
    if by == "folders":
        (folder / LIST).unlink()
    else:
        _without_labels(folder)
    with decoders() as pool:
        Person(Bucket(elsewhere, "deeplens-other"), pool).imports(folder)  # type: ignore[arg-type]
    came = set()
    for key in elsewhere.keys("images/"):
        content = bytes(elsewhere.objects[key])  # type: ignore[arg-type]
        came.add((hashlib.sha256(content).hexdigest(), key.split("/")[1]))
    assert came == data_set


def _without_labels(folder: Path) -> None:
    """Folders say nothing any more; only the list does."""
    with (folder / LIST).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for number, one in enumerate(rows):
        moved = f"all/{number}.jpg"
        (folder / "all").mkdir(exist_ok=True)
        (folder / one["filename"]).rename(folder / moved)
        one["filename"] = moved
    with (folder / LIST).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_list_alone_names_each_picture_of_the_data_set_with_its_label(
    data_set: set[tuple[str, str]], tmp_path: Path
) -> None:
    assert ask(str(tmp_path / "set"), "--only-list")[0] == 0
    with (tmp_path / "set" / LIST).open(encoding="utf-8", newline="") as lines:
        listed = {(line["sha256"], line["label"]) for line in csv.DictReader(lines)}
    assert listed == data_set
