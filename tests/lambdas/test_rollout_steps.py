"""The two steps of the rollout against AWS IoT: orders, answers of cameras, withdrawals."""

import json
from hashlib import sha256
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas import check_rollout, deploy_release, publish_release
from lambdas.aws import fleet
from lambdas.aws.release_item import LiveRelease
from lambdas.aws.state import state_table
from lensloop.rollout import Answer
from lensloop.settings import Settings
from lensloop.wire import names, order
from lensloop.wire.errors import BadArtifact, StaleEpoch
from local.cloud import LocalCloud
from tests.lambdas.conftest import BUCKET, MODEL, PREFIX, Aws, model_files
from tests.workflows import scenes

DAY = Settings().fleet_timeout_minutes * 60
PROOF = {"golden": "1/1", "agent": "1"}


class Cameras:
    """The things of both waves, and their side of the jobs API."""

    def __init__(self, aws: Aws, data: Any) -> None:
        self._aws, self._data = aws, data

    def add(self, wave: str, *ids: str) -> None:
        for name in ids:
            self._aws.iot.create_thing(thingName=f"deeplens_{name}")
            self._aws.iot.add_thing_to_thing_group(
                thingGroupArn=self._aws.groups[wave], thingName=f"deeplens_{name}"
            )

    def answer(self, name: str, job: str, status: str, **details: str) -> None:
        self._data.update_job_execution(
            jobId=job, thingName=f"deeplens_{name}", status=status, statusDetails=details
        )

    def prove(self, name: str, job: str, epoch: int = 7, **more: str) -> None:
        [sha256] = {one.model_sha256 for one in known() if f"-r{one.epoch}-" in job}
        self.answer(name, job, "SUCCEEDED", epoch=str(epoch), sha256=sha256, **PROOF, **more)


def known() -> list[LiveRelease]:
    live, candidate = state_table().live(), state_table().candidate()
    return [one for one in (live, candidate and candidate.release) if one]


def live() -> int:
    found = state_table().live()
    return found.epoch if found else 0


def candidate() -> tuple[int, str]:
    found = state_table().candidate()
    return (found.release.epoch, found.state) if found else (0, "")


@pytest.fixture
def cameras(aws: Aws, cloud: LocalCloud) -> Cameras:
    return Cameras(aws, cloud.client("iot-jobs-data"))


@pytest.fixture
def released(aws: Aws) -> Aws:
    publish(aws, 7)
    return aws


def publish(aws: Aws, epoch: int) -> None:
    aws.lease(epoch)
    aws.put_model(model_files())
    publish_release.handler({"epoch": epoch, "digest": "d1", "model": MODEL}, None)


def deploy(wave: str = "canary", epoch: int = 7) -> dict[str, Any]:
    answer = deploy_release.handler({"epoch": epoch, "wave": wave}, None)
    json.dumps(answer)
    return answer


def check(
    order: dict[str, Any], wave: str = "canary", epoch: int = 7, waited: int = 0
) -> dict[str, Any]:
    event = {
        "epoch": epoch,
        "wave": wave,
        "job": order["job"],
        "started_at": order["started_at"] - waited,
    }
    answer = check_rollout.handler(event, None)
    json.dumps(answer)
    return answer


def status(aws: Aws, job: str) -> str:
    found: str = aws.iot.describe_job(jobId=job)["job"]["status"]
    return found


def test_an_order_says_what_to_fetch_and_how_to_know_it(released: Aws, cameras: Cameras) -> None:
    cameras.add("canary", "a")
    order = deploy()
    assert (order["job"], order["cameras"], order["stopped"]) == (
        f"{PREFIX}-r7-canary",
        1,
        False,
    )
    document = json.loads(released.iot.get_job_document(jobId=order["job"])["document"])
    body = released.s3.get_object(Bucket=BUCKET, Key="releases/7/manifest.json")["Body"].read()
    manifest = json.loads(body)
    assert (document["operation"], document["epoch"], document["minutes"]) == ("release", 7, 60)
    assert document["manifest"]["sha256"] == sha256(body).hexdigest()
    assert (document["model"]["sha256"], document["model"]["size"]) == (
        manifest["model"]["sha256"],
        manifest["model"]["size"],
    )
    assert document["golden"]["sha256"] == manifest["golden"]["sha256"]
    url = f"https://s3.us-east-1.amazonaws.com/{BUCKET}/releases/7/model.onnx"
    assert document["model"]["url"] == f"${{aws:iot:s3-presigned-url:{url}}}"


