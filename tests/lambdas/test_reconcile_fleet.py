"""Is the live release ordered again for each camera that needs it, once, and are people told of one
that gave it back?
"""

import json
import time
from typing import Any

import pytest

from lambdas import publish_release, reconcile_fleet
from lambdas.aws import fleet as aws_fleet
from lambdas.aws.state import state_table
from lensloop import news
from lensloop.wire.report import GivenBack
from local.cloud import LocalCloud
from tests.lambdas import fleet_aws
from tests.lambdas.conftest import MODEL, PREFIX, Aws, model_files
from tests.lambdas.fleet_aws import BARE, Fleet

A, B, AGAIN = "deeplens_a", "deeplens_b", f"{PREFIX}-r7-again-1"
NOW = int(time.time())


@pytest.fixture
def fleet(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    aws.put_model(model_files())
    makes_live(aws, 7)
    found = fleet_aws.of(aws, monkeypatch)
    found.add(A)
    return found


def makes_live(aws: Aws, epoch: int) -> None:
    aws.lease(epoch)
    publish_release.handler({"epoch": epoch, "digest": "d1", "model": MODEL}, None)
    assert state_table().prove(epoch, int(time.time()))


def look(**event: str) -> dict[str, Any]:
    return reconcile_fleet.handler(event, None)


def later(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    at = NOW + int(hours * 3600)
    monkeypatch.setattr(reconcile_fleet, "_now", lambda: at)


def right() -> Any:
    live = state_table().live_on_cameras()
    assert live is not None
    return BARE._replace(epoch=live.epoch, sha256=live.sha256)


def jobs(fleet: Fleet) -> list[str]:
    return sorted(job["jobId"] for job in fleet.aws.iot.list_jobs()["jobs"])


def test_a_camera_without_the_release_gets_an_order_of_its_own(fleet: Fleet) -> None:
    fleet.says(A, NOW * 1000, BARE)
    assert look(thing=A) == {"ordered": [A], "told": []}
    job = fleet.aws.iot.describe_job(jobId=AGAIN)["job"]
    assert [arn.rpartition("/")[2] for arn in job["targets"]] == [A]
    assert job["targetSelection"] == "SNAPSHOT"
    document = json.loads(fleet.aws.iot.get_job_document(jobId=AGAIN)["document"])
    assert (document["operation"], document["epoch"]) == ("release", 7)
    assert "${aws:iot:s3-presigned-url:https://" in document["model"]["url"]


def test_all_cameras_are_looked_at_and_those_of_nobody_are_not(fleet: Fleet) -> None:
    fleet.add(B, "canary")
    fleet.says(A, NOW * 1000, BARE)
    fleet.says(B, NOW * 1000, right())
    fleet.says("deeplens_gone", NOW * 1000, BARE)
    fleet.add("deeplens_gone")
    fleet.says("deeplens_gone", NOW * 1000, BARE)
    fleet.aws.iot.delete_thing(thingName="deeplens_gone")
    assert look() == {"ordered": [A], "told": []}


def test_an_order_that_is_open_is_not_given_twice(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.says(A, NOW * 1000, BARE)
    look(thing=A)
    later(monkeypatch, 5)
    assert look(thing=A) == {"ordered": [], "told": []}
    assert jobs(fleet) == [AGAIN]


def test_one_that_failed_is_given_again_after_growing_pauses(
    fleet: Fleet, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, given = cloud.client("iot-jobs-data"), []
    fleet.says(A, NOW * 1000, BARE)
    for quarter in range(4 * 8):
        later(monkeypatch, quarter / 4)
        if look()["ordered"]:
            given.append(quarter / 4)
            job = f"{PREFIX}-r7-again-{len(given)}"
            data.update_job_execution(jobId=job, thingName=A, status="FAILED")
    assert given == [0, 1, 3, 7]


def test_a_freeze_is_ordered_against_counted_and_at_last_told(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody cancels every order for release 8 before the camera sees it, for six hours; then
    nothing of the camera arrives any more either.
    """
    older = right()
    fleet.says(A, NOW * 1000, older)
    makes_live(fleet.aws, 8)
    seen: dict[float, tuple[int, int]] = {}
    for hour in range(9):
        later(monkeypatch, hour)
        if hour < 6:
            fleet.says(A, (NOW + hour * 3600) * 1000, older)
        look()
        for job in jobs(fleet):
            aws_fleet.cancel(job, "FROZEN")
        [line] = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
        metrics = json.loads(line)
        seen[hour] = (metrics[reconcile_fleet.WRONG], metrics[reconcile_fleet.SILENT])
    assert seen[0] == (0, 0)
    assert {seen[hour] for hour in range(2, 6)} == {(1, 0)}, "the alarm for the wrong release"
    assert {seen[hour] for hour in (7, 8)} == {(0, 1)}, "the alarm for silence"
    assert jobs(fleet) == [f"{PREFIX}-r8-again-{number}" for number in (1, 2, 3, 4)]
    [told] = [event for function, event in fleet.called.events if function == "tell"]
    assert f"{A}" in told["text"]


def test_an_order_of_its_own_for_an_older_release_makes_way(fleet: Fleet) -> None:
    fleet.says(A, NOW * 1000, BARE)
    look(thing=A)
    makes_live(fleet.aws, 8)
    assert look(thing=A) == {"ordered": [A], "told": []}
    states = {job: fleet.aws.iot.describe_job(jobId=job)["job"]["status"] for job in jobs(fleet)}
    assert states[AGAIN] == "CANCELED"
    assert states[f"{PREFIX}-r8-again-2"] == "IN_PROGRESS"


def test_while_a_rollout_runs_nothing_is_ordered(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.says(A, NOW * 1000, BARE)
    fleet.rollouts.running = True
    assert look() == {"ordered": [], "told": []}
    assert jobs(fleet) == []
    metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert reconcile_fleet.WRONG not in metrics


def test_two_looks_at_once_order_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.says(A, NOW * 1000, BARE)
    table = state_table()
    before = table.camera(A)
    look(thing=A)
    monkeypatch.setattr(aws_fleet, "open_orders", lambda *_: [])
    monkeypatch.setattr(type(table), "camera", lambda *_: before)  # as the slower one had read it
    assert look(thing=A) == {"ordered": [], "told": []}


def test_people_are_told_once_of_a_camera_that_gave_the_release_back(fleet: Fleet) -> None:
    said = BARE._replace(given_back=GivenBack(7, "10 frames in a row failed"))
    fleet.says(A, NOW * 1000, said)
    fleet.called.events.clear()
    assert look() == {"ordered": [], "told": [A]}
    assert look() == {"ordered": [], "told": []}
    ((function, event),) = fleet.called.events
    assert (function, event["workflow"], event["epoch"]) == ("tell", "fleet", 7)
    assert event["text"].startswith(f"{A} gave release 7 back\n\n")
    assert "10 frames in a row failed" in event["text"]
    assert jobs(fleet) == []


def test_people_are_told_once_of_each_camera_that_falls_silent(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[str]:
        fleet.called.events.clear()
        look()
        return [event["text"].partition("\n")[0] for _, event in fleet.called.events]

    fleet.add(B)
    fleet.says(A, NOW * 1000, right())
    fleet.says(B, (NOW + 3600) * 1000, right())
    later(monkeypatch, 1)
    assert told() == []
    later(monkeypatch, 1.25)
    assert told() == [f"{A} is silent"]
    assert told() == []
    later(monkeypatch, 2.25)  # the alarm still stands, for A
    assert told() == [f"{B} is silent"]
    fleet.says(A, int((NOW + 2.5 * 3600) * 1000), right())
    fleet.says(B, int((NOW + 2.5 * 3600) * 1000), right())
    assert told() == []
    later(monkeypatch, 4)
    assert told() == ["2 cameras are silent"]


def test_the_counts_are_a_line_that_becomes_metrics(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add(B)
    fleet.add("deeplens_new", "canary")
    fleet.says(A, NOW * 1000, right())
    fleet.says(B, (NOW + 3 * 3600) * 1000, right()._replace(sha256="e" * 64))
    later(monkeypatch, 4.05)
    look()
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert line["Fleet"] == PREFIX
    assert (line["Cameras"], line["SilentCameras"], line["CamerasOnTheWrongRelease"]) == (3, 1, 1)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["Fleet"]]
    assert {metric["Name"] for metric in directive["Metrics"]} == set(line) - {"_aws", "Fleet"}


def test_without_a_live_release_there_is_nothing_to_order(fleet: Fleet) -> None:
    fleet.says(A, NOW * 1000, BARE)
    fleet.aws.table.delete_item(Key={"id": "live"})
    assert look() == {"ordered": [], "told": []}


def test_a_message_of_many_silent_cameras_names_some_and_counts_the_rest() -> None:
    text = news.as_text(news.fell_silent([(f"deeplens_{n}", NOW) for n in range(23)]))
    assert text.startswith("23 cameras are silent\n\n")
    assert text.count("- deeplens_") == 20
    assert "- and 3 more" in text
