"""Is what a camera reports kept, the newest of it, and nothing else?"""

import json

import pytest

from lambdas.aws.state import state_table
from lensloop.wire.report import MOST_BYTES, Report
from tests.lambdas import fleet_aws
from tests.lambdas.conftest import Aws
from tests.lambdas.fleet_aws import BARE, Fleet

A = "deeplens_a"
SEVEN = BARE._replace(epoch=7, sha256="7" * 64, golden="12/12", fps=4.5, temperature=51.5)


@pytest.fixture
def fleet(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    found = fleet_aws.of(aws, monkeypatch)
    found.add(A, "canary")
    aws.table.put_item(Item={"id": "live", "epoch": 7, "model_sha256": "7" * 64})
    return found


def test_the_newest_report_is_kept_with_what_it_says(fleet: Fleet) -> None:
    assert fleet.says(A, 1_000_500, BARE)["recorded"] is True
    assert fleet.says(A, 5_000_500, SEVEN)["recorded"] is True
    assert fleet.says(A, 9_000_500, SEVEN._replace(fps=3.0))["recorded"] is True
    camera = state_table().camera(A)
    assert camera is not None
    assert (camera.thing, camera.wave, camera.seen_at, camera.since) == (A, "canary", 9000, 5000)
    assert camera.report == SEVEN._replace(fps=3.0)
    assert state_table().cameras() == [camera]


@pytest.mark.parametrize("at", [5_000_499, 5_000_500])
def test_what_comes_late_or_twice_changes_nothing(fleet: Fleet, at: int) -> None:
    fleet.says(A, 5_000_500, SEVEN)
    assert fleet.says(A, at, BARE)["recorded"] is False
    camera = state_table().camera(A)
    assert camera is not None
    assert camera.report == SEVEN


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\x00", "not JSON"),
        (b"[]", "must be an object"),
        (b"[" * 8000, "not JSON"),
        (json.dumps({"format": 2}).encode(), "this version reads 1"),
        (b'{"format": 1, "fps": 1e999}', "`fps` is inf"),
        (b" " * (MOST_BYTES + 1), "has more"),
    ],
)
def test_nonsense_is_passed_over_with_a_line_in_the_log(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], message: bytes, why: str
) -> None:
    assert fleet.says(A, 1_000, message) == {"thing": A, "recorded": False}
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "WARNING"
    assert line["message"].startswith(f"A report of {A} is passed over: ")
    assert why in line["message"]
    assert state_table().cameras() == []


def test_a_camera_that_a_person_removed_is_forgotten(fleet: Fleet) -> None:
    fleet.says(A, 1_000_500, SEVEN)
    state_table().forget_camera(A)
    state_table().forget_camera("deeplens_that_never_reported")
    assert state_table().cameras() == []


@pytest.mark.parametrize("thing", ["deeplens_of_another_project", "deeplens_nobody", "#?"])
def test_of_others_cameras_nothing_is_kept(fleet: Fleet, thing: str) -> None:
    fleet.aws.iot.create_thing(thingName="deeplens_of_another_project")
    assert fleet.says(thing, 1_000, SEVEN)["recorded"] is False
    assert state_table().cameras() == []


@pytest.mark.parametrize(
    ("said", "looks"),
    [(SEVEN, 0), (BARE, 1), (SEVEN._replace(epoch=6), 1), (SEVEN._replace(sha256="8" * 64), 1)],
)
def test_a_camera_that_deviates_is_looked_at_at_once(
    fleet: Fleet, said: Report, looks: int
) -> None:
    fleet.says(A, 1_000, said)
    assert fleet.called.events == [("reconcile", {"thing": A})] * looks