def test_an_order_carries_the_releases_signature(released: Aws, cameras: Cameras) -> None:
    found = released.s3.get_object(Bucket=BUCKET, Key="releases/7/manifest.sig")["Body"].read()
    assert order.parse(deploy_release.document(7, 60)).signature == found


@pytest.mark.parametrize("file", ["manifest.json", "manifest.sig"])
def test_what_is_not_there_is_not_ordered(released: Aws, cameras: Cameras, file: str) -> None:
    released.s3.delete_object(Bucket=BUCKET, Key=f"releases/7/{file}")
    with pytest.raises(BadArtifact, match=f"{file} is not there, so release 7 cannot be ordered"):
        deploy()


def test_what_was_not_published_is_not_ordered(released: Aws, cameras: Cameras) -> None:
    """Who can write the bucket can move no camera: the state table knows what was published."""
    key = "releases/7/manifest.json"
    body = released.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    released.s3.put_object(Bucket=BUCKET, Key=key, Body=body.replace(b'"can"', b'"tin"'))
    with pytest.raises(BadArtifact, match="is not what was published as release 7"):
        deploy()
    assert released.iot.list_jobs()["jobs"] == []


def test_a_release_from_before_they_were_signed_is_not_ordered(
    released: Aws, cameras: Cameras
) -> None:
    released.table.delete_item(Key={"id": "release#7"})
    with pytest.raises(BadArtifact, match="the next release is"):
        deploy()


def test_the_steps_answer_in_the_words_that_the_workflow_reads(
    released: Aws, cameras: Cameras
) -> None:
    """The workflow's tests run on a table of answers; here is what keeps that table true."""
    cameras.add("canary", "a")
    order = deploy()
    assert set(order) == set(scenes.WAITING)
    assert set(check(order)) == set(scenes.WAITING) - {"stopped"}


def test_an_order_is_given_once_however_often_it_is_tried(released: Aws, cameras: Cameras) -> None:
    cameras.add("canary", "a")
    assert deploy()["job"] == deploy()["job"]
    assert len(released.iot.list_jobs()["jobs"]) == 1


def test_an_empty_wave_is_reported_and_its_first_camera_gets_the_release(
    released: Aws, cameras: Cameras
) -> None:
    order = deploy("fleet")
    assert order["cameras"] == 0
    cameras.add("fleet", "late")
    cameras.prove("late", order["job"])
    assert check(order, "fleet")["state"] == "proven"


def test_a_wave_is_waited_for_until_its_cameras_prove_the_release(
    released: Aws, cameras: Cameras
) -> None:
    cameras.add("canary", "a", "b")
    order = deploy()
    assert (check(order)["state"], check(order)["cameras"]) == ("waiting", 2)
    cameras.prove("a", order["job"])
    assert check(order)["state"] == "waiting"
    cameras.prove("b", order["job"])
    assert (check(order)["state"], check(order)["proven"]) == ("proven", 2)


def test_a_success_that_names_another_model_is_no_proof(released: Aws, cameras: Cameras) -> None:
    cameras.add("canary", "a")
    order = deploy()
    cameras.prove("a", order["job"], epoch=6)
    found = check(order)
    assert found["state"] == "failed"
    assert "deeplens_a reports release 6" in " ".join(found["reasons"])


@pytest.mark.parametrize("answer", ["FAILED", "REJECTED"])
def test_a_failed_canary_ends_the_wave_with_its_reason_and_withdraws_the_order(
    answer: str, released: Aws, cameras: Cameras
) -> None:
    cameras.add("canary", "a", "b")
    order = deploy()
    cameras.answer("a", order["job"], answer, reason="golden picture 1 is glass, not can")
    found = check(order)
    assert found["state"] == "failed"
    assert "deeplens_a: golden picture 1 is glass, not can" in found["reasons"]
    assert status(released, order["job"]) == "CANCELED"


def test_a_camera_that_is_offline_fails_no_release_and_keeps_its_order(
    released: Aws, cameras: Cameras
) -> None:
    cameras.add("canary", "a", "b")
    order = deploy()
    found = check(order, waited=DAY)
    assert (found["state"], candidate(), live()) == ("unanswered", (7, "tried"), 0)
    assert "no answer (offline?) from deeplens_a, deeplens_b" in found["reasons"]
    cameras.prove("a", order["job"])
    found = check(order, waited=DAY)
    assert (found["state"], found["proven"], live()) == ("proven", 1, 7)
    assert found["reasons"] == ["no answer (offline?) from deeplens_b"]
    assert status(released, order["job"]) == "IN_PROGRESS"


