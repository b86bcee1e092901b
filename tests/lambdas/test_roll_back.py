"""Do cameras get back by a signed order: the canaries of a failed release, and all when a person
wants it?
"""

import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from lambdas import check_rollout, deploy_release, publish_release, reconcile_fleet, roll_back
from lambdas.aws import registry, signing, stating
from lambdas.aws.state import state_table
from lambdas.aws.stating import NotStated
from lensloop.wire import order, signature, statement
from lensloop.wire.errors import BadArtifact
from lensloop.wire.order import Order
from local.cloud import LocalCloud
from tests.lambdas import fleet_aws
from tests.lambdas.conftest import MODEL, PREFIX, Aws, model_files
from tests.lambdas.fleet_aws import BARE, Fleet

CANARY, LAWN, NOW_MS = "deeplens_canary", "deeplens_lawn", 1_800_000_000_000
BY_ANN = {"by": "ann", "note": "blind at dusk"}


@pytest.fixture
def fleet(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Release 5 is live, and release 7 is tried by the canary."""
    found = fleet_aws.of(aws, monkeypatch)
    found.add(CANARY, "canary")
    found.add(LAWN)
    publish(aws, 5)
    assert state_table().prove(5, 1)
    publish(aws, 7)
    return found


def publish(aws: Aws, epoch: int) -> None:
    aws.lease(epoch)
    aws.put_model(model_files())
    publish_release.handler({"epoch": epoch, "digest": "d1", "model": MODEL}, None)


def ordered(fleet: Fleet, job: str) -> Order:
    return order.parse(json.loads(fleet.aws.iot.get_job_document(jobId=job)["document"]))


def stated(fleet: Fleet, cloud: LocalCloud, job: str) -> tuple[int, int]:
    """The epoch and the serial, as a camera that knows the key reads them."""
    found = ordered(fleet, job)
    assert found.signed is not None
    key = cloud.client("kms").get_public_key(KeyId=os.environ["RELEASE_KEY"])["PublicKey"]
    pem = load_der_public_key(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text, signed = found.signed
    assert signature.verify([pem.decode()], text.encode(), signed)
    said = statement.parse(found.signed.statement)
    assert (said.project, said.epoch, said.manifest_sha256) == (
        "trash",
        found.epoch,
        found.manifest_sha256,
    )
    return said.epoch, said.serial


def open_jobs(fleet: Fleet) -> set[str]:
    jobs = fleet.aws.iot.list_jobs()["jobs"]
    return {job["jobId"].removeprefix(f"{PREFIX}-") for job in jobs if job["status"] != "CANCELED"}


def fails_on_the_canary() -> None:
    deploy_release.handler({"epoch": 7, "wave": "canary"}, None)
    state_table().fail_candidate(7, 1)


def take_back(epoch: int = 7, wave: str = "canary") -> list[str]:
    reasons: list[str] = roll_back.handler({"epoch": epoch, "wave": wave}, None)["reasons"]
    return reasons


def live() -> int:
    found = state_table().live()
    return found.epoch if found else 0


def test_the_canaries_of_a_failed_release_are_ordered_back(fleet: Fleet, cloud: LocalCloud) -> None:
    fails_on_the_canary()
    for _ in range(2):  # again, as after a lost answer
        assert take_back() == ["The canary cameras are ordered back to release 5."]
    back = f"{PREFIX}-r5-back1-canary"
    assert stated(fleet, cloud, back) == (5, 1)
    job = fleet.aws.iot.describe_job(jobId=back)["job"]
    assert job["targets"] == [fleet.aws.groups["canary"]]
    assert job["targetSelection"] == "CONTINUOUS", "a canary that is offline goes back later"
    assert not [one for one in open_jobs(fleet) if one.endswith("-fleet")], "the fleet is untouched"
    assert live() == 5


def test_each_failed_release_has_a_statement_of_its_own(fleet: Fleet, cloud: LocalCloud) -> None:
    fails_on_the_canary()
    take_back()
    publish(fleet.aws, 8)
    deploy_release.handler({"epoch": 8, "wave": "canary"}, None)
    assert open_jobs(fleet) == {"r8-canary"}, "the newer release's order is the last word"
    state_table().fail_candidate(8, 1)
    take_back(8)
    assert stated(fleet, cloud, f"{PREFIX}-r5-back2-canary") == (5, 2)


@pytest.mark.parametrize(
    ("moves", "reasons"),
    [
        ("nothing live", ["No release is live, so cameras that took release 7 keep it."]),
        ("proved by canaries", []),
        ("superseded", []),
    ],
)
def test_nobody_goes_back_without_a_reason(fleet: Fleet, moves: str, reasons: list[str]) -> None:
    if moves == "nothing live":
        fleet.aws.table.delete_item(Key={"id": "live"})
    elif moves == "proved by canaries":
        assert state_table().prove(7, 1)
    else:
        publish(fleet.aws, 8)
    assert take_back() == reasons
    assert (open_jobs(fleet), state_table().rollback()) == (set(), None)


def rolled_back(**event: Any) -> dict[str, Any]:
    return roll_back.handler({**BY_ANN, **event}, None)


def test_a_person_takes_the_whole_fleet_back(fleet: Fleet, cloud: LocalCloud) -> None:
    rolls_out_to_the_fleet()
    publish(fleet.aws, 8)
    deploy_release.handler({"epoch": 8, "wave": "canary"}, None)
    answer = rolled_back(to=5)
    assert (answer["did"], answer["to"], answer["away"], answer["cameras"]) == (True, 5, 8, 2)
    assert answer["sentence"] == (
        "Releases 7 and 8 are taken back. All 2 cameras are ordered to release 5, which is live"
        " now."
    )
    assert open_jobs(fleet) == {"r5-back1-canary", "r5-back1-fleet"}
    assert stated(fleet, cloud, f"{PREFIX}-r5-back1-fleet") == (5, 1)
    found, tried = state_table().live_on_cameras(), state_table().candidate()
    assert found is not None
    assert (found.epoch, found.back_from) == (5, 8)
    assert tried is not None
    assert (tried.release.epoch, tried.state) == (8, "taken-back")
    assert fleet.aws.item("live")["labels"] == ["can", "glass"]
    [told] = [event for function, event in fleet.called.events if function == "tell"]
    assert told == {
        **{"workflow": "rollback", "epoch": 8, "to": 5, "away": 8, "cameras": 2, "serial": 1},
        **BY_ANN,
    }


def rolls_out_to_the_fleet() -> None:
    deploy_release.handler({"epoch": 7, "wave": "canary"}, None)
    assert state_table().prove(7, 1)
    deploy_release.handler({"epoch": 7, "wave": "fleet"}, None)


def test_a_rollout_that_is_under_way_gives_way_to_a_person(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolls_out_to_the_fleet()
    rolled_back()
    shown: list[int] = []
    monkeypatch.setattr(registry, "show_stage", lambda epoch, _: shown.append(epoch))
    event = {"epoch": 7, "wave": "fleet", "job": f"{PREFIX}-r7-fleet", "started_at": 1}
    found = check_rollout.handler(event, None)
    assert (found["state"], found["reasons"]) == ("superseded", ["release 7 was taken back"])
    assert not shown, "in the registry it stays as taken back"
    assert deploy_release.handler({"epoch": 7, "wave": "fleet"}, None)["stopped"] is True
    assert (live(), open_jobs(fleet)) == (5, {"r5-back1-canary", "r5-back1-fleet"})


def test_a_newer_release_goes_out_as_usual_and_the_one_taken_back_is_no_good_one(
    fleet: Fleet,
) -> None:
    rolls_out_to_the_fleet()
    rolled_back()
    publish(fleet.aws, 9)
    for wave in ("canary", "fleet"):
        deploy_release.handler({"epoch": 9, "wave": wave}, None)
    assert state_table().prove(9, 1)
    assert (live(), open_jobs(fleet)) == (9, {"r9-canary", "r9-fleet"})
    assert ordered(fleet, f"{PREFIX}-r9-fleet").signed is None
    assert rolled_back(dry_run=True)["to"] == 5


def test_back_and_forth_each_statement_is_above_the_one_before(
    fleet: Fleet, cloud: LocalCloud
) -> None:
    rolls_out_to_the_fleet()
    for serial, to in ((1, 5), (2, 7), (3, 5)):
        assert rolled_back(to=to)["did"] is True
        assert stated(fleet, cloud, f"{PREFIX}-r{to}-back{serial}-fleet") == (to, serial)
        assert (live(), len(open_jobs(fleet))) == (to, 2)


def test_a_camera_that_missed_the_order_gets_it_with_the_statement(
    fleet: Fleet, cloud: LocalCloud
) -> None:
    """And one that waits for an order of its own for the newer release never gets that."""
    rolls_out_to_the_fleet()
    fleet.aws.iot.cancel_job(jobId=f"{PREFIX}-r7-fleet")
    fleet.says(LAWN, NOW_MS, BARE)
    assert reconcile_fleet.handler({"thing": LAWN}, None)["ordered"] == [LAWN]
    rolled_back()
    assert open_jobs(fleet) == {"r5-back1-canary", "r5-back1-fleet"}
    fleet.aws.iot.cancel_job(jobId=f"{PREFIX}-r5-back1-fleet")
    fleet.says(LAWN, NOW_MS + 1, BARE._replace(epoch=7, sha256="ab" * 32))
    assert reconcile_fleet.handler({"thing": LAWN}, None)["ordered"] == [LAWN]
    assert stated(fleet, cloud, f"{PREFIX}-r5-again-2") == (5, 1)


def test_who_runs_a_failed_release_is_led_back_although_the_rollout_broke(fleet: Fleet) -> None:
    fleet.says(CANARY, NOW_MS, BARE._replace(epoch=7, sha256="ab" * 32))
    looked = [reconcile_fleet.handler({"thing": CANARY}, None)["ordered"]]
    assert ("roll-back", {"epoch": 7, "wave": "canary"}) not in fleet.called.events, "it is tried"
    fails_on_the_canary()
    looked.append(reconcile_fleet.handler({"thing": CANARY}, None)["ordered"])
    assert fleet.called.events[-1] == ("roll-back", {"epoch": 7, "wave": "canary"})
    assert looked == [[], []]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            {"to": 6},
            "No camera is known to have proved release 6, so none is taken to it. Good ones are:"
            " 5.",
        ),
        ({"dry_run": True}, "Take release 7 back, and order all 2 cameras to release 5?"),
    ],
)
def test_what_is_only_asked_or_refused_changes_nothing(
    fleet: Fleet, event: dict[str, Any], sentence: str
) -> None:
    answer = rolled_back(**event)
    assert (answer["did"], answer["sentence"]) == (False, sentence)
    assert (open_jobs(fleet), state_table().rollback(), fleet.called.events) == (set(), None, [])


def test_a_release_whose_files_are_gone_is_not_gone_back_to(fleet: Fleet) -> None:
    assert state_table().prove(7, 1)
    fleet.aws.s3.delete_object(Bucket="deeplens-trash-000000000000-us-east-1", Key=MANIFEST)
    with pytest.raises(BadArtifact, match="release 5 cannot be ordered"):
        rolled_back()
    assert (live(), state_table().rollback()) == (7, None)


MANIFEST = "releases/5/manifest.json"


def test_of_two_at_once_each_has_a_serial_of_its_own(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_on_the_canary()
    sign, times = signing.sign, []

    def overtaken(content: bytes) -> bytes:
        times.append(content)
        if len(times) == 1:
            rolled_back(to=5)
        return sign(content)

    monkeypatch.setattr(signing, "sign", overtaken)
    take_back()
    found = state_table().rollback()
    assert found is not None
    assert (found.serial, open_jobs(fleet)) == (1, {"r5-back1-canary", "r5-back1-fleet"})


def test_of_a_decision_and_a_proof_at_once_only_one_moves_live(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Release 8 is published and proved while a person's rollback from 7 to 5 is being signed."""
    rolls_out_to_the_fleet()
    sign = signing.sign

    def overtaken(content: bytes) -> bytes:
        monkeypatch.setattr(signing, "sign", sign)
        publish(fleet.aws, 8)
        assert state_table().prove(8, 1)
        return sign(content)

    monkeypatch.setattr(signing, "sign", overtaken)
    with pytest.raises(NotStated, match="Releases moved"):
        rolled_back()
    assert (live(), state_table().rollback()) == (8, None)


def test_canaries_that_try_a_release_from_after_the_decision_go_on(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolls_out_to_the_fleet()
    move = roll_back._move

    def then_published(*arguments: Any) -> int:
        serial = move(*arguments)
        publish(fleet.aws, 8)
        deploy_release.handler({"epoch": 8, "wave": "canary"}, None)
        return serial

    monkeypatch.setattr(roll_back, "_move", then_published)
    assert rolled_back()["did"] is True
    assert (live(), open_jobs(fleet)) == (5, {"r8-canary", "r5-back1-fleet"})


def test_canaries_go_where_a_person_took_the_others_meanwhile(
    fleet: Fleet, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_table().prove(7, 1)
    publish(fleet.aws, 8)
    deploy_release.handler({"epoch": 8, "wave": "canary"}, None)
    state_table().fail_candidate(8, 1)
    following = stating.following

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(stating, "following", following)
        rolled_back(to=5)
        return following(*arguments)

    monkeypatch.setattr(stating, "following", overtaken)
    assert take_back(8) == ["The canary cameras are ordered back to release 5."]
    assert stated(fleet, cloud, f"{PREFIX}-r5-back3-canary") == (5, 3)
    found = state_table().live_on_cameras()
    assert found is not None
    assert (found.epoch, found.back_from) == (5, 8)
    assert [job for job in open_jobs(fleet) if job.startswith("r7-")] == []
