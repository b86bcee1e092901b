"""How do five triggers fare on the same arrivals: how many trainings, how many at once, never
trained, how late?

Seeded and event-driven, in seconds of simulated time. Ours is the shipped `decide` with the shipped
state table; the others are what tutorials and good intentions arrive at. All see the same events,
late and repeated as S3 delivers them.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from lambdas.aws.state import StateTable
from lensloop.trigger.decide import decide
from lensloop.trigger.terms import Execution, Facts, Finish, Pacing, Start, Wait
from proof.fake_table import FakeTable

TICK, QUIET, MAX_WAIT, BACKOFF = 60, 120, 900, 300
START_UP, TRAINING, NOTHING_NEW = 180, 600, 30
LONGEST_DELAY = 120
LONGEST_RUN = START_UP + TRAINING * 1.1
PROMISE = LONGEST_DELAY + max(QUIET + TICK, MAX_WAIT + TICK, LONGEST_RUN) + LONGEST_RUN
SWEEP = 86_400
BEGIN = 1_700_000_000  # the store holds real epoch seconds


@dataclass
class Result:
    runs: int = 0
    trainings: int = 0
    at_once: int = 0
    never: int = 0
    worst_wait: float = 0
    failed: int = 0
    pauses: float = 0
    lost_events: int = 0


class Simulation:
    """The bucket, S3's events and the trainings;
    a trigger is called at events and asks for runs.
    """

    def __init__(
        self, seed: int, arrivals: list[float], *, lost: float = 0, failing: float = 0
    ) -> None:
        self._random = random.Random(seed)
        self._todo: list[tuple[float, int, Callable[[], None]]] = []
        self._arrivals, self._failing, self._scheduled = arrivals, failing, 0
        self.random, self.last = random.Random(seed + 1), max(arrivals)
        self._trained_at: dict[int, float] = {}
        self.now, self.bucket, self.active, self.result = 0.0, 0, 0, Result()
        self.on_event: Callable[[], None] = lambda: None
        for arrival in arrivals:
            self.at(arrival, self._put)
            if self._random.random() >= lost:
                self.at(arrival + self._delay(), lambda: self.on_event())
            else:
                self.result.lost_events += 1
            if self._random.random() < 0.05:
                self.at(arrival + 3 * self._delay(), lambda: self.on_event())

    def at(self, when: float, what: Callable[[], None]) -> None:
        self._scheduled += 1  # keeps the order of what happens at the same second
        heapq.heappush(self._todo, (when, self._scheduled, what))

    def run(self) -> Result:
        while self._todo:
            self.now, _, what = heapq.heappop(self._todo)
            what()
        waits = [
            self._trained_at[i] - put
            for i, put in enumerate(self._arrivals)
            if i in self._trained_at
        ]
        self.result.never, self.result.worst_wait = (
            len(self._arrivals) - len(waits),
            max(waits, default=0),
        )
        return self.result

    def start_run(
        self, ended: Callable[[bool], None] = lambda _: None, *, nothing_new: bool = False
    ) -> None:
        """A run on what is in the bucket now; `ended` hears whether it succeeded."""
        snapshot, failed = self.bucket, self._random.random() < self._failing
        self.result.runs += 1
        if not nothing_new:
            self.active += 1
            self.result.trainings += 1
            self.result.at_once = max(self.result.at_once, self.active)

        def end() -> None:
            self.active -= not nothing_new
            self.result.failed += failed
            if not failed:
                for image in range(snapshot):
                    self._trained_at.setdefault(image, self.now)
            ended(not failed)

        self.at(
            self.now
            + (
                NOTHING_NEW if nothing_new else START_UP + TRAINING * self._random.uniform(0.9, 1.1)
            ),
            end,
        )

    def _put(self) -> None:
        self.bucket += 1

    def _delay(self) -> float:
        """Typically seconds, sometimes a minute or longer."""
        if self._random.random() < 0.99:
            return min(90, self._random.expovariate(1 / 2))
        return self._random.uniform(30, LONGEST_DELAY)


def each_event_starts_a_run(sim: Simulation) -> None:
    sim.on_event = sim.start_run


def batch_window(sim: Simulation) -> None:
    waiting = [False]

    def flush() -> None:
        waiting[0] = False
        sim.start_run()

    def on_event() -> None:
        if not waiting[0]:
            waiting[0] = True
            sim.at(sim.now + 300, flush)

    sim.on_event = on_event


def skip_while_running(sim: Simulation) -> None:
    sim.on_event = lambda: None if sim.active else sim.start_run()


def sliding_debounce(sim: Simulation) -> None:
    newest = [0]

    def quiet(number: int) -> None:
        if number == newest[0] and sim.active:
            sim.at(sim.now + QUIET, lambda: quiet(number))
        elif number == newest[0]:
            sim.start_run()

    def on_event() -> None:
        newest[0] += 1
        number = newest[0]
        sim.at(sim.now + QUIET, lambda: quiet(number))

    sim.on_event = on_event


@dataclass
class Lensloop:
    """The shipped rule and state table; Step Functions is a dictionary of executions."""

    sim: Simulation
    table: StateTable = field(default_factory=lambda: FakeTable().state)
    executions: dict[int, Execution] = field(default_factory=dict)
    trained: int = -1
    ticking: bool = False

    def attach(self) -> None:
        self.sim.on_event = self.record_change
        first = SWEEP * self.sim.random.random()
        for day in range(int(self.sim.last // SWEEP) + 3):
            self.sim.at(first + day * SWEEP, self.record_change)

    def record_change(self) -> None:
        self.table.record_change(self._now())
        self.tick()

    def minute(self) -> None:
        self.ticking = False
        self.tick()

    def tick(self) -> None:
        while True:
            state = self.table.trigger()
            step = decide(
                state,
                Facts(self.executions.get(state.run.epoch) if state.run else None),
                self._now(),
                PACING,
            )
            if isinstance(step, Wait):
                break
            if isinstance(step, Start):
                self._start(step.epoch)
            else:
                self.table.apply(step)
            if isinstance(step, Finish):
                self.sim.result.pauses += max(0, (step.changes["not_before"] or 0) - self._now())
        if not self.ticking and (
            state.run or state.gen > state.covered
        ):  # other minutes' ticks would only wait
            self.ticking = True
            self.sim.at((self.sim.now // TICK + 1) * TICK, self.minute)

    def _start(self, epoch: int) -> None:
        began, seen = self._now(), self.sim.bucket
        self.executions[epoch] = Execution("RUNNING", began)

        def ended(succeeded: bool) -> None:
            status, outcome = ("SUCCEEDED", "released") if succeeded else ("FAILED", "")
            self.executions[epoch] = Execution(
                status, began, self._now(), outcome, str(seen) if succeeded else ""
            )
            self.trained = seen if succeeded else self.trained
            self.tick()

        self.sim.start_run(ended, nothing_new=seen == self.trained)

    def _now(self) -> int:
        return BEGIN + int(self.sim.now)


PACING = Pacing(QUIET, MAX_WAIT, BACKOFF, runs_per_day=1000, max_pause=3600)
OURS = "Lensloop"
TRIGGERS: dict[str, Callable[[Simulation], None]] = {
    "one execution per object": each_event_starts_a_run,
    "SQS batch window of 300 s": batch_window,
    "skip while one is running": skip_while_running,
    "sliding debounce, no cap": sliding_debounce,
    OURS: lambda sim: Lensloop(sim).attach(),
}


def loads() -> dict[str, list[float]]:
    r = random.Random(7)
    return {
        "burst of 500 in 3 min": sorted(r.uniform(0, 180) for _ in range(500)),
        "drip, one per 45 s for 8 h": [45.0 * i for i in range(640)],
        "40, the last lands mid-training": sorted([*(r.uniform(0, 60) for _ in range(39)), 500.0]),
        "a day of 6 bursts and 60 singles": sorted(
            [hour * 3600 + r.uniform(0, 300) for hour in range(0, 12, 2) for _ in range(50)]
            + [r.uniform(0, 43200) for _ in range(60)]
        ),
    }


def simulate(
    trigger: str, arrivals: list[float], seed: int = 1, *, lost: float = 0, failing: float = 0
) -> Result:
    sim = Simulation(seed, arrivals, lost=lost, failing=failing)
    TRIGGERS[trigger](sim)
    return sim.run()


def random_arrivals(seed: int) -> list[float]:
    r, now, arrivals = random.Random(seed), 0.0, []
    for _ in range(r.randint(1, 120)):
        now += r.choice([0, 1, 20, 60, 119, 121, 300, 1200]) * r.random()
        arrivals.append(now)
    return arrivals


@dataclass(frozen=True)
class Campaign:
    seeds: int
    never: int
    at_once: int
    worst_wait: float
    late: int  # simulations in which a picture waited longer than promised


def campaign(seeds: int, *, lost: float = 0, failing: float = 0) -> Campaign:
    """Ours over many seeds. T grows by one sweep if an event was lost,
    and by each failed run and its pause.
    """
    results = [
        simulate(OURS, random_arrivals(seed), seed, lost=lost, failing=failing)
        for seed in range(seeds)
    ]
    late = sum(
        result.worst_wait
        > PROMISE
        + (SWEEP if result.lost_events else 0)
        + result.failed * (LONGEST_RUN + TICK)
        + result.pauses
        for result in results
    )
    return Campaign(
        seeds,
        sum(result.never for result in results),
        max(result.at_once for result in results),
        max(result.worst_wait for result in results),
        late,
    )
