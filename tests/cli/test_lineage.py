"""Does an answer lead to its pictures, and a picture to its releases? `lensloop lineage`."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import health, place
from cli.fleet import Camera
from cli.main import app
from lensloop import record
from lensloop.dataset.rows import MANIFEST, Row, write_rows
from lensloop.wire import names
from local.cloud import LocalCloud
from tests.dataset.made import row
from tests.local.account import Aws
from tests.wire.test_manifest import made

PREFIX = "deeplens-trash"
BUCKET = names.bucket("trash", "", "000000000000", "us-east-1")
CAN = b"a can, photographed"
SHA256 = hashlib.sha256(CAN).hexdigest()
FIRST, SECOND = "1" * 64, "2" * 64  # data sets
GLASSES = [row(n, "glass", split="train") for n in range(7)]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), say=lambda text: None) as cloud:
        aws = Aws(cloud)
        aws.s3.create_bucket(Bucket=BUCKET)
        aws.table(f"{PREFIX}-state")
        learnt = row(90, "can", key="images/can/old.jpg", split="train", sha256=SHA256)
        tested = learnt._replace(key="images/can/a.jpg", split="test")
        dataset(aws, FIRST, learnt, *GLASSES)
        dataset(aws, SECOND, tested, *GLASSES)
        for epoch, digest in ((3, FIRST), (4, FIRST), (12, SECOND)):
            release(aws, epoch, digest)
        aws.s3.put_object(Bucket=BUCKET, Key="releases/13/model.onnx", Body=b"never finished")
        aws.s3.put_object(Bucket=BUCKET, Key="images/can/a.jpg", Body=CAN)
        texts = {"id": "live", "model_sha256": "a", "dataset": SECOND}
        item: Any = {name: {"S": value} for name, value in texts.items()}
        aws.dynamodb.put_item(TableName=f"{PREFIX}-state", Item=item | {"epoch": {"N": "12"}})
        yield aws


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(aws.cloud.ca_pem.parent))
    assert (aws.cloud.ca_pem.parent / place.FILE).is_file()


def dataset(aws: Aws, digest: str, *rows: Row) -> None:
    text = io.StringIO(newline="")
    write_rows(text, MANIFEST, rows)
    body = gzip.compress(text.getvalue().encode())
    aws.s3.put_object(Bucket=BUCKET, Key=names.dataset(digest, "manifest.csv.gz"), Body=body)


def release(aws: Aws, epoch: int, digest: str) -> None:
    content = {**made(dataset=digest), "epoch": epoch}
    body = json.dumps(content).encode()
    aws.s3.put_object(Bucket=BUCKET, Key=names.release(epoch, "manifest.json"), Body=body)
    job = {"name": f"{PREFIX}-{epoch}-1", "status": "Completed"}
    run: Any = {**record.empty("trash", epoch), "outcome": "released"}
    run["training"] = {"jobs": [job], "model": "s3://b/training/x/output/model.tar.gz"}
    aws.s3.put_object(Bucket=BUCKET, Key=names.run(epoch, "run.json"), Body=record.to_json(run))


def ask(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, ["lineage", *arguments], input=stdin)
    return ran.exit_code, ran.stdout, ran.stderr


def answer(*arguments: str, stdin: str = "") -> Any:
    code, stdout, stderr = ask(*arguments, "--json", stdin=stdin)
    assert code == 0, stderr
    return json.loads(stdout)


def test_a_release_leads_to_its_job_its_data_set_and_its_first_pictures() -> None:
    found = answer("4")
    assert (found["epoch"], found["dataset"], found["job"]) == (4, FIRST, f"{PREFIX}-4-1")
    assert found["counts"]["train"] == {"can": 1, "glass": 7}
    assert len(found["pictures"]) == 5
    assert len(answer("4", "--all")["pictures"]) == 8
    code, stdout, _ = ask("4")
    assert code == 0
    assert f"training job: {PREFIX}-4-1" in stdout
    assert "learnt from (train): 8 pictures: can 1, glass 7" in stdout
    assert "images/can/old.jpg" in stdout
    assert "and 3 more (--all)" in stdout
    assert "more (--all)" not in ask("4", "--all")[1]


def test_an_answer_leads_to_its_release_however_it_is_given(tmp_path: Path) -> None:
    text = json.dumps({"frame": "x", "epoch": 12, "predicted": "can"})
    file = tmp_path / "results.jsonl"
    file.write_text(json.dumps({"epoch": 3}) + "\n" + text + "\n")
    assert [found["epoch"] for found in (answer(text), answer("-", stdin=text))] == [12, 12]
    assert answer(str(file))["epoch"] == 12
    status = json.dumps({"epoch": 12, "sha256": "b" * 64})
    code, _, stderr = ask(status)
    assert (code, "it is from another project" in stderr) == (2, True)


def test_a_picture_leads_to_every_release_that_knows_it(tmp_path: Path) -> None:
    file = tmp_path / "my can.jpg"
    file.write_bytes(CAN)
    for named in ("images/can/a.jpg", str(file), SHA256, SHA256.upper()):
        found = answer(named)
        uses = [(use["epoch"], use["split"], use["live"]) for use in found["releases"]]
        assert uses == [(3, "train", False), (4, "train", False), (12, "test", True)]
    code, stdout, _ = ask(SHA256)
    assert code == 0
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert "3 learnt from can images/can/old.jpg" in lines
    assert "12 (live) only tested on can images/can/a.jpg" in lines


def test_a_picture_that_is_gone_is_known_by_where_it_lay() -> None:
    found = answer("images/can/old.jpg")
    assert (found["sha256"], [use["epoch"] for use in found["releases"]]) == ("", [3, 4])


@pytest.mark.parametrize("what", ["f" * 64, "images/can/nobody.jpg"])
def test_of_a_picture_that_no_release_knows_that_is_said(what: str) -> None:
    assert answer(what)["releases"] == []
    assert "No release knows this picture" in ask(what)[1]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("7", "There is no release 7"),
        ("13", "There is no release 13"),
        ("nonsense", "is no release's number"),
        ('{"can": 0.9}', "does not say which release gave it"),
    ],
)
def test_what_leads_nowhere_is_a_sentence(what: str, says: str) -> None:
    code, _, stderr = ask(what)
    assert (code, says in stderr) == (2, True), stderr


def test_a_camera_leads_to_what_it_proved_last(aws: Aws) -> None:
    allow = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.iot.create_policy(policyName=f"{PREFIX}-camera", policyDocument=policy)
    for wave in ("canary", "fleet"):
        aws.iot.create_thing_group(thingGroupName=f"{PREFIX}-{wave}")
    thing = "deeplens_kitchen"
    aws.iot.create_thing(thingName=thing)
    aws.iot.add_thing_to_thing_group(thingGroupName=f"{PREFIX}-fleet", thingName=thing)
    code, _, stderr = ask(thing)
    assert (code, "has proved no release" in stderr) == (2, True)
    code, _, stderr = ask("deeplens_nobody")
    assert (code, "No camera is called deeplens_nobody" in stderr) == (2, True)


def test_a_camera_that_proved_a_release_leads_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = [Camera("deeplens_a", "fleet", "release 3 proven 12/12")]
    monkeypatch.setattr(health, "known_cameras", lambda place, now: cameras)
    assert answer("deeplens_a")["epoch"] == 3
