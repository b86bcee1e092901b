"""What runs, waits and was decided, and what may a person decide? As `lensloop status`, `fleet`,
`news`, `approve`, `rollback` and `retry` say and do it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cli import health, news, records, status
from cli.decisions import next_step
from cli.health import Health
from cli.news import SentMessage
from cli.place import Place
from cli.status import Status
from lambdas.aws import standing
from lambdas.aws.state import StateTable
from lensloop.model.approval import APPROVED, REJECTED
from lensloop.steering import GO_ON, PAUSE, RESUME, RETRY, Stand, steer
from lensloop.wire.errors import LensloopError

# Several open pages ask the cloud together once.
_FRESH_SECONDS = 2.0
_MESSAGES = 8


class Unknown(LensloopError):
    """Nothing that a person can decide here."""


@dataclass(frozen=True)
class Scene:
    """All that the first screen shows."""

    status: Status
    fleet: list[Health]
    messages: list[SentMessage]  # the newest first
    retry: int = 0  # the release that can be rolled out again; 0: none


@dataclass(frozen=True)
class WayBack:
    """What a roll back would do, in a sentence, and to which release; None: to none."""

    sentence: str
    to: int | None


class Happenings(Protocol):
    def look(self) -> Scene: ...
    def decide(self, what: str, epoch: int | None, note: str) -> str: ...
    def way_back(self, to: int | None = None) -> WayBack: ...
    def report(self, epoch: int) -> bytes | None: ...


class OfPlace:
    """Of a deployed project."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._looked: tuple[float, Scene] | None = None

    def look(self) -> Scene:
        with self._lock:
            if self._looked and time.monotonic() - self._looked[0] < _FRESH_SECONDS:
                return self._looked[1]
            now = int(time.time())
            found = status.look(self._place, now)
            scene = Scene(
                found,
                health.healths(self._place, now),
                news.sent_messages(self._place, _MESSAGES)[::-1],
                to_retry(self._stand(found)),
            )
            self._looked = time.monotonic(), scene
            return scene

    def _stand(self, found: Status) -> Stand:
        table = StateTable(self._place.table())
        return standing.stand(table, self._place.prefix, running=found.rollout is not None)

    def way_back(self, to: int | None = None) -> WayBack:
        found = self._place.roll_back({"to": to, "dry_run": True})
        return WayBack(str(found["sentence"]), found.get("to"))

    def report(self, epoch: int) -> bytes | None:
        return records.page(self._place, epoch)

    def decide(self, what: str, epoch: int | None, note: str) -> str:
        """What became of it, in a sentence."""
        if what not in _DECISIONS:
            raise Unknown(f"`{what}` is nothing that can be decided.")
        said = _DECISIONS[what](self._place, epoch, note)
        with self._lock:
            self._looked = None
        return said


def to_retry(stand: Stand) -> int:
    """The release that `lensloop retry` would roll out again; 0: none."""
    return steer(RETRY, stand).roll_out


def _release(decision: str) -> Callable[[Place, int | None, str], str]:
    def decide(place: Place, epoch: int | None, note: str) -> str:
        told = {"epoch": epoch, "decision": decision, "by": place.person(), "note": note}
        return str(place.decide(told)["sentence"])

    return decide


def _approve_held(place: Place, _epoch: int | None, _note: str) -> str:
    held = _trigger(place).held
    if not held:
        return "No model is held for a person, so nothing was changed."
    place.tick({"approve": True})
    return (
        f"The model of data set {held[:12]} is approved. The next run judges it again and releases"
        f" it, without training. {next_step(_trigger(place))}"
    )


def _clear_block(place: Place, _epoch: int | None, _note: str) -> str:
    blocked = _trigger(place).blocked
    if not blocked:
        return "No data set is blocked, so nothing was changed."
    place.tick({"clear_blocked": True})
    return f"Data set {blocked[:12]} is no longer blocked. {next_step(_trigger(place))}"


def _retrain(place: Place, _epoch: int | None, _note: str) -> str:
    place.tick({"sweep": True})
    return f"A run is asked for. {next_step(_trigger(place))}"


def _steer(decision: str) -> Callable[[Place, int | None, str], str]:
    def steer(place: Place, _epoch: int | None, note: str) -> str:
        told = {"decision": decision, "by": place.person(), "note": note}
        return str(place.steer(told)["sentence"])

    return steer


def _roll_back(place: Place, epoch: int | None, note: str) -> str:
    told = {"to": epoch, "by": place.person(), "note": note}
    return str(place.roll_back(told)["sentence"])


def _trigger(place: Place) -> status.Trigger:
    return status.look_at_trigger(place, int(time.time()))


_DECISIONS = {
    "approve": _release(APPROVED),
    "reject": _release(REJECTED),
    "approve-held": _approve_held,
    "clear-block": _clear_block,
    "retrain": _retrain,
    "roll-back": _roll_back,
    **{decision: _steer(decision) for decision in (RETRY, PAUSE, RESUME, GO_ON)},
}
