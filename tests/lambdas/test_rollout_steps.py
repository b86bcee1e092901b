"""The two steps of the rollout against AWS IoT: orders, answers of cameras, withdrawals."""

import json
from hashlib import sha256
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas import check_rollout, deploy_release, publish_release
from lambdas.aws import fleet
from lambdas.aws.state import state_table
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import BadArtifact
from local.cloud import LocalCloud
from tests.lambdas.conftest import BUCKET, MODEL, PREFIX, Aws, model_files
from tests.workflows import scenes

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

    def prove(self, name: str, job: str, epoch: int = 7) -> None:
        live = fleet.live_release()
        self.answer(name, job, "SUCCEEDED", epoch=str(epoch), sha256=live.sha256, **PROOF)


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
    assert (order["job"], order["cameras"], order["superseded"]) == (
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


def test_the_steps_answer_in_the_words_that_the_workflow_reads(
    released: Aws, cameras: Cameras
) -> None:
    """The workflow's tests run on a table of answers; here is what keeps that table true."""
    cameras.add("canary", "a")
    order = deploy()
    assert set(order) == set(scenes.WAITING)
    assert set(check(order)) == set(scenes.WAITING) - {"superseded"}


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


def test_an_offline_fleet_camera_keeps_its_order_and_an_offline_canary_does_not(
    released: Aws, cameras: Cameras
) -> None:
    cameras.add("canary", "a")
    cameras.add("fleet", "b")
    day = Settings().fleet_timeout_minutes * 60
    for wave, after in (("canary", "CANCELED"), ("fleet", "IN_PROGRESS")):
        order = deploy(wave)
        found = check(order, wave, waited=day)
        assert found["state"] == "failed"
        assert "no answer (offline?) from deeplens_" in " ".join(found["reasons"])
        assert status(released, order["job"]) == after


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
    old = {wave: deploy(wave) for wave in ("canary", "fleet")}
    publish(released, 8)
    deploy("canary", epoch=8)
    assert status(released, old["canary"]["job"]) == "CANCELED"
    assert status(released, old["fleet"]["job"]) == "IN_PROGRESS"
    deploy("fleet", epoch=8)
    assert status(released, old["fleet"]["job"]) == "CANCELED"
    assert released.item("rollout")["jobs"] == {f"{PREFIX}-r8-canary", f"{PREFIX}-r8-fleet"}


def test_an_older_rollout_gives_way_wherever_it_is(released: Aws, cameras: Cameras) -> None:
    cameras.add("canary", "a")
    order = deploy()
    publish(released, 8)
    assert check(order)["state"] == "superseded"
    assert deploy("fleet")["superseded"] is True
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
    assert order["superseded"] is True
    assert status(released, order["job"]) == "CANCELED"


@pytest.mark.parametrize("live", [None, 6], ids=["nothing is live", "an older release is live"])
def test_a_release_that_is_not_live_is_not_ordered(live: int | None, aws: Aws) -> None:
    if live:
        publish(aws, live)
    with pytest.raises(BadArtifact, match="live"):
        deploy()
    assert aws.iot.list_jobs()["jobs"] == []


def test_aws_iot_stops_by_itself_once_too_many_have_failed(released: Aws, cameras: Cameras) -> None:
    cameras.add("fleet", "a", "b", "c")
    order = deploy("fleet")
    cameras.answer("a", order["job"], "FAILED", reason="disk full")
    assert status(released, order["job"]) == "CANCELED"
    found = check(order, "fleet")
    assert (found["state"], "deeplens_a: disk full" in found["reasons"]) == ("failed", True)


@pytest.mark.parametrize(
    ("cameras_", "share", "failures"), [(0, 0.9, 1), (1, 0.9, 1), (10, 0.9, 2), (10, 0.0, 10)]
)
def test_the_limit_of_aws_iot_is_what_the_wave_may_lose(
    cameras_: int, share: float, failures: int
) -> None:
    for criterion in deploy_release.abort_criteria(cameras_, share):
        assert criterion["minNumberOfExecutedThings"] == failures
        assert 0 < criterion["thresholdPercentage"] <= 100


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
    details = check_rollout._details

    def note(job: str, thing: str, statuses: dict[str, str]) -> dict[str, str]:
        asked.append(thing)
        return details(job, thing, statuses)

    monkeypatch.setattr(check_rollout, "_details", note)
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
