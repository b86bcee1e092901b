"""What does the model checker's world consist of? The table's item is the real one; the rest is as
small as can be.
"""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lambdas.aws.trigger_item import to_state
from lensloop.trigger.terms import State
from proof.fake_table import FakeTable

DAY = 86_400
POISON = 9  # a data set whose training always fails
REFUSED = "CreateTrainingJob was refused"
BAD_LUCK = (
    "change",
    "lose",
    "crash",
    "fail",
    "abort",
    "poison",
    "redrive",
    "takeover",
    "restore",
    "stray_sweep",
    "refuse",
    "shortage",
)


class Run(NamedTuple):
    """An execution; `phase` is the step that comes next, or how it ended."""

    epoch: int
    copy: int
    born: int
    phase: str = "snapshot"
    seen: int = 0
    outcome: str = ""


class Controller(NamedTuple):
    """A tick between two calls: idle, has read the state, or has decided a step."""

    state: State | None = None
    step: str = ""
    half_told: bool = False


class World(NamedTuple):
    luck: tuple[int, ...]
    item: tuple[Any, ...] = ()
    bucket: int = 0
    queue: int = 0
    consumers: tuple[str, ...] = ("idle",)
    controllers: tuple[Controller, ...] = (Controller(),)
    runs: tuple[Run, ...] = ()
    jobs: tuple[int, ...] = ()
    late_writes: tuple[Run, ...] = ()
    late_jobs: tuple[int, ...] = ()
    sent: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()  # news that nobody was told
    told: tuple[str, ...] = ()  # faults of the account, since the last good end
    live: tuple[int, int] = (0, 0)
    concluded: int = 0
    now: int = 10 * DAY
    highest: int = 0
    acquired: tuple[str, int] = ("", 0)
    poisoned: int = 0
    judged: int = -1  # nothing yet
    trained: tuple[int, int] = (-1, 0)  # the newest model that was judged, and the live one then
    peeked: int = 0
    timer: bool = False
    broken: str = ""


@dataclass(frozen=True)
class Case:
    """One search: which bad luck may strike (a word for each time),
    and which rule is broken on purpose.
    """

    name: str
    luck: str
    consumers: int = 1
    controllers: int = 1
    cap: int = 1000
    broken: str = ""
    sweep: bool = True

    def start(self) -> World:
        return World(
            luck=tuple(self.luck.split().count(kind) for kind in BAD_LUCK),
            consumers=("idle",) * self.consumers,
            controllers=(Controller(),) * self.controllers,
        )


def day(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def spend(w: World, kind: str) -> World | None:
    i = BAD_LUCK.index(kind)
    return w._replace(luck=(*w.luck[:i], w.luck[i] - 1, *w.luck[i + 1 :])) if w.luck[i] else None


def edit(w: World, **attributes: Any) -> World:
    return w._replace(item=freeze({**thaw(w.item), **attributes}))


def become(w: World, old: Run, new: Run) -> World:
    return w._replace(runs=tuple(new if run == old else run for run in w.runs))


def without_job(w: World, old: Run, new: Run) -> World:
    return become(w, old, new)._replace(jobs=tuple(epoch for epoch in w.jobs if epoch != old.epoch))


def freeze(value: Any) -> Any:
    if isinstance(value, dict):
        return ("{}", *sorted((name, freeze(part)) for name, part in value.items()))
    return ("[]", *map(freeze, value)) if isinstance(value, list) else value


@functools.lru_cache(maxsize=100_000)
def thaw(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    if not value or value[0] == "{}":
        return {name: thaw(part) for name, part in value[1:]}
    return [thaw(part) for part in value[1:]]


@functools.lru_cache(maxsize=100_000)
def state_of(item: tuple[Any, ...]) -> State:
    return to_state(thaw(item))


def at_goal(w: World) -> bool:
    state = state_of(w.item)
    return (
        w.bucket == w.concluded
        and not state.run
        and not state.news
        and not w.forgotten
        and not w.queue
        and not w.jobs
    )


def record_change(w: World) -> World:
    return w._replace(item=_recorded(w.item, w.now), timer=True)


@functools.lru_cache(maxsize=100_000)
def _recorded(item: tuple[Any, ...], now: int) -> Any:
    table = FakeTable(thaw(item))
    table.state.record_change(now)
    return freeze(table.item)