def test_the_canaries_proof_makes_a_release_live(released: Aws, cameras: Cameras) -> None:
    cameras.add("canary", "a")
    cameras.add("fleet", "b")
    order = deploy()
    assert (live(), candidate()) == (0, (7, "tried"))
    cameras.prove("a", order["job"])
    check(order)
    assert (live(), candidate()) == (7, (7, "proven"))
    found = released.item("live")
    assert (found["labels"], found["dataset"]) == (["can", "glass"], "d1")
    assert check(order)["state"] == "proven", "again, as after a lost answer"


def test_without_canaries_the_first_wave_makes_it_live(released: Aws, cameras: Cameras) -> None:
    cameras.add("fleet", "b")
    deploy()
    order = deploy("fleet")
    assert live() == 0
    cameras.prove("b", order["job"])
    check(order, "fleet")
    assert live() == 7


def test_without_any_camera_it_is_live_at_once(released: Aws, cameras: Cameras) -> None:
    deploy()
    assert live() == 0
    deploy("fleet")
    assert (live(), candidate()) == (7, (7, "proven"))


@pytest.mark.parametrize("wave", ["canary", "fleet"])
def test_what_the_first_wave_cannot_prove_never_becomes_live_and_reaches_nobody_later(
    wave: str, released: Aws, cameras: Cameras
) -> None:
    cameras.add(wave, "a")
    orders = [deploy(), *([deploy("fleet")] if wave == "fleet" else [])]
    cameras.answer("a", orders[-1]["job"], "FAILED", reason="golden picture 1 is glass, not can")
    for _ in range(2):  # again, as after a lost answer
        assert check(orders[-1], wave)["state"] == "failed"
        assert (live(), candidate()) == (0, (7, "failed"))
    assert {status(released, order["job"]) for order in orders} == {"CANCELED"}
    assert state_table().prove(7, 1) is False


def test_a_fleet_that_fails_takes_nothing_back_from_what_canaries_proved(
    released: Aws, cameras: Cameras
) -> None:
    cameras.add("canary", "a")
    cameras.add("fleet", "b")
    order = deploy()
    cameras.prove("a", order["job"])
    check(order)
    fleet_order = deploy("fleet")
    cameras.answer("b", fleet_order["job"], "FAILED", reason="disk full")
    assert check(fleet_order, "fleet")["state"] == "failed"
    assert (live(), candidate()) == (7, (7, "proven"))
    assert status(released, order["job"]) == "IN_PROGRESS", "a later canary gets it too"


