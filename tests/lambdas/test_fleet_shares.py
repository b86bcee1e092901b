"""Does the fleet get a release share by share, and does one that does not hold stop by itself?"""

import time
from typing import Any

import pytest

from lambdas import check_rollout, deploy_release, reconcile_fleet, roll_back, steer_rollout
from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop.settings import Settings
from lensloop.wire.report import GivenBack
from local.cloud import LocalCloud
from tests.lambdas import fleet_aws
from tests.lambdas.conftest import PREFIX, Aws
from tests.lambdas.fleet_aws import BARE, Fleet
from tests.lambdas.test_roll_back import CANARY, open_jobs, publish, stated
from tests.lambdas.test_steer_rollout import StepFunctions

FLEET = [f"deeplens_{number:02}" for number in range(10)]
SHARES = Settings(rollout_wave_percents="20,50,100")


class Rollout:
    """Of release 7, over release 5, as the workflow leads its steps."""

    def __init__(self, fleet: Fleet, cloud: LocalCloud) -> None:
        self.fleet, self._data = fleet, cloud.client("iot-jobs-data")
        self.waits: dict[str, dict[str, Any]] = {}

    def deploy(self, wave: str) -> dict[str, Any]:
        before = self.waits.get(wave)
        event = {"epoch": 7, "wave": wave, "execution": "r00000007"}
        event |= {"share": before["share"] if before else 1}
        self.waits[wave] = deploy_release.handler(event, None)
        return self.waits[wave]

    def check(self, wave: str, *, earlier: int = 0) -> dict[str, Any]:
        """`earlier`: by how many seconds all that was noted happened earlier."""
        kept = ("job", "share", "is_share", "started_at", "proved_at")
        event: dict[str, Any] = {name: self.waits[wave][name] for name in kept}
        event["started_at"] -= earlier
        event["proved_at"] -= earlier if event["proved_at"] else 0
        event |= {"epoch": 7, "wave": wave, "execution": "r00000007"}
        self.waits[wave] = check_rollout.handler(event, None)
        return self.waits[wave]

    def asked(self, job: str) -> list[str]:
        found = self.fleet.aws.iot.describe_job(jobId=f"{PREFIX}-{job}")["job"]["targets"]
        return sorted(arn.rpartition("/")[2] for arn in found)

    def prove(self, job: str, *things: str) -> None:
        self._answer(job, "SUCCEEDED", things, epoch="7", sha256=sha256())

    def fail(self, job: str, *things: str) -> None:
        self._answer(job, "FAILED", things, reason="dark")

    def _answer(self, job: str, status: str, things: tuple[str, ...], **details: str) -> None:
        for thing in things:
            self._data.update_job_execution(
                jobId=f"{PREFIX}-{job}", thingName=thing, status=status, statusDetails=details
            )

    def canaries_prove(self) -> None:
        self.deploy("canary")
        self.prove("r7-canary", CANARY)
        assert self.check("canary")["state"] == "proven"


def sha256() -> str:
    candidate = state_table().candidate()
    assert candidate is not None
    return candidate.release.model_sha256


def live() -> int:
    found = state_table().live()
    return found.epoch if found else 0


@pytest.fixture
def steps() -> StepFunctions:
    return StepFunctions()


@pytest.fixture
def rollout(
    aws: Aws, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, steps: StepFunctions
) -> Rollout:
    fleet = fleet_aws.of(aws, monkeypatch)
    monkeypatch.setattr(clients, "stepfunctions", lambda: steps)
    monkeypatch.setenv("SETTINGS", SHARES.to_json())
    fleet.add(CANARY, "canary")
    for thing in FLEET:
        fleet.add(thing)
    publish(aws, 5)
    assert state_table().prove(5, 1)
    publish(aws, 7)
    return Rollout(fleet, cloud)


def test_each_share_begins_when_the_one_before_has_proved_it_and_the_last_is_everybody(
    rollout: Rollout,
) -> None:
    rollout.canaries_prove()
    assert rollout.deploy("fleet")["cameras"] == 2
    first = rollout.asked("r7-share1-1-fleet")
    rollout.prove("r7-share1-1-fleet", first[0])
    assert rollout.check("fleet")["state"] == "waiting"
    rollout.prove("r7-share1-1-fleet", first[1])
    assert rollout.check("fleet")["state"] == "goes-on"

    assert rollout.deploy("fleet")["cameras"] == 3
    second = rollout.asked("r7-share2-1-fleet")
    assert set(first).isdisjoint(second)
    rollout.prove("r7-share2-1-fleet", *second)
    assert rollout.check("fleet")["state"] == "goes-on"

    assert rollout.deploy("fleet")["cameras"] == 10
    assert state_table().rollout_jobs() == [f"{PREFIX}-r7-canary", f"{PREFIX}-r7-fleet"]
    rollout.prove("r7-fleet", *FLEET)
    found = rollout.check("fleet")
    assert (found["state"], found["proven"]) == ("proven", 10)


