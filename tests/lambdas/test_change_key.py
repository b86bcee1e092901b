"""Do cameras come to believe another key by what they are ordered, whatever they missed?"""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from lambdas import change_key, deploy_release, reconcile_fleet, roll_back, steer_rollout
from lambdas.aws import handover, signing
from lambdas.aws.state import Paused, state_table
from lambdas.change_key import NotChanged
from lensloop.wire import key_chain, order, signature
from lensloop.wire.key_chain import Believed
from lensloop.wire.order import Order
from lensloop.wire.succession import fingerprint
from tests.lambdas import fleet_aws
from tests.lambdas.conftest import PREFIX, Aws
from tests.lambdas.fleet_aws import BARE, Fleet
from tests.lambdas.test_roll_back import (
    CANARY,
    LAWN,
    NOW_MS,
    fails_on_the_canary,
    open_jobs,
    publish,
)

BY_ANN = {"by": "arn:aws:iam::1:user/ann", "note": "as each year"}


@pytest.fixture
def fleet(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Release 5 is live; of three keys the second is deployed."""
    arns = os.environ["RELEASE_KEYS"].split(",")
    monkeypatch.setenv("RELEASE_KEYS", ",".join(arns[:2]))
    monkeypatch.setenv("THIRD_KEY", arns[2])
    found = fleet_aws.of(aws, monkeypatch)
    found.add(CANARY, "canary")
    found.add(LAWN)
    publish(aws, 5)
    assert state_table().prove(5, 1)
    return found


def key(number: int) -> str:
    """Its public half, in PEM."""
    arns = [*os.environ["RELEASE_KEYS"].split(",")[:2], os.environ["THIRD_KEY"]]
    return signing.public_half(arns[number - 1])


def change(what: str, **event: Any) -> dict[str, Any]:
    return change_key.handler({"change": what, **BY_ANN, **event}, None)


def ordered(fleet: Fleet, job: str) -> Order:
    found = fleet.aws.iot.get_job_document(jobId=f"{PREFIX}-{job}")["document"]
    return order.parse(json.loads(found))


def follows(found: Order, believed: Believed) -> Believed:
    """As a camera does that takes the order's release afterwards."""
    after = key_chain.after(found.keys, "trash", believed)
    body = state_table().manifest_of(found.epoch)
    assert body == found.manifest_sha256
    return after


def takes(fleet: Fleet, found: Order, believed: Believed) -> bool:
    manifest = fleet.aws.s3.get_object(
        Bucket=os.environ["BUCKET"], Key=f"releases/{found.epoch}/manifest.json"
    )["Body"].read()
    return signature.verify(follows(found, believed).keys, manifest, found.signature)


def registered() -> Believed:
    return Believed(0, (key(1),))


def report_all(fleet: Fleet, number: int, signs: int, at: int = NOW_MS) -> None:
    printed = (fingerprint(key(signs)),)
    live = state_table().live()
    assert live is not None
    runs = BARE._replace(epoch=live.epoch, sha256=live.model_sha256)
    for thing in (CANARY, LAWN):
        fleet.says(thing, at, runs._replace(key_number=number, keys=printed))


def test_all_cameras_are_ordered_to_believe_the_newest_key(fleet: Fleet) -> None:
    deploy_release.handler({"epoch": 5, "wave": "fleet"}, None)
    asked = change("rotate", dry_run=True)
    assert (asked["did"], asked["believed"], asked["cameras"]) == (False, [2, 1], 2)
    assert (open_jobs(fleet), state_table().keys().number) == ({"r5-fleet"}, 0)
    done = change("rotate")
    assert (done["did"], done["number"], done["believed"]) == (True, 1, [2, 1])
    assert open_jobs(fleet) == {"r5-key1-canary", "r5-key1-fleet"}, "an order from before ends"
    for wave in ("canary", "fleet"):
        found = ordered(fleet, f"r5-key1-{wave}")
        assert follows(found, registered()) == Believed(1, (key(2), key(1)))
        assert takes(fleet, found, registered())
        assert takes(fleet, found, Believed(1, (key(2),))), "who is registered now as well"
    [(function, told)] = fleet.called.events
    assert (function, told["workflow"], told["epoch"]) == ("tell", "fleet", 5)
    assert "changed by user/ann. Key 2 signs from now on." in told["text"]
    assert "as each year" in told["text"]


def test_the_next_release_is_signed_by_the_newest_key_alone(fleet: Fleet) -> None:
    change("rotate")
    publish(fleet.aws, 7)
    deploy_release.handler({"epoch": 7, "wave": "canary"}, None)
    found = ordered(fleet, "r7-canary")
    assert takes(fleet, found, registered()), "who missed the change follows it by this order"
    manifest = fleet.aws.s3.get_object(Bucket=os.environ["BUCKET"], Key="releases/7/manifest.json")[
        "Body"
    ].read()
    assert not signature.verify([key(1)], manifest, found.signature)


def test_the_key_before_is_retired_when_all_have_reported(fleet: Fleet) -> None:
    change("rotate")
    refused = change("retire")
    assert (refused["did"], "2 of 2 cameras" in refused["sentence"]) == (False, True)
    report_all(fleet, 1, signs=2)
    done = change("retire")
    assert (done["did"], done["believed"]) == (True, [2])
    found = ordered(fleet, "r5-key2-fleet")
    assert open_jobs(fleet) == {"r5-key2-canary", "r5-key2-fleet"}
    alone = Believed(2, (key(2),))
    away_for_both, away_for_one = registered(), Believed(1, (key(2), key(1)))
    for believed in (away_for_both, away_for_one, alone):
        assert follows(found, believed) == alone
        assert takes(fleet, found, believed)


def test_a_camera_that_believes_a_strangers_key_keeps_the_one_before(fleet: Fleet) -> None:
    change("rotate")
    report_all(fleet, 1, signs=3)
    assert change("retire")["did"] is False
    assert change("retire", anyway=True)["did"] is True


def test_after_several_changes_one_order_brings_them_all(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    change("rotate")
    change("retire", anyway=True)
    assert change("rotate")["sentence"].startswith("Key 2 signs and is the newest")
    monkeypatch.setenv("RELEASE_KEYS", f"{os.environ['RELEASE_KEYS']},{os.environ['THIRD_KEY']}")
    change("rotate")
    found = ordered(fleet, "r5-key3-fleet")
    assert follows(found, registered()) == Believed(3, (key(3), key(2)))
    assert takes(fleet, found, registered())


def test_in_need_the_key_before_counts_no_more_at_once(fleet: Fleet) -> None:
    publish(fleet.aws, 7)
    fails_on_the_canary()
    roll_back.handler({"epoch": 7, "wave": "canary"}, None)
    change("rotate", compromised=True)
    found = ordered(fleet, "r5-key1-fleet")
    assert follows(found, registered()) == Believed(1, (key(2),))
    assert takes(fleet, found, registered())
    assert found.signed is not None, "the statement that leads back, by the newest key"
    assert signature.verify([key(2)], found.signed.statement.encode(), found.signed.signature)
    assert open_jobs(fleet) == {"r5-key1-canary", "r5-key1-fleet"}


def unrolled(fleet: Fleet) -> None:
    publish(fleet.aws, 7)


def taken_back(fleet: Fleet) -> None:
    publish(fleet.aws, 7)
    assert state_table().prove(7, 1)
    roll_back.handler({"to": 5}, None)


@pytest.mark.parametrize(
    ("before", "act", "job"),
    [
        (
            unrolled,
            lambda: deploy_release.handler({"epoch": 7, "wave": "canary"}, None),
            "r7-canary",
        ),
        (taken_back, lambda: roll_back.handler({"to": 7}, None), "r7-back2-fleet"),
    ],
    ids=["tried", "gone back to"],
)
def test_a_release_from_before_is_ordered_with_a_signature_of_the_newest_key(
    fleet: Fleet, before: Callable[[Fleet], None], act: Callable[[], Any], job: str
) -> None:
    before(fleet)
    change("rotate", compromised=True)
    act()
    assert takes(fleet, ordered(fleet, job), Believed(1, (key(2),)))


def test_a_failed_release_that_is_tried_again_is_signed_anew(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(fleet.aws, 7)
    fails_on_the_canary()
    change("rotate", compromised=True)
    assert state_table().renewed(7) is None, "nobody orders it"
    monkeypatch.setattr(handover, "start", lambda *_: None)
    assert steer_rollout.handler({"decision": "retry", "by": "ann"}, None)["did"]
    deploy_release.handler({"epoch": 7, "wave": "canary", "execution": "r00000007-2"}, None)
    found = ordered(fleet, "r7-2-canary")
    assert takes(fleet, found, Believed(1, (key(2),)))


def test_a_release_that_nobody_answered_stays_ordered_while_its_key_counts(fleet: Fleet) -> None:
    publish(fleet.aws, 7)
    deploy_release.handler({"epoch": 7, "wave": "canary"}, None)
    change("rotate")
    assert open_jobs(fleet) == {"r7-canary", "r5-key1-canary", "r5-key1-fleet"}
    change("retire", anyway=True)
    assert open_jobs(fleet) == {"r5-key2-canary", "r5-key2-fleet"}


@pytest.mark.parametrize("why", ["paused", "stopped"])
def test_a_fleet_whose_rollout_is_held_does_not_get_the_release_by_another_key(
    fleet: Fleet, why: str
) -> None:
    if why == "paused":
        state_table().pause(Paused(5, "ann", ""), 1)
    else:
        state_table().stop_live(5, 1)
    done = change("rotate")
    assert "Canaries are ordered to believe it" in done["sentence"]
    assert open_jobs(fleet) == {"r5-key1-canary"}


def test_a_pause_of_another_rollout_holds_no_key_back(fleet: Fleet) -> None:
    state_table().pause(Paused(7, "ann", ""), 1)
    change("rotate")
    assert open_jobs(fleet) == {"r5-key1-canary", "r5-key1-fleet"}


def test_who_lost_the_order_is_given_it_again(fleet: Fleet) -> None:
    change("rotate")
    for job in open_jobs(fleet):
        fleet.aws.iot.cancel_job(jobId=f"{PREFIX}-{job}")
    report_all(fleet, 0, signs=1)
    called = [event for function, event in fleet.called.events if function == "reconcile"]
    assert called == [{"thing": CANARY}, {"thing": LAWN}]
    assert reconcile_fleet.handler({"thing": LAWN}, None)["ordered"] == [LAWN]
    assert follows(ordered(fleet, "r5-again-1"), registered()).number == 1
    report_all(fleet, 1, signs=2, at=NOW_MS + 1)
    assert reconcile_fleet.handler({"thing": CANARY}, None)["ordered"] == []
    assert [event for function, event in fleet.called.events if function == "reconcile"] == called


def test_nothing_is_done_while_a_rollout_runs_or_where_nobody_could_follow(fleet: Fleet) -> None:
    fleet.rollouts.running = True
    assert "A rollout is running" in change("rotate")["sentence"]
    fleet.rollouts.running = False
    fleet.says(LAWN, NOW_MS, BARE)
    assert f"{LAWN}: the agent there cannot follow" in change("rotate")["sentence"]
    assert "Nobody knows how to 'lose' a key." in change("lose")["sentence"]
    assert (open_jobs(fleet), state_table().keys().number) == (set(), 0)


def test_before_any_release_there_is_nothing_to_order(fleet: Fleet) -> None:
    fleet.aws.table.delete_item(Key={"id": "live"})
    done = change("rotate")
    assert (done["did"], open_jobs(fleet), fleet.called.events) == (True, set(), [])
    assert "with their first order" in done["sentence"]
    publish(fleet.aws, 7)
    deploy_release.handler({"epoch": 7, "wave": "canary"}, None)
    assert takes(fleet, ordered(fleet, "r7-canary"), registered())


def test_a_key_that_is_not_deployed_any_more_signs_nothing(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    change("rotate")
    monkeypatch.setenv("RELEASE_KEYS", os.environ["RELEASE_KEYS"].split(",")[0])
    for what in ("rotate", "retire"):
        assert "set `release_key` in cdk.json back" in change(what)["sentence"]


def test_of_two_at_once_one_changes_the_keys(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    public_half = signing.public_half

    def overtaken(arn: str) -> str:
        monkeypatch.setattr(signing, "public_half", public_half)
        change("rotate", compromised=True)
        return public_half(arn)

    monkeypatch.setattr(signing, "public_half", overtaken)
    with pytest.raises(NotChanged):
        change("rotate")
    assert (state_table().keys().number, state_table().keys().names) == (1, (2,))


def test_what_fails_half_way_leaves_keys_and_orders_as_they_were(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(signing, "renewal", gone)
    with pytest.raises(RuntimeError):
        change("rotate")
    assert (open_jobs(fleet), state_table().keys().number) == (set(), 0)
