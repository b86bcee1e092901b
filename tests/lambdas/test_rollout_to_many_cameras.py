"""Do 200 cameras get a release, or are they spared one, by the functions that ship?

The table, files and signatures are the local cloud's, as in the tests beside; AWS IoT and the
cameras are in memory, because 200 of them make thousands of calls.
"""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas import check_rollout, deploy_release, roll_back
from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop import news, record
from lensloop.settings import Settings
from tests.fakes.camera_jobs import CameraJobs
from tests.lambdas import fleet_aws
from tests.lambdas.conftest import Aws
from tests.lambdas.test_roll_back import publish

CANARIES = [f"deeplens_canary{number}" for number in range(10)]
FLEET = [f"deeplens_{number:03}" for number in range(200)]
BAD_FIRST = "golden picture 1 is glass, not can"
DAY = 86_400


@dataclass
class Rollout:
    """Of release 7 over release 5, step after step as the workflow leads them."""

    iot: CameraJobs
    found: dict[str, Any] = field(default_factory=dict)

    def run(self, *, patience: int = 0) -> str:
        """How it ends. `patience`: so many seconds pass before who is offline is not waited for."""
        if (end := self._wave("canary", patience)) != "proven":
            return end
        while (end := self._wave("fleet", patience)) == "goes-on":
            pass
        return end

    def _wave(self, wave: str, patience: int) -> str:
        event = {"epoch": 7, "wave": wave, "execution": "r00000007"}
        share = self.found.get("share", 1) if wave == "fleet" else 1
        asked = deploy_release.handler(event | {"share": share}, None)
        self.iot.answer()
        for passed in (0, patience):
            kept = {name: asked[name] for name in ("job", "share", "is_share", "proved_at")}
            kept["started_at"] = asked["started_at"] - passed
            self.found = check_rollout.handler(event | kept, None)
            if self.found["state"] != "waiting":
                break
        state: str = self.found["state"]
        if state == "failed":
            back = roll_back.handler({"epoch": 7, "wave": wave}, None)
            self.found |= {"back": back}
            self.iot.answer()
        return state

    def message(self, outcome: str) -> str:
        event = {"outcome": outcome, "fleet": self.found, "back": self.found.get("back")}
        written = record.of_rollout(record.empty("trash", 7), event, "2026-11-27T12:00:00+00:00")
        told = news.of_rollout(written, news.Sender("deeplens-trash", "bucket"))
        assert told is not None
        return told.body


@pytest.fixture
def rollout(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Rollout:
    fleet_aws.of(aws, monkeypatch)
    groups = {aws.groups["canary"]: list(CANARIES), aws.groups["fleet"]: list(FLEET)}
    iot = CameraJobs(groups, dict.fromkeys([*CANARIES, *FLEET], 5))
    monkeypatch.setattr(clients, "iot", lambda: iot)
    monkeypatch.setenv("SETTINGS", Settings(rollout_wave_percents="10,50,100").to_json())
    publish(aws, 5)
    assert state_table().prove(5, 1)
    publish(aws, 7)
    return Rollout(iot)


def some(cameras: list[str], number: int) -> list[str]:
    return random.Random(7).sample(cameras, number)


def live() -> int:
    found = state_table().live()
    return found.epoch if found else 0


def test_with_five_in_a_hundred_failing_it_is_rolled_out_and_they_are_named(
    rollout: Rollout,
) -> None:
    failing = some(FLEET, 10)
    rollout.iot.fails = {thing: {7} for thing in failing}
    assert (rollout.run(), live()) == ("proven", 7)
    assert {thing for thing, epoch in rollout.iot.runs.items() if epoch == 5} == set(failing)
    told = rollout.message("rolled-out")
    named = [thing for thing in failing if f"{thing}: {BAD_FIRST}" in told]
    assert (len(named), "and 5 more failed" in told) == (5, True)


def test_with_fifteen_in_a_hundred_failing_it_stops_and_all_go_back(rollout: Rollout) -> None:
    rollout.iot.fails = {thing: {7} for thing in some(FLEET, 30)}
    assert (rollout.run(), live()) == ("failed", 5)
    asked = rollout.iot.ordered(7) - set(CANARIES)
    assert len(asked) in (20, 100)
    assert set(rollout.iot.runs.values()) == {5}
    assert rollout.message("fleet-failed").count("Release 7 is taken back. All 210 cameras") == 1
    rollout.iot.answer()
    assert rollout.iot.ordered(7) - set(CANARIES) == asked, "nobody else, ever"


def test_who_is_offline_fails_nothing_and_is_reached_when_it_returns(rollout: Rollout) -> None:
    rollout.iot.offline = set(some(FLEET, 20))
    assert (rollout.run(patience=DAY), live()) == ("proven", 7)
    behind = {thing for thing, epoch in rollout.iot.runs.items() if epoch == 5}
    assert behind == rollout.iot.offline
    rollout.iot.offline = set()
    rollout.iot.answer()
    assert set(rollout.iot.runs.values()) == {7}


def test_a_bad_release_is_ordered_to_no_camera_of_the_fleet_and_canaries_go_back(
    rollout: Rollout,
) -> None:
    rollout.iot.fails = {thing: {7} for thing in CANARIES[:3]}
    assert (rollout.run(), live()) == ("failed", 5)
    assert rollout.iot.ordered(7) == set(CANARIES)
    assert rollout.iot.ordered(5) == set(CANARIES)
    assert set(rollout.iot.runs.values()) == {5}
