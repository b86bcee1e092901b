"""Do the commands say what is true of a real cloud? The local one, with items, records and an
execution made by hand: what the deployed stacks would have left.
"""

import io
import json
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import install_bundle, place, reach
from cli.main import app
from lensloop import record
from lensloop.record import Record
from lensloop.wire import names
from local.cloud import LocalCloud
from stacks.assets.packages import PackagesError
from tests.local.account import Aws

pytestmark = pytest.mark.slow
PREFIX = "deeplens-trash"
BUCKET = names.bucket("trash", "", "000000000000", "us-east-1")
HOSTILE = "glass\x1b[2J[red]\u202e"
TICK = """
import json
def handler(event, context):
    return {"steps": [], "event": event}
"""

APPROVE = """
def handler(event, context):
    return {"did": event["epoch"] == 4, "sentence": "Approved or rejected.", "event": event}
"""

ROLL_BACK = """
def handler(event, context):
    if event.get("to") == 6:
        return {"did": False, "sentence": "Nobody proved release 6."}
    found = {"to": event.get("to") or 5, "away": 7, "cameras": 2}
    return {"did": not event.get("dry_run"), "sentence": "Back?", "event": event, **found}
"""

CHANGE_KEY = """
def handler(event, context):
    if event["change"] == "retire":
        return {"did": False, "sentence": "Not all know it."}
    did = not event.get("dry_run")
    return {"did": did, "sentence": "Key 2?", "event": event, "number": 1, "believed": [2, 1]}
"""

