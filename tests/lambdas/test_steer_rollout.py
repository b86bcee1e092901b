"""Does a rollout stop, go on and begin again as a person wants it, on the orders of cameras?"""

import time
from typing import Any

import pytest

from lambdas import check_rollout, deploy_release, reconcile_fleet, roll_back, steer_rollout
from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop.settings import Settings
from local.cloud import LocalCloud
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
    stated,
)


class StepFunctions:
    """Whether a rollout runs, and the executions that were started."""

    def __init__(self) -> None:
        self.running, self.started = False, list[str]()

    def list_executions(self, **asked: Any) -> dict[str, Any]:
        return {"executions": [{}] if self.running else []}

    def start_execution(self, *, name: str, **asked: Any) -> None:
        self.started.append(name)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> StepFunctions:
    return StepFunctions()


@pytest.fixture
def fleet(aws: Aws, monkeypatch: pytest.MonkeyPatch, steps: StepFunctions) -> Fleet:
    """Release 5 is live, and release 7 is tried by the canary."""
    found = fleet_aws.of(aws, monkeypatch)
    monkeypatch.setattr(clients, "stepfunctions", lambda: steps)
    found.add(CANARY, "canary")
    found.add(LAWN)
    publish(aws, 5)
    assert state_table().prove(5, 1)
    publish(aws, 7)
    return found


def say(decision: str) -> bool:
    answer = steer_rollout.handler({"decision": decision, "by": "ann", "note": ""}, None)
    assert answer["sentence"]
    return bool(answer["did"])


def deploy(wave: str, execution: str = "r00000007") -> dict[str, Any]:
    event = {"epoch": 7, "wave": wave, "execution": execution}
    return deploy_release.handler(event, None)


def check(
    order: dict[str, Any], wave: str, waited: int = 0, execution: str = "r00000007"
) -> dict[str, Any]:
    event = {"epoch": 7, "wave": wave, "job": order["job"], "execution": execution}
    return check_rollout.handler(event | {"started_at": order["started_at"] - waited}, None)


def tried() -> tuple[str, int]:
    found = state_table().candidate()
    assert found is not None
    return found.state, found.again


def test_a_failed_release_is_tried_again_by_a_statement_above_the_one_that_led_back(
    fleet: Fleet, steps: StepFunctions, cloud: LocalCloud
) -> None:
    fails_on_the_canary()
    roll_back.handler({"epoch": 7, "wave": "canary"}, None)
    assert say("retry")
    assert (steps.started, tried()) == (["r00000007-2"], ("tried", 2))
    order = deploy("canary", "r00000007-2")
    assert order["job"] == f"{PREFIX}-r7-2-canary"
    assert open_jobs(fleet) == {"r7-2-canary"}, "the order back is over"
    assert stated(fleet, cloud, order["job"]) == (7, 2)
    state_table().fail_candidate(7, 1)
    roll_back.handler({"epoch": 7, "wave": "canary"}, None)
    assert stated(fleet, cloud, f"{PREFIX}-r5-back3-canary") == (5, 3)
    assert say("retry")
    assert steps.started[-1] == "r00000007-3"


def test_where_nobody_was_led_back_no_statement_is_made(fleet: Fleet) -> None:
    assert say("unfinished")
    assert state_table().rollback() is None


def test_while_it_is_paused_nothing_is_ordered_and_what_was_not_begun_is_withdrawn(
    fleet: Fleet, steps: StepFunctions
) -> None:
    order = deploy("canary")
    steps.running = True
    assert say("pause")
    assert check(order, "canary")["state"] == "paused"
    assert deploy("fleet")["state"] == "paused"
    assert open_jobs(fleet) == set()
    steps.running = False
    fleet.says(LAWN, NOW_MS, BARE)
    assert reconcile_fleet.handler({"thing": LAWN}, None)["ordered"] == []
    assert tried() == ("tried", 1)

    assert say("resume")
    assert (steps.started, state_table().paused()) == (["r00000007-2"], None)
    assert deploy("canary", "r00000007-2")["state"] == "waiting"
    assert open_jobs(fleet) == {"r7-2-canary"}


