"""Does a bad release reach nobody but canaries, and do they have the good one back within a minute?

The shipped workflow and the camera's own rules, with 200 cameras that are simulated by the second.
"""

import random
from dataclasses import dataclass, field
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest

from lensloop.rollout import Answer, Patience, Release, next_look, wave_state
from lensloop.wire.manifest import Installed, accepts
from lensloop.wire.statement import Statement, refusal
from tests.workflows.interpreter import Interpreter
from tests.workflows.scenes import wave

GOOD, BAD, NEXT = 5, 7, 8
CAMERAS, CANARIES, SLOWEST, MINUTE, HOUR = 200, 10, 25, 60, 3600


@dataclass
class Camera:
    """Takes one order after the other, each in its own seconds, as its rules say."""

    thing: str
    wave: str
    seconds: int
    proves_bad: bool
    back_at: int = 0  # it is offline until then
    free_at: int = 0
    runs: int = GOOD
    highest: int = GOOD
    given_up: int = 0
    serial: int = 0
    ran: list[tuple[int, int]] = field(default_factory=lambda: [(0, GOOD)])

    def take(self, order: "Order", now: int) -> str:
        said = order.statement
        if said and refusal(said, "trash", self.serial):
            return "REJECTED"
        release: Any = SimpleNamespace(
            epoch=order.epoch, min_agent=1, model=SimpleNamespace(sha256=str(order.epoch))
        )
        had, running = installed(self.highest), installed(self.runs)
        decision = accepts(release, had, running, 1, self.given_up, stated=said is not None)
        if not decision.take and not decision.running:
            return "REJECTED"
        if order.epoch == BAD and not self.proves_bad:
            return "FAILED"
        if said:
            self.serial, self.given_up = said.serial, max(self.given_up, self.highest)
        self.runs = self.highest = order.epoch
        self.ran.append((now, order.epoch))
        return "SUCCEEDED"


def installed(epoch: int) -> Installed:
    return Installed(epoch, str(epoch))


@dataclass
class Order:
    epoch: int
    wave: str
    at: int
    statement: Statement | None = None
    withdrawn_at: float = inf
    answers: dict[str, str] = field(default_factory=dict)


class World:
    """The cloud's side: its answers to the workflow, by a clock that only waiting moves."""

    def __init__(self, seed: int, epoch: int) -> None:
        rng = random.Random(seed)
        self.cameras = [
            Camera(
                f"deeplens_{n:03d}",
                "canary" if n < CANARIES else "fleet",
                rng.randint(1, SLOWEST),
                # Some canaries prove it, and two do not: too many for nine in ten.
                proves_bad=not (n < 2) and rng.random() < 0.7,
                back_at=HOUR if n == CANARIES - 1 else 0,
            )
            for n in range(CAMERAS)
        ]
        self.now, self.wait, self.epoch, self.serial = 0, 0, epoch, 0
        self.orders: list[Order] = []
        self.failed_at = 0

    def answers(self) -> dict[str, Any]:
        return {
            "deploy-release": self.deploy,
            "check-rollout": self.check,
            "roll-back": self.roll_back,
            "tell": {},
        }

    def of(self, name: str) -> list[Camera]:
        return [camera for camera in self.cameras if camera.wave == name]

    def run_until(self, then: int) -> None:
        while self.now < then:
            self.now += 1
            for order in self.orders:
                for camera in self.of(order.wave):
                    if camera.thing not in order.answers:
                        self._reaches(camera, order)

    def _reaches(self, camera: Camera, order: "Order") -> None:
        """Who has begun finishes, also after the order was withdrawn; then comes the next one."""
        begins = max(order.at, camera.back_at, camera.free_at)
        if order.withdrawn_at <= begins:
            return
        if self.now >= begins + camera.seconds:
            camera.free_at = self.now
            order.answers[camera.thing] = camera.take(order, self.now)

    def deploy(self, event: Any, _: object) -> Any:
        self.orders.append(Order(self.epoch, event["wave"], self.now))
        self.wait = 30
        return wave("waiting", len(self.of(event["wave"])), job="job", started_at=self.now)

    def check(self, event: Any, _: object) -> Any:
        self.run_until(self.now + self.wait)
        order = self.orders[-1]
        patience = Patience(elapsed=self.now - order.at, timeout=HOUR, min_proven_share=0.9)
        proof = {"epoch": str(order.epoch), "sha256": str(order.epoch)}
        answers = [
            Answer(camera.thing, order.answers.get(camera.thing, "QUEUED"), proof)
            for camera in self.of(order.wave)
        ]
        release = Release(order.epoch, str(order.epoch))
        found = wave_state(release, answers, patience, aborted=False, wave=order.wave)
        self.wait = next_look(30, patience)
        if found.cancel:
            order.withdrawn_at = self.now
        return wave(found.state, found.cameras, found.reasons, wait_seconds=self.wait)

    def roll_back(self, event: Any, _: object) -> Any:
        self.failed_at, self.serial = self.now, self.serial + 1
        said = Statement("trash", self.serial, GOOD, "ab" * 32)
        self.orders.append(Order(GOOD, event["wave"], self.now, said))
        return {"reasons": []}


@pytest.mark.parametrize("seed", range(10))
def test_a_bad_release_is_never_run_by_the_fleet_and_canaries_are_back_within_a_minute(
    seed: int, rollout: dict[str, Any], interpreter: Interpreter
) -> None:
    world = World(seed, BAD)
    run = interpreter.run(rollout, world.answers())
    assert run.path[-1] == "Canary failed"
    assert any(camera.runs == BAD for camera in world.of("canary")), "else nobody must go back"
    # The camera whose answer decided gave it at most a look before.
    decided = sorted(camera.seconds for camera in world.of("canary") if not camera.proves_bad)[1]
    world.run_until(decided + MINUTE)
    assert {camera.runs for camera in world.cameras} == {GOOD}
    world.run_until(2 * HOUR)  # who was offline comes back
    ran = {epoch for camera in world.of("fleet") for _, epoch in camera.ran}
    late = [camera for camera in world.cameras if camera.back_at]
    assert ran | {epoch for camera in late for _, epoch in camera.ran} == {GOOD}
    assert {camera.runs for camera in world.cameras} == {GOOD}

    world.epoch = NEXT
    run = interpreter.run(rollout, world.answers(), epoch=NEXT)
    assert run.path[-1] == "Rolled out"
    assert {camera.runs for camera in world.cameras} == {NEXT}


def test_the_statement_of_a_failed_release_leads_nobody_back_from_the_next(
    rollout: dict[str, Any], interpreter: Interpreter
) -> None:
    world = World(3, BAD)
    interpreter.run(rollout, world.answers())
    world.run_until(2 * HOUR)
    back, canary = world.orders[-1], world.cameras[0]
    assert canary.take(Order(NEXT, "canary", world.now), world.now) == "SUCCEEDED"
    assert canary.take(back, world.now) == "REJECTED"
    assert canary.take(Order(BAD, "canary", world.now), world.now) == "REJECTED"