STEER = """
def handler(event, context):
    return {"did": event["decision"] != "resume", "sentence": "Steered.", "event": event}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), say=lambda text: None) as cloud:
        yield Aws(cloud)


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, aws: Aws, tmp_path: Path) -> None:
    """As the command finds it: by its folder."""
    monkeypatch.setenv("LENSLOOP_LOCAL", str(aws.cloud.ca_pem.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert place.FILE in {file.name for file in aws.cloud.ca_pem.parent.iterdir()}


def ask(*arguments: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, arguments)
    return ran.exit_code, ran.stdout, ran.stderr


def answer(*arguments: str) -> Any:
    code, stdout, stderr = ask(*arguments, "--json")
    assert code == 0, stderr
    return json.loads(stdout)


def put(aws: Aws, **item: Any) -> None:
    table = aws.dynamodb
    table.put_item(TableName=f"{PREFIX}-state", Item=item)


def leave(aws: Aws, epoch: int, **parts: Any) -> None:
    written: Record = {**record.empty("trash", epoch), **parts}  # type: ignore[typeddict-item]
    aws.s3.put_object(Bucket=BUCKET, Key=names.run(epoch, "run.json"), Body=record.to_json(written))


def trigger(run: dict[str, Any], **more: Any) -> dict[str, Any]:
    numbers = {"gen": 5, "covered": 3, "epoch": 2} | more
    item = {name: {"N": str(value)} for name, value in numbers.items()}
    return {"id": {"S": "trigger"}, "run": {"M": run}, **item}


def test_where_nothing_is_deployed_there_is_a_sentence() -> None:
    code, _, stderr = ask("status")
    assert code == 2
    assert f"Nothing called {PREFIX} is deployed in us-east-1 of the local cloud" in stderr
    assert "make deploy-local" in stderr


@pytest.fixture(scope="module")
def deployed(aws: Aws) -> Aws:
    aws.s3.create_bucket(Bucket=BUCKET)
    aws.table(f"{PREFIX}-state")
    _make(aws, "tick", TICK)
    _make(aws, "approve-release", APPROVE)
    _make(aws, "roll-back", ROLL_BACK)
    _make(aws, "steer-rollout", STEER)
    _make(aws, "change-key", CHANGE_KEY)
    may_connect = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may_connect]})
    aws.iot.create_policy(policyName=f"{PREFIX}-camera", policyDocument=policy)
    key = aws.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    aws.kms.create_alias(AliasName=names.release_key(PREFIX), TargetKeyId=key["KeyId"])
    for wave in ("canary", "fleet"):
        aws.iot.create_thing_group(thingGroupName=f"{PREFIX}-{wave}")
    return aws


def _make(aws: Aws, name: str, body: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("index.py", body)
    aws.lambda_.create_function(
        FunctionName=f"{PREFIX}-{name}",
        Runtime="python3.13",
        Handler="index.handler",
        Role=aws.role(),
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"SETTINGS": json.dumps({"quiet_seconds": 600})}},
    )


def test_what_waits_is_named_with_the_pace_that_was_deployed(deployed: Aws) -> None:
    now = int(time.time())
    put(deployed, **trigger({}, first_at=now, last_at=now))
    stands = answer("status")["trigger"]
    assert (stands["doing"], stands["reason"]) == ("waiting", "pictures are still changing")
    assert stands["until"] == now + 600


def test_a_run_is_named_with_its_step(deployed: Aws) -> None:
    states = {
        "Take snapshot": {"Type": "Pass", "Next": "Inspect new images"},
        "Inspect new images": {"Type": "Wait", "Seconds": 600, "End": True},
    }
    machine = deployed.stepfunctions.create_state_machine(
        name=f"{PREFIX}-retraining",
        roleArn=deployed.role("*"),
        definition=json.dumps({"StartAt": "Take snapshot", "States": states}),
    )["stateMachineArn"]
    execution = deployed.stepfunctions.start_execution(
        stateMachineArn=machine, name=names.execution(2)
    )["executionArn"]
    now = str(int(time.time()))
    run = {
        "epoch": {"N": "2"},
        "snap_gen": {"N": "5"},
        "phase": {"S": "RUNNING"},
        "started_at": {"N": now},
    }
    put(deployed, **trigger(run))
    time.sleep(0.5)
    status = answer("status")
    assert status["trigger"]["reason"] == "run 2 is running"
    assert status["run"]["step"] == "Inspect new images"
    deployed.stepfunctions.stop_execution(executionArn=execution)
    put(deployed, **trigger({}, covered=5))
    assert [end["outcome"] for end in answer("status")["ends"]] == ["aborted"]  # without a record


def test_records_tell_how_runs_ended_and_what_people_heard(deployed: Aws) -> None:
    message = {"at": "2026-11-26T10:00:00+00:00", "source": "retraining", "sent": True}
    hostile = {**message, "subject": f"Refused: {HOSTILE}", "body": f"because\n{HOSTILE}"}
    leave(deployed, 1, outcome="failed", reasons=["AlgorithmError"])
    leave(deployed, 2, outcome="refused", reasons=[HOSTILE], messages=[hostile])
    put(deployed, **trigger({}, covered=5))
    ends = answer("status")["ends"]
    assert [(end["epoch"], end["outcome"]) for end in ends] == [(2, "refused"), (1, "failed")]
    assert [message["epoch"] for message in answer("news")] == [2]
    for command in ("status", "news"):
        shown = ask(command)[1]
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "glass\\u001b[2J[red]\\u202e" in shown


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "is not JSON"),
        ('{"format": 1, "epoch": 2, "rollout": 3}', "`rollout` is 3"),
        ('{"format": 1, "epoch": 2, "messages": [{}]}', "`messages[0].at` is missing"),
    ],
)
def test_a_record_that_cannot_be_read_is_said_and_hides_no_other(
    deployed: Aws, body: str, says: str
) -> None:
    message = {"at": "2026-11-26T10:00:00+00:00", "source": "trigger", "sent": True}
    leave(deployed, 1, outcome="failed", messages=[{**message, "subject": "s", "body": "b"}])
    deployed.s3.put_object(Bucket=BUCKET, Key=names.run(2, "run.json"), Body=body)
    put(deployed, **trigger({}, covered=5))
    ends = answer("status")["ends"]
    assert [end["outcome"] for end in ends] == ["unreadable", "failed"]
    assert says in ends[0]["reasons"][0]
    code, stdout, stderr = ask("news", "--json")
    assert (code, [message["epoch"] for message in json.loads(stdout)]) == (0, [1])
    assert says in stderr


def test_a_report_is_written_to_a_file(deployed: Aws, tmp_path: Path) -> None:
    code, _, stderr = ask("report", "7")
    assert (code, "Run 7 has left no report" in stderr) == (2, True)
    deployed.s3.put_object(Bucket=BUCKET, Key=record.page_key(2), Body=b"<html>")
    code, stdout, _ = ask("report", "2")
    assert code == 0
    assert Path(stdout.strip()).read_bytes() == b"<html>"
    assert answer("report", "2", "--output", str(tmp_path / "x.html")) == {
        "epoch": 2,
        "file": str(tmp_path / "x.html"),
    }


def test_a_block_is_cleared_only_where_there_is_one(deployed: Aws) -> None:
    put(deployed, **trigger({}, covered=5))
    assert answer("clear-block")["cleared"] is None
    blocked = trigger({}, covered=5) | {"blocked_digest": {"S": "0ffd826c"}}
    put(deployed, **blocked)
    assert answer("clear-block")["cleared"] == "0ffd826c"
    assert "lensloop clear-block" in ask("status")[1]
    assert answer("retrain")["trigger"]["doing"] == "resting"  # this tick changes nothing


def test_only_what_is_held_is_approved(deployed: Aws) -> None:
    put(deployed, **trigger({}, covered=5))
    assert answer("approve")["approved"] is None
    assert "No release waits and no model is held" in ask("approve")[1]
    put(deployed, **(trigger({}, covered=5) | {"held": {"S": "0ffd826c"}}))
    assert "a model is held for a person" in ask("status")[1]
    assert answer("approve")["approved"] == "0ffd826c"
    assert "The model of data set 0ffd826c is approved." in ask("approve")[1]


def for_approval(state: str) -> dict[str, Any]:
    texts = {"id": "approval", "state": state, "dataset": "d" * 16, "model_sha256": "ab"}
    item: dict[str, Any] = {name: {"S": value} for name, value in texts.items()}
    return item | {"epoch": {"N": "4"}, "labels": {"L": [{"S": "can"}]}}


def test_a_release_that_waits_is_approved_or_rejected_by_name(deployed: Aws) -> None:
    put(deployed, **trigger({}, covered=5))
    put(deployed, **for_approval("waiting"))
    assert answer("status")["waiting"] == {"epoch": 4, "dataset": "d" * 16}
    assert "lensloop approve 4" in ask("status")[1]
    told = answer("approve", "--note", "fine")["event"]
    assert (told["epoch"], told["decision"], told["note"]) == (4, "approved", "fine")
    assert told["by"].startswith("arn:aws:iam::000000000000:")
    assert answer("reject", "4")["event"]["decision"] == "rejected"
    code, stdout, _ = ask("approve")
    assert (code, stdout) == (0, "Approved or rejected.\n")


def test_where_two_things_wait_a_person_says_which(deployed: Aws) -> None:
    put(deployed, **(trigger({}, covered=5) | {"held": {"S": "0ffd826c"}}))
    put(deployed, **for_approval("waiting"))
    code, _, stderr = ask("approve")
    assert (code, "`lensloop approve 4` or `lensloop approve --held`" in stderr) == (2, True)
    assert answer("approve", "--held")["approved"] == "0ffd826c"
    assert answer("approve", "4")["event"]["epoch"] == 4


def test_what_does_not_wait_is_left_to_the_function_that_knows_what_became_of_it(
    deployed: Aws,
) -> None:
    put(deployed, **trigger({}, covered=5))
    put(deployed, **for_approval("rejected"))
    assert answer("status")["waiting"] is None
    assert answer("reject")["did"] is False
    assert "No release waits for approval" in ask("reject")[1]
    code, _, stderr = ask("approve", "3")
    assert (code, "Nothing was changed." in stderr) == (2, True)


def test_a_person_is_asked_before_cameras_go_back(deployed: Aws) -> None:
    run = CliRunner().invoke
    refused, agreed = run(app, ["rollback"], input="n\n"), run(app, ["rollback"], input="y\n")
    assert (refused.exit_code, refused.stdout) == (0, "Back? [y/N]: n\nNothing was changed.\n")
    assert (agreed.exit_code, agreed.stdout) == (0, "Back? [y/N]: y\nBack?\n")
    done = answer("rollback", "3", "--yes", "--note", "dusk")
    assert (done["did"], done["event"]["to"], done["event"]["note"]) == (True, 3, "dusk")
    assert done["event"]["by"].startswith("arn:aws:iam::000000000000:")
    assert answer("rollback", "--dry-run")["did"] is False


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("6",), "Nothing was changed."), (("--json",), "add --yes, or --dry-run")],
)
def test_what_cannot_be_gone_back_to_or_asked_ends_with_a_code(
    deployed: Aws, arguments: tuple[str, ...], sentence: str
) -> None:
    code, _, stderr = ask("rollback", *arguments)
    assert (code, sentence in stderr) == (2, True)


def test_a_person_steers_a_rollout(deployed: Aws) -> None:
    for command in ("retry", "pause", "go-on"):
        told = answer(command)["event"]
        assert (told["decision"], told["by"][:13]) == (command, "arn:aws:iam::")
    code, stdout, stderr = ask("resume")
    assert (code, stdout, "Nothing was changed." in stderr) == (2, "Steered.\n", True)
    paused = {"id": {"S": "paused"}, "interrupted": {"N": "0"}, "by": {"S": "ann"}}
    put(deployed, **paused, note={"S": ""})
    assert answer("status")["paused"] == "ann"
    assert "paused   rollouts, by ann; `lensloop resume` lets them go on" in ask("status")[1]
    deployed.dynamodb.delete_item(TableName=f"{PREFIX}-state", Key={"id": {"S": "paused"}})


def test_a_person_changes_the_key_and_is_asked_before(
    deployed: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("key", "rotate", "--dry-run")[:2] == (0, "Key 2?\n")
    ran = CliRunner().invoke(app, ["key", "rotate"], input="n\n")
    assert (ran.exit_code, "Nothing was changed." in ran.stdout) == (0, True)
    done = answer("key", "rotate", "--compromised", "--yes", "--note", "stolen")
    told = done["event"]
    assert (done["did"], told["change"], told["compromised"]) == (True, "rotate", True)
    assert (told["note"], told["by"][:13], "dry_run" in told) == ("stolen", "arn:aws:iam::", False)
    assert ask("key", "rotate", "--json")[0] == 2, "with --json nobody is asked"
    code, stdout, stderr = ask("key", "retire", "--yes")
    assert (code, stdout, "Nothing was changed." in stderr) == (2, "Not all know it.\n", True)


def test_which_key_signs_is_shown_with_who_believes_it(deployed: Aws) -> None:
    found = answer("key", "show")
    assert (found["signs"], found["change"], found["since"], found["deployed"]) == (1, 0, None, 1)
    assert found["believed"] == {"1": found["fingerprint"]}
    code, stdout, _ = ask("key", "show")
    assert (code, f"Key 1 signs ({found['fingerprint']})." in stdout) == (0, True)
    assert "set `release_key` to 2 in cdk.json and deploy" in stdout


def test_watch_ends_at_once_where_nothing_happens(deployed: Aws) -> None:
    put(deployed, **trigger({}, covered=5))
    code, stdout, _ = ask("watch")
    assert (code, "Nothing is running and nothing waits." in stdout) == (0, True)


def test_a_camera_is_registered_with_the_broker_of_its_cloud(
    deployed: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    add = ("camera", "add", "deeplens_test", "--home", str(home))
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.0)
    assert answer(*add)["problem"] == ""
    config = json.loads((home / "camera.json").read_text())
    assert (config["endpoint"], config["port"]) == ("127.0.0.1", deployed.cloud.mqtt_port)
    assert (home / "ca.pem").read_bytes() == deployed.cloud.ca_pem.read_bytes()
    assert [camera["thing"] for camera in answer("camera", "list")] == ["deeplens_test"]
    assert "deeplens_test (fleet) is ready" in ask(*add)[1]
    code, stdout, _ = ask(*add, "--port", "1")
    assert code == 3
    assert "is ready" not in stdout
    assert "But no broker answers at 127.0.0.1:1 from here" in stdout
    assert json.loads((home / "camera.json").read_text())["port"] == 1
    reported = {"TableName": "deeplens-trash-state", "Key": {"id": {"S": "camera#deeplens_test"}}}
    deployed.dynamodb.update_item(**reported)
    assert answer("camera", "remove", "deeplens_test")["removed"] is True
    assert "Item" not in deployed.dynamodb.get_item(**reported)


def test_an_indicator_gets_its_identity_and_loses_it(
    deployed: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.0)
    home = tmp_path / "bin"
    make = ("camera", "indicator", "deeplens_test", "--home", str(home))
    assert "There is no camera deeplens_test" in ask(*make)[2]
    answer("camera", "add", "deeplens_test", "--home", str(tmp_path / "camera"))
    assert "Say where its identity goes" in ask("camera", "indicator", "deeplens_test")[2]
    assert answer(*make)["problem"] == ""
    assert {file.name for file in home.iterdir()} == {
        ".gitignore",
        "ca.pem",
        "certificate.pem",
        "indicator.json",
        "private.key",
    }
    assert "python -m camera.bin_indicator --home bin" in ask(*make)[1]
    code, stdout, _ = ask(*make, "--port", "1")
    assert (code, "But no broker answers at 127.0.0.1:1 from here" in stdout) == (3, True)
    client = json.loads((home / "indicator.json").read_text())["client"]
    assert answer(*make, "--revoke")["revoked"] == [client]
    assert ask(*make[:3], "--revoke")[1] == "Revoked of deeplens_test: nothing, for it has none.\n"
    answer("camera", "remove", "deeplens_test")
    assert not deployed.iot.list_certificates()["certificates"]


def test_a_bundle_alone_carries_a_camera_s_only_key(
    deployed: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_bundle, "PACKAGES", tmp_path / "packages")
    monkeypatch.setattr(install_bundle, "fetch", lambda pins, target, folder: folder.mkdir())
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.0)
    file = tmp_path / "hall.tar.gz"
    add = ("camera", "add", "deeplens_hall", "--bundle", str(file), "--for", "pi")
    made = answer(*add, "--frames", "/dev/video2")
    assert (made["problem"], made["config"], made["bundle"]) == ("", None, str(file))
    with tarfile.open(file) as archive:
        assert {"lensloop/home/private.key", "lensloop/home/ca.pem"} <= set(archive.getnames())
        facts = archive.extractfile("lensloop/facts")
        assert facts is not None
        assert b"MACHINE='aarch64'" in facts.read()
    code, _, said = ask(*add)
    assert code == 2
    assert "`lensloop camera bundle --for …` packs an update" in said
    answer("camera", "remove", "deeplens_hall")
    assert not deployed.iot.list_certificates()["certificates"]


def test_without_its_packages_no_camera_is_registered(
    deployed: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*_: Any) -> None:
        raise PackagesError("Packages for Python 3.7 could not be fetched.")

    monkeypatch.setattr(install_bundle, "PACKAGES", tmp_path / "packages")
    monkeypatch.setattr(install_bundle, "fetch", fetch)
    file = str(tmp_path / "hall.tar.gz")
    code, _, said = ask("camera", "add", "deeplens_hall", "--bundle", file, "--for", "deeplens")
    assert code == 2
    assert "could not be fetched" in said
    assert answer("camera", "list") == []


def test_a_bundle_that_cannot_be_written_leaves_no_camera_behind(
    deployed: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_bundle, "PACKAGES", tmp_path / "packages")
    monkeypatch.setattr(install_bundle, "fetch", lambda pins, target, folder: folder.mkdir())
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.0)
    (tmp_path / "hall.tar.gz").mkdir()
    file = str(tmp_path / "hall.tar.gz")
    assert ask("camera", "add", "deeplens_hall", "--bundle", file, "--for", "pc")[0] != 0
    assert answer("camera", "list") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say where its identity goes"),
        (("--bundle", "x.tar.gz"), "Say which computer it is for: --for pi, pc, deeplens."),
        (("--home", "x", "--for", "pi"), "give --bundle FILE"),
        (("--bundle", "x.tar.gz", "--for", "pi", "--python", "2.7"), "no Python version"),
        (("--bundle", "x.tar.gz", "--for", "pi", "--frames", "a'b"), "no quotes"),
    ],
)
def test_half_a_request_for_a_bundle_is_refused(
    deployed: Aws, arguments: tuple[str, ...], sentence: str
) -> None:
    code, _, said = ask("camera", "add", "deeplens_hall", *arguments)
    assert (code, sentence in said) == (2, True)