def test_a_pause_that_comes_while_an_order_is_given_withdraws_it(
    fleet: Fleet, steps: StepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    give = deploy_release.order_wave

    def paused(*arguments: Any) -> None:
        say("pause")
        give(*arguments)

    monkeypatch.setattr(deploy_release, "order_wave", paused)
    assert deploy("canary")["state"] == "paused"
    assert open_jobs(fleet) == set()


def test_canaries_that_are_offline_are_not_waited_for_when_a_person_says_so(
    fleet: Fleet, steps: StepFunctions
) -> None:
    canary = deploy("canary")
    assert check(canary, "canary")["state"] == "waiting"
    steps.running = True
    assert say("go-on")
    assert check(canary, "canary")["state"] == "skipped"
    assert (tried()[0], open_jobs(fleet)) == ("tried", {"r7-canary"}), "its order stays"
    fleet_order = deploy("fleet")
    fleet_order["started_at"] += 1  # a second after the word, which was about the canaries
    assert check(fleet_order, "fleet")["state"] == "waiting"


def test_those_who_have_answered_decide(
    fleet: Fleet, steps: StepFunctions, cloud: LocalCloud
) -> None:
    fleet.add("deeplens_other", "canary")
    order, candidate = deploy("canary"), state_table().candidate()
    assert candidate is not None
    proof = {"epoch": "7", "sha256": candidate.release.model_sha256}
    cloud.client("iot-jobs-data").update_job_execution(
        jobId=order["job"], thingName=CANARY, status="SUCCEEDED", statusDetails=proof
    )
    assert check(order, "canary")["state"] == "waiting"
    steps.running = True
    assert say("go-on")
    found = check(order, "canary")
    assert (found["state"], found["proven"]) == ("proven", 1)
    assert found["reasons"] == ["no answer (offline?) from deeplens_other"]


def test_no_wave_begins_while_its_window_is_closed(
    fleet: Fleet, steps: StepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = int(time.time()) // 60 * 60 + 2 * 3600
    clock = [time.strftime("%H:%M", time.gmtime(at)) for at in (opens, opens + 3600)]
    monkeypatch.setenv("SETTINGS", Settings(rollout_window="-".join(clock)).to_json())
    held = deploy("canary")
    assert (held["state"], held["reasons"]) == (
        "held",
        [f"a wave begins between {'-'.join(clock)} (UTC) only"],
    )
    assert open_jobs(fleet) == set()
    steps.running = True
    assert not say("go-on"), "nobody has been asked"
    fails_on_the_canary_and_goes_back(fleet)


def fails_on_the_canary_and_goes_back(fleet: Fleet) -> None:
    """Whatever the hour is."""
    state_table().fail_candidate(7, 1)
    roll_back.handler({"epoch": 7, "wave": "canary"}, None)
    assert open_jobs(fleet) == {"r5-back1-canary"}


def test_a_rollout_that_was_held_gives_way_to_the_one_that_was_resumed(
    fleet: Fleet, steps: StepFunctions
) -> None:
    steps.running = True
    assert say("pause")
    assert say("resume")
    assert deploy("canary", steps.started[-1])["state"] == "waiting"
    late = deploy("canary")
    assert (late["state"], late["reasons"]) == (
        "superseded",
        ["the rollout of release 7 has begun again"],
    )
    assert open_jobs(fleet) == {"r7-2-canary"}


def test_where_the_fleet_has_failed_it_no_other_camera_gets_it_until_a_person_says_so(
    fleet: Fleet, steps: StepFunctions, cloud: LocalCloud
) -> None:
    live = state_table().live()
    assert live is not None
    deploy("canary")
    assert state_table().prove(7, 1)
    order = deploy("fleet")
    cloud.client("iot-jobs-data").update_job_execution(
        jobId=order["job"], thingName=LAWN, status="FAILED", statusDetails={"reason": "dark"}
    )
    assert check(order, "fleet")["state"] == "failed"
    runs_older = BARE._replace(epoch=5, sha256=live.model_sha256)
    fleet.says(LAWN, NOW_MS, runs_older)
    assert reconcile_fleet.handler({"thing": LAWN}, None)["ordered"] == []
    assert open_jobs(fleet) == {"r7-canary"}

    assert say("retry")
    again = steps.started[-1]
    assert check(deploy("canary", again), "canary", execution=again)["state"] == "waiting"
    deploy("fleet", again)
    assert open_jobs(fleet) == {"r7-2-canary", "r7-2-fleet"}
    assert not say("retry"), "it is live, and each camera gets it"
    fleet.aws.iot.cancel_job(jobId=f"{PREFIX}-r7-2-fleet")
    fleet.says(LAWN, NOW_MS + 1, runs_older)
    assert reconcile_fleet.handler({"thing": LAWN}, None)["ordered"] == [LAWN]


def test_what_a_person_said_goes_to_the_record_of_the_release_that_it_was_about(
    fleet: Fleet, steps: StepFunctions
) -> None:
    assert say("pause")
    assert say("resume")
    assert fleet.called.events[:-1] == [], "a pause in which nothing ran is about none"
    fleet.called.events.clear()
    deploy("canary", steps.started[-1])
    steps.running = True
    for decision in ("go-on", "pause", "resume"):
        assert say(decision)
    steps.running = False
    assert say("retry")
    assert say("unfinished")
    told = [event for name, event in fleet.called.events if name == "tell"]
    assert [(one["workflow"], one["epoch"], one["decision"], one["by"]) for one in told] == [
        ("steering", 7, decision, "ann") for decision in ("go-on", "pause", "resume", "retry")
    ]