def test_a_share_that_fails_it_ends_it_and_names_how_far_it_came(rollout: Rollout) -> None:
    rollout.canaries_prove()
    rollout.deploy("fleet")
    [bad, other] = rollout.asked("r7-share1-1-fleet")
    rollout.fail("r7-share1-1-fleet", bad)
    found = rollout.check("fleet")
    assert (found["state"], found["reasons"][1:]) == (
        "failed",
        [f"{bad}: dark", "it was stopped after 2 of the fleet's 10 cameras had been asked"],
    )
    assert open_jobs(rollout.fleet) == {"r7-canary"}, "who has not answered is not asked any more"
    older = BARE._replace(epoch=5, sha256="5" * 64)
    rollout.fleet.says(other, int(time.time() * 1000), older)
    assert reconcile_fleet.handler({}, None)["ordered"] == []


def stopped_at_the_second_share(rollout: Rollout) -> list[str]:
    """Which cameras had proved release 7 by then."""
    rollout.canaries_prove()
    rollout.deploy("fleet")
    first = rollout.asked("r7-share1-1-fleet")
    rollout.prove("r7-share1-1-fleet", *first)
    assert rollout.check("fleet")["state"] == "goes-on"
    rollout.deploy("fleet")
    one, *others = rollout.asked("r7-share2-1-fleet")
    rollout.prove("r7-share2-1-fleet", one)
    rollout.fail("r7-share2-1-fleet", *others)
    assert (rollout.check("fleet")["state"], live()) == ("failed", 7)
    return [*first, one]


def test_a_release_that_a_later_share_fails_is_taken_back_from_all(
    rollout: Rollout, cloud: LocalCloud, steps: StepFunctions
) -> None:
    had_it = stopped_at_the_second_share(rollout)
    for _ in range(2):  # again, as after a lost answer
        back = roll_back.handler({"epoch": 7, "wave": "fleet"}, None)["reasons"]
        assert live() == 5
    assert back == []
    answered = {"r7-share1-1-fleet", "r7-share2-1-fleet"}
    assert open_jobs(rollout.fleet) == {"r5-back1-canary", "r5-back1-fleet"} | answered
    assert stated(rollout.fleet, cloud, f"{PREFIX}-r5-back1-fleet") == (5, 1)
    [told] = [event for function, event in rollout.fleet.called.events if function == "tell"]
    assert told == {
        **{"workflow": "rollback", "epoch": 7, "to": 5, "away": 7, "cameras": 11, "serial": 1},
        **{"by": "", "note": "Too many cameras of the fleet failed it.", "told": True},
    }
    found = state_table().live_on_cameras()
    assert found is not None
    assert (found.stopped, found.back_from, found.by_shares) == (False, 7, False)
    # Whom the order has not reached is led back by the statement; who joins gets what is good.
    rollout.fleet.aws.iot.cancel_job(jobId=f"{PREFIX}-r5-back1-fleet")
    new = "deeplens_new"
    rollout.fleet.add(new)
    now = int(time.time() * 1000)
    rollout.fleet.says(had_it[0], now, BARE._replace(epoch=7, sha256=sha256()))
    rollout.fleet.says(new, now, BARE)
    assert reconcile_fleet.handler({}, None)["ordered"] == sorted([had_it[0], new])
    jobs = [job for job in open_jobs(rollout.fleet) if "again" in job]
    assert {job.partition("-again-")[0] for job in jobs} == {"r5"}
    assert steer_rollout.handler({"decision": "unfinished"}, None)["did"] is False
    assert steer_rollout.handler({"decision": "retry", "by": "ann"}, None)["did"] is True


def test_who_is_told_why_it_was_taken_back_is_told_to_which(rollout: Rollout) -> None:
    stopped_at_the_second_share(rollout)
    assert roll_back.handler({"epoch": 7, "wave": "fleet"}, None)["reasons"] == [
        "Release 7 is taken back. All 11 cameras are ordered to release 5, which is live now."
    ]


def test_canaries_that_try_a_newer_release_are_left_to_it(rollout: Rollout) -> None:
    stopped_at_the_second_share(rollout)
    publish(rollout.fleet.aws, 8)
    [why] = roll_back.handler({"epoch": 7, "wave": "fleet"}, None)["reasons"]
    assert why.startswith("Canaries try release 8, so cameras that took release 7 keep it")
    assert (live(), state_table().rollback()) == (7, None)