def test_what_the_first_wave_is_too_slow_with_never_becomes_live_and_names_who_is(
    released: Aws, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = Settings(max_camera_milliseconds=500)
    monkeypatch.setenv("SETTINGS", budget.to_json())
    cameras.add("canary", "a")
    cameras.add("fleet", "b")
    order = deploy()
    cameras.prove("a", order["job"], latency_ms="812.4")
    found = check(order)
    assert (found["state"], live(), candidate()) == ("failed", 0, (7, "failed"))
    assert found["reasons"] == [
        "0 of 1 camera proved the release, 1 must",
        "deeplens_a: it takes 812.4 ms for a picture, more than the 500 ms that it may"
        " (`max_camera_milliseconds`)",
    ]
    assert status(released, order["job"]) == "CANCELED"


def test_a_slow_camera_of_the_fleet_does_not_speak_against_what_canaries_proved(
    released: Aws, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = Settings(max_camera_milliseconds=500)
    monkeypatch.setenv("SETTINGS", budget.to_json())
    cameras.add("canary", "a")
    cameras.add("fleet", "b")
    order = deploy()
    cameras.prove("a", order["job"], latency_ms="500.0")
    assert check(order)["state"] == "proven"
    fleet_order = deploy("fleet")
    cameras.prove("b", fleet_order["job"], latency_ms="812.4")
    assert check(fleet_order, "fleet")["state"] == "proven"


def test_live_never_goes_back_to_an_older_candidate(released: Aws, cameras: Cameras) -> None:
    publish(released, 8)
    assert state_table().prove(8, 1) is True
    assert state_table().prove(7, 1) is False
    assert live() == 8


def test_a_candidate_is_offered_only_while_its_run_holds_the_lease(released: Aws) -> None:
    released.lease(9)
    with pytest.raises(StaleEpoch, match="is not rolled out"):
        publish_release.handler({"epoch": 8, "digest": "d1", "model": MODEL}, None)
    assert candidate() == (7, "tried")


def test_a_camera_that_left_the_wave_is_not_waited_for(released: Aws, cameras: Cameras) -> None:
    cameras.add("canary", "a", "b")
    order = deploy()
    cameras.prove("a", order["job"])
    released.iot.remove_thing_from_thing_group(
        thingGroupArn=released.groups["canary"], thingName="deeplens_b"
    )
    assert (check(order)["state"], check(order)["cameras"]) == ("proven", 1)


def test_a_newer_release_replaces_the_order_of_its_wave_and_leaves_the_other(
    released: Aws, cameras: Cameras
) -> None:
    cameras.add("canary", "a")
    cameras.add("fleet", "b")
    old = {"canary": deploy()}
    cameras.prove("a", old["canary"]["job"])
    check(old["canary"])
    old["fleet"] = deploy("fleet")
    publish(released, 8)
    deploy("canary", epoch=8)
    assert status(released, old["canary"]["job"]) == "CANCELED"
    assert status(released, old["fleet"]["job"]) == "IN_PROGRESS"
    assert check(old["fleet"], "fleet")["state"] == "waiting", "live goes on to the fleet"
    deploy("fleet", epoch=8)
    assert status(released, old["fleet"]["job"]) == "CANCELED"
    assert released.item("rollout")["jobs"] == {f"{PREFIX}-r8-canary", f"{PREFIX}-r8-fleet"}


def test_an_older_rollout_gives_way_wherever_it_is(released: Aws, cameras: Cameras) -> None:
    cameras.add("canary", "a")
    order = deploy()
    publish(released, 8)
    assert check(order)["state"] == "superseded"
    assert deploy("fleet")["stopped"] is True
    assert [job["jobId"] for job in released.iot.list_jobs()["jobs"]] == [order["job"]]


def test_an_order_that_was_overtaken_while_it_was_given_is_withdrawn(
    released: Aws, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.add("fleet", "b")
    give = deploy_release.order_wave

    def overtaken(*arguments: Any) -> None:
        publish(released, 8)
        give(*arguments)

    monkeypatch.setattr(deploy_release, "order_wave", overtaken)
    order = deploy("fleet")
    assert order["stopped"] is True
    assert status(released, order["job"]) == "CANCELED"


@pytest.mark.parametrize("known", [None, 6], ids=["nothing", "an older release"])
def test_a_release_that_is_neither_live_nor_the_candidate_is_not_ordered(
    known: int | None, aws: Aws
) -> None:
    if known:
        publish(aws, known)
    with pytest.raises(BadArtifact, match="neither live nor the candidate"):
        deploy()
    assert aws.iot.list_jobs()["jobs"] == []


def test_aws_iot_does_not_stop_by_itself(released: Aws, cameras: Cameras) -> None:
    """Its share is of the cameras that have ended: the first failures could stop a good release."""
    cameras.add("fleet", *(f"c{number}" for number in range(20)))
    order = deploy("fleet")
    cameras.answer("c0", order["job"], "FAILED", reason="disk full")
    assert status(released, order["job"]) == "IN_PROGRESS"
    assert "abortConfig" not in released.iot.describe_job(jobId=order["job"])["job"]
    for number in range(1, 19):
        cameras.prove(f"c{number}", order["job"])
    found = check(order, "fleet")
    assert (found["state"], found["proven"]) == ("proven", 18)
    assert found["reasons"][0] == "deeplens_c0: disk full"


def test_withdrawing_what_is_gone_is_harmless(released: Aws) -> None:
    state_table().note_rollout_job(f"{PREFIX}-r3-fleet")
    fleet.withdraw(f"{PREFIX}-r3-fleet", "SUPERSEDED")
    assert state_table().rollout_jobs() == []


def test_a_camera_is_asked_for_details_only_when_they_can_decide(
    released: Aws, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.add("fleet", *(f"c{number}" for number in range(4)))
    order = deploy("fleet")
    asked: list[str] = []
    read = check_rollout._Found.read

    def note(found: check_rollout._Found) -> Answer:
        asked.append(found.claim.thing)
        return read(found)

    monkeypatch.setattr(check_rollout._Found, "read", note)
    for number in range(4):
        assert asked == []
        cameras.prove(f"c{number}", order["job"])
        check(order, "fleet")
    assert len(asked) == 4


def test_jobs_have_the_names_that_the_grants_name() -> None:
    assert names.rollout_job(PREFIX, 7, "canary").startswith(f"{PREFIX}-r")


def test_a_refusal_of_aws_is_not_swallowed(released: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_GROUP_ARN", "arn:aws:iot:us-east-1:000000000000:thinggroup/other")
    with pytest.raises(ClientError):
        deploy()
