"""What is told of a run is sent once, written down, and never lost to another end of that run."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas import tell
from lambdas.aws import bucket, clients
from lensloop import news, record
from local.cloud import LocalCloud
from tests.lambdas.conftest import BUCKET, MODEL, Aws, model_files

EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:deeplens-trash-retraining:r00000007"
DATASET = {
    "digest": "d1",
    "images": 20,
    "rejected": 1,
    "report": "datasets/d1/report.html",
    "reasons": [],
}
TRAINING = {"jobs": [], "model": MODEL}
REFUSED: dict[str, Any] = {
    "workflow": "retraining",
    "epoch": 7,
    "execution": EXECUTION,
    "started_at": "2026-11-26T10:15:00Z",
    "outcome": "refused",
    "snapshot": None,
    "dataset": DATASET,
    "training": TRAINING,
    "doubts": None,
    "verdict": {"ship": False, "reasons": ["recall of can 0.41 is below its floor 0.50"]},
    "release": None,
    "failure": None,
}
RELEASED = REFUSED | {"outcome": "released", "verdict": {"ship": True, "reasons": ["good"]}}
ROLLED_OUT: dict[str, Any] = {
    "workflow": "rollout",
    "epoch": 7,
    "execution": EXECUTION.replace("retraining", "rollout"),
    "outcome": "rolled-out",
    "canary": {"proven": 1, "cameras": 1, "reasons": []},
    "fleet": {"proven": 2, "cameras": 2, "reasons": []},
    "failure": None,
}


@pytest.fixture
def inbox(aws: Aws, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A subscriber of the topic: each call gives what came since the last."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic = sns.create_topic(Name="deeplens-trash-news")["TopicArn"]
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    monkeypatch.setenv("TOPIC_ARN", topic)

    def came() -> list[dict[str, str]]:
        found = []
        while messages := sqs.receive_message(QueueUrl=url).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    yield came
    sqs.delete_queue(QueueUrl=url)
    sns.delete_topic(TopicArn=topic)


@pytest.fixture
def run(aws: Aws, inbox: Any) -> Aws:
    """A bucket with what a run's steps left there."""
    aws.put_model(model_files() | {"mistakes.json": json.dumps(MISTAKES).encode()})
    bucket.write_json("datasets/d1/report.json", REPORT)
    return aws


MISTAKES = {
    "format": 1,
    "count": 1,
    "pictures": [
        {
            "key": "images/can/a.jpg",
            "sha256": "0" * 64,
            "label": "can",
            "predicted": "glass",
            "confidence": 0.9,
            "live_predicted": None,
            "thumbnail": "",
        }
    ],
}
LABELS = {
    label: {"train": 6, "validation": 2, "test": 2, "images": 10, "new": 0}
    for label in ("can", "glass")
}
REPORT: dict[str, Any] = {
    "format": 1,
    "epoch": 7,
    "digest": "d1",
    "project": "trash",
    "since": None,
    "images": 20,
    "rejected": 1,
    "new": 3,
    "removed": 1,
    "labels": LABELS,
    "trainable": True,
    "reasons": [],
    "warnings": [],
    "left_out": [],
    "alike": [],
    "look_alike": [],
    "suspicious": None,
    "near_duplicates": 0,
    "examples": {},
    "new_examples": [],
    "left_out_examples": [],
}


INSIGHTS = {
    "format": 1,
    "reliability": {"candidate": [{"images": 4, "right": 3, "confidence": 0.9}], "live": None},
    "fixed": None,
    "broken": None,
    "unfamiliar": {"count": 0, "pictures": []},
    "neighbours": {},
    "curve": None,
}


def test_what_the_training_says_beyond_scores_is_on_the_page(run: Aws) -> None:
    run.put_model(model_files() | {"insights.json": json.dumps(INSIGHTS).encode()})
    tell.handler(REFUSED, None)
    page = bucket._body("runs/7/report.html").read().decode()
    assert "May its confidence be believed?" in page
    assert "Where it comes from" in page
    assert not written()["problems"]