def test_between_shares_no_camera_is_ordered_it_by_itself_though_it_is_live(
    rollout: Rollout,
) -> None:
    rollout.canaries_prove()
    rollout.fleet.says(FLEET[0], int(time.time() * 1000), BARE._replace(epoch=5, sha256="5" * 64))
    rollout.fleet.says(FLEET[1], int(time.time() * 1000), BARE)
    ordered = reconcile_fleet.handler({}, None)["ordered"]
    assert (live(), ordered) == (7, [FLEET[1]]), "but one that has none"


def test_a_rollout_that_broke_between_shares_is_tried_again(
    rollout: Rollout, steps: StepFunctions
) -> None:
    rollout.canaries_prove()
    rollout.deploy("fleet")
    assert steer_rollout.handler({"decision": "unfinished"}, None)["did"]
    assert steps.started == ["r00000007-2"]


def test_a_share_that_nobody_answers_is_passed_by_a_persons_word(
    rollout: Rollout, steps: StepFunctions
) -> None:
    rollout.canaries_prove()
    rollout.deploy("fleet")
    steps.running = True
    assert steer_rollout.handler({"decision": "go-on", "by": "ann"}, None)["did"]
    assert rollout.check("fleet")["state"] == "goes-on"


def test_a_pause_between_shares_withdraws_what_was_not_begun_and_says_who(
    rollout: Rollout, steps: StepFunctions
) -> None:
    rollout.canaries_prove()
    rollout.deploy("fleet")
    steps.running = True
    steer_rollout.handler({"decision": "pause", "by": "a:user/ann", "note": "snow"}, None)
    found = rollout.check("fleet")
    assert (found["state"], found["reasons"]) == ("paused", ["user/ann has paused rollouts: snow"])
    assert open_jobs(rollout.fleet) == set()


def test_a_rollback_between_shares_withdraws_them(rollout: Rollout) -> None:
    rollout.canaries_prove()
    rollout.deploy("fleet")
    assert roll_back.handler({"to": 5, "by": "ann"}, None)["did"]
    assert open_jobs(rollout.fleet) == {"r5-back1-canary", "r5-back1-fleet"}
    assert rollout.check("fleet")["state"] == "superseded"


def test_a_large_share_has_as_many_orders_as_it_needs_and_no_faster_pace(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy_release, "MOST_TARGETS", 1)
    rollout.canaries_prove()
    rollout.deploy("fleet")
    iot = rollout.fleet.aws.iot
    jobs = [iot.describe_job(jobId=f"{PREFIX}-r7-share1-{n}-fleet")["job"] for n in (1, 2)]
    assert {job["jobExecutionsRolloutConfig"]["maximumPerMinute"] for job in jobs} == {50}
    for part in (1, 2):
        rollout.prove(f"r7-share1-{part}-fleet", *rollout.asked(f"r7-share1-{part}-fleet"))
    assert rollout.check("fleet")["state"] == "goes-on"


BAKES = Settings(rollout_bake_minutes=30)


def test_what_canaries_have_proved_is_live_after_the_bake_time(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTINGS", BAKES.to_json())
    rollout.deploy("canary")
    rollout.prove("r7-canary", CANARY)
    for _ in range(2):
        found = rollout.check("canary")
        assert (found["state"], found["wait_seconds"], live()) == ("waiting", 30, 5)
    assert rollout.check("canary", earlier=1800)["state"] == "proven"
    assert live() == 7


def test_a_canary_that_gives_it_back_in_that_time_has_failed_it(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTINGS", BAKES.to_json())
    rollout.deploy("canary")
    rollout.prove("r7-canary", CANARY)
    assert rollout.check("canary")["state"] == "waiting"
    back = BARE._replace(epoch=5, sha256="5" * 64, given_back=GivenBack(7, "blind in the dark"))
    rollout.fleet.says(CANARY, int(time.time() * 1000), back)
    found = rollout.check("canary")
    candidate = state_table().candidate()
    assert candidate is not None
    assert (found["state"], live(), candidate.state) == ("failed", 5, "failed")
    assert f"{CANARY}: it proved the release and gave it back: blind in the dark" in " ".join(
        found["reasons"]
    )
    assert open_jobs(rollout.fleet) == set()


def test_a_persons_word_ends_the_bake_time_but_one_from_before_does_not(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch, steps: StepFunctions
) -> None:
    monkeypatch.setenv("SETTINGS", BAKES.to_json())
    steps.running = True
    rollout.deploy("canary")
    rollout.prove("r7-canary", CANARY)
    state_table().decide_now(7, int(time.time()) - 1)
    assert rollout.check("canary")["state"] == "waiting"
    assert rollout.check("canary")["state"] == "waiting"
    assert steer_rollout.handler({"decision": "go-on", "by": "ann"}, None)["did"]
    assert rollout.check("canary")["state"] == "proven"