def test_what_cannot_be_shown_of_it_costs_nothing_else(run: Aws) -> None:
    broken = INSIGHTS | {"neighbours": None}
    run.put_model(model_files() | {"insights.json": json.dumps(broken).encode()})
    tell.handler(REFUSED, None)
    page = bucket._body("runs/7/report.html").read().decode()
    assert "May its confidence be believed?" not in page
    assert "Where it comes from" in page
    assert written()["scores"]
    (problem,) = written()["problems"]
    assert "insights.json: `neighbours` is missing" in problem


def written() -> record.Record:
    return record.read(bucket._body("runs/7/run.json").read())


def html() -> str:
    page: str = bucket._body("runs/7/report.html").read().decode()
    return page


def test_a_refused_run_is_told_and_written_down(run: Aws, inbox: Any) -> None:
    assert tell.handler(REFUSED, None) == {"epoch": 7, "outcome": "refused", "told": True}
    (mail,) = inbox()
    assert mail["Subject"] == "deeplens-trash: the model of run 7 was refused"
    assert "recall of can 0.41 is below its floor 0.50" in mail["Message"]
    assert f"s3://{BUCKET}/runs/7/report.html" in mail["Message"]
    saved = written()
    assert saved["outcome"] == "refused"
    assert saved["changes"] == {"new": 3, "removed": 1, "since": None}
    assert saved["mistakes"] == {"count": 1}
    assert saved["scores"] is not None
    assert saved["scores"]["candidate"]["all"]["images"] > 0
    assert [message["sent"] for message in saved["messages"]] == [True]
    assert saved["problems"] == []
    assert "Refused: the cameras keep the model that they have" in html()


def test_told_again_it_is_neither_sent_nor_noted_twice(run: Aws, inbox: Any) -> None:
    for _ in range(3):
        tell.handler(REFUSED, None)
    assert len(inbox()) == 1
    assert len(written()["messages"]) == 1


def test_the_rollout_adds_to_the_record_and_to_the_page(run: Aws, inbox: Any) -> None:
    tell.handler(RELEASED, None)
    tell.handler(ROLLED_OUT, None)
    saved = written()
    assert saved["outcome"] == "released"
    assert saved["rollout"] is not None
    assert saved["rollout"]["proven"] == 3
    assert [message["source"] for message in saved["messages"]] == ["retraining", "rollout"]
    assert "Released, and proven on 3 cameras" in html()
    assert len(inbox()) == 2


def test_a_rollout_that_ends_first_is_not_lost(run: Aws, inbox: Any) -> None:
    tell.handler(ROLLED_OUT, None)
    tell.handler(RELEASED, None)
    saved = written()
    assert (saved["outcome"], saved["rollout"] is not None) == ("released", True)
    assert "Released, and proven on 3 cameras" in html()


def test_two_ends_at_once_keep_each_others_part(
    run: Aws, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rollout writes between the retraining's reading and its writing."""
    put, others = clients.s3().put_object, [ROLLED_OUT]

    def put_late(**request: Any) -> Any:
        if others and request["Key"].endswith("run.json"):
            tell.handler(others.pop(), None)
        return put(**request)

    monkeypatch.setattr(clients.s3(), "put_object", put_late)
    tell.handler(RELEASED, None)
    saved = written()
    assert (saved["outcome"], saved["rollout"] is not None) == ("released", True)
    assert len(saved["messages"]) == 2
    assert "Released, and proven on 3 cameras" in html()


def test_nothing_new_is_written_down_and_nobody_is_told(run: Aws, inbox: Any) -> None:
    tell.handler(REFUSED | {"outcome": "nothing-new", "training": None, "verdict": None}, None)
    assert inbox() == []
    assert (written()["outcome"], written()["messages"]) == ("nothing-new", [])


def test_a_run_that_broke_is_written_down_and_left_to_the_tick_to_be_told(
    run: Aws, inbox: Any
) -> None:
    failure = {"Error": "StaleEpoch", "Cause": '{"errorMessage": "Run 7 lost its lease."}'}
    nothing = dict.fromkeys(("dataset", "training", "verdict"))
    tell.handler(REFUSED | nothing | {"outcome": "failed", "failure": failure}, None)
    assert inbox() == []
    assert "Run 7 lost its lease." in html()


@pytest.mark.parametrize("lost", ["report", "model"])
def test_what_cannot_be_read_is_said_and_stops_no_message(run: Aws, inbox: Any, lost: str) -> None:
    key = {"report": "datasets/d1/report.json", "model": MODEL.split("/", 3)[3]}[lost]
    run.s3.put_object(Bucket=BUCKET, Key=key, Body=b"\x1f\x8b damaged")
    tell.handler(REFUSED, None)
    assert len(inbox()) == 1
    (problem,) = written()["problems"]
    assert problem.startswith("Not everything could be read when this was written: ")


def test_a_message_that_cannot_be_sent_is_noted_and_sent_later(
    run: Aws, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:gone")
        with pytest.raises(tell.Unsent, match="could not be sent"):
            tell.handler(REFUSED, None)
    assert [message["sent"] for message in written()["messages"]] == [False]
    tell.handler(REFUSED, None)
    assert len(inbox()) == 1
    assert [message["sent"] for message in written()["messages"]] == [True]


def test_a_record_that_cannot_be_read_is_written_anew(run: Aws, inbox: Any) -> None:
    run.s3.put_object(Bucket=BUCKET, Key="runs/7/run.json", Body=b"{")
    tell.handler(REFUSED, None)
    assert written()["outcome"] == "refused"


def test_a_fault_of_s3_is_not_taken_for_a_missing_record(
    run: Aws, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_: Any) -> Any:
        raise ClientError(
            {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}},  # type: ignore[typeddict-item]
            "GetObject",
        )

    monkeypatch.setattr(clients.s3(), "get_object", busy)
    with pytest.raises(ClientError, match="SlowDown"):
        tell.handler(REFUSED, None)


def test_the_tick_tells_how_a_run_ended_that_could_not(run: Aws, inbox: Any) -> None:
    ending = {"epoch": 7, "outcome": "timed out", "at": 1, "reasons": ["States.Timeout"]}
    run.table.put_item(Item={"id": "trigger", "epoch": 7, "last_outcome": ending})
    text = "retraining run 7 was timed out\n\nThe changed pictures are still waiting."
    tell.handler({"workflow": "trigger", "epoch": 7, "text": text}, None)
    (mail,) = inbox()
    assert mail["Subject"] == "deeplens-trash: retraining run 7 was timed out"
    saved = written()
    assert (saved["outcome"], saved["reasons"]) == ("timed-out", ["States.Timeout"])
    assert "Timed out: the run took longer than it may" in html()


def test_a_message_of_the_tick_does_not_change_how_a_run_ended(run: Aws, inbox: Any) -> None:
    tell.handler(REFUSED, None)
    text = "all 48 runs allowed a day are spent\n\nNothing is lost."
    tell.handler({"workflow": "trigger", "epoch": 7, "text": text}, None)
    assert written()["outcome"] == "refused"
    assert [message["source"] for message in written()["messages"]] == ["retraining", "trigger"]
    assert "Refused" in html()


def test_a_camera_that_gave_a_release_back_is_told_and_changes_no_end(run: Aws, inbox: Any) -> None:
    tell.handler(REFUSED, None)
    inbox()
    text = news.as_text(news.gave_back("deeplens_a", 7, 6, "dark frames"))
    tell.handler({"workflow": "fleet", "epoch": 7, "text": text}, None)
    subjects = [mail["Subject"] for mail in inbox()]
    assert subjects[-1] == "deeplens-trash: deeplens_a gave release 7 back"
    assert (written()["outcome"], written()["messages"][-1]["source"]) == ("refused", "fleet")


WAITS = RELEASED | {"outcome": "waits-for-approval", "release": {"epoch": 7, "instead_of": 0}}


def left(aws: Aws, epoch: int, file: str) -> bytes:
    body: bytes = aws.s3.get_object(Bucket=BUCKET, Key=f"runs/{epoch}/{file}")["Body"].read()
    return body


def decision(aws: Aws, epoch: int) -> tuple[str, str]:
    found = record.read(left(aws, epoch, "run.json"))["approval"]
    assert found is not None
    return found["decision"], found["by"]


def test_a_persons_decision_is_noted_told_once_and_shown(run: Aws, inbox: Any) -> None:
    tell.handler(WAITS, None)
    assert b"lensloop reject 7" in left(run, 7, "report.html")
    approval = {"workflow": "approval", "epoch": 7, "decision": "approved", "by": "ann", "note": ""}
    for _ in range(2):
        tell.handler(approval, None)
    assert [message["Subject"] for message in inbox()] == [
        "deeplens-trash: release 7 waits for your approval",
        "deeplens-trash: release 7 was approved",
    ]
    assert decision(run, 7) == ("approved", "ann")
    assert b"Approved by ann" in left(run, 7, "report.html")


def test_a_release_that_waited_says_by_which_it_was_superseded(run: Aws, inbox: Any) -> None:
    tell.handler(WAITS, None)
    newer = {"epoch": 8, "instead_of": 7}
    tell.handler(WAITS | {"epoch": 8, "release": newer}, None)
    assert (decision(run, 7), decision(run, 8)) == (("superseded", "release 8"), ("waiting", ""))
    assert b"a newer release came before" in left(run, 7, "report.html")
    assert len(inbox()) == 2


def test_who_took_a_release_back_is_noted_told_once_and_shown_until_it_is_used_again(
    run: Aws, inbox: Any
) -> None:
    tell.handler(RELEASED, None)
    tell.handler(ROLLED_OUT, None)
    back = {"workflow": "rollback", "epoch": 7, "to": 5, "serial": 1, "cameras": 2}
    said = {"by": "arn:aws:iam::1:user/ann", "note": "blind at dusk"}
    for _ in range(2):
        tell.handler(back | said, None)
    subjects = [message["Subject"] for message in inbox()]
    assert subjects[-1] == "deeplens-trash: release 7 was taken back"
    assert subjects.count(subjects[-1]) == 1
    found = record.read(left(run, 7, "run.json"))["taken_back"]
    assert found is not None
    assert (found["to"], found["by"], found["note"]) == (5, said["by"], said["note"])
    page = left(run, 7, "report.html").decode()
    assert "Taken back: cameras go to release 5" in page
    assert "blind at dusk" in page

    tell.handler(back | {"epoch": 5, "to": 7, "serial": 2, "by": "", "note": ""}, None)
    assert record.read(left(run, 7, "run.json"))["taken_back"] is None
    assert "Taken back" not in left(run, 7, "report.html").decode().split("<header", 1)[1][:600]


def test_a_release_that_its_own_rollout_took_back_is_noted_and_told_by_the_rollouts_end(
    run: Aws, inbox: Any
) -> None:
    tell.handler(RELEASED, None)
    inbox()
    back = {"workflow": "rollback", "epoch": 7, "to": 5, "serial": 1, "cameras": 2}
    said = {"by": "", "note": "Too many cameras of the fleet failed it.", "told": True}
    tell.handler(back | said, None)
    assert inbox() == []
    reasons = ["deeplens_a: dark", "Release 7 is taken back."]
    failed = {"outcome": "fleet-failed", "fleet": {"reasons": reasons[:1]}}
    tell.handler({**ROLLED_OUT, **failed, "back": {"reasons": reasons[1:]}}, None)
    [message] = inbox()
    assert message["Subject"] == "deeplens-trash: release 7 failed on the fleet"
    assert "– deeplens_a: dark\n– Release 7 is taken back.\n" in message["Message"]
    found = record.read(left(run, 7, "run.json"))["taken_back"]
    assert found is not None
    assert (found["to"], found["by"], found["note"]) == (5, "", said["note"])
    page = left(run, 7, "report.html").decode()
    assert "Taken back: cameras go to release 5" in page
    assert "Too many cameras of the fleet failed it." in page


def test_who_steered_a_rollout_is_noted_once_each_time_and_nobody_is_told(
    run: Aws, inbox: Any
) -> None:
    tell.handler(RELEASED, None)
    inbox()
    said = {"workflow": "steering", "epoch": 7, "by": "user/ann", "note": "snow on the lens"}
    paused = said | {"decision": "pause", "at": "2026-11-27T12:00:00+00:00"}
    resumed = said | {"decision": "resume", "at": "2026-11-27T13:00:00+00:00", "note": ""}
    for event in (paused, paused, resumed):
        tell.handler(event, None)
    found = record.read(left(run, 7, "run.json"))["steered"]
    assert [(one["decision"], one["by"]) for one in found] == [
        ("pause", "user/ann"),
        ("resume", "user/ann"),
    ]
    page = left(run, 7, "report.html").decode()
    assert "Paused by user/ann" in page
    assert "snow on the lens" in page
    assert "Resumed by user/ann" in page
    assert inbox() == []
