"""Does the promise survive long random stories of uploads,
lost events, crashes, failures, aborts and operators?
"""

from collections import Counter
from contextlib import suppress

from botocore.exceptions import EndpointConnectionError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lensloop.settings import Settings
from tests.fakes.trigger_aws import FakeAws, connection_lost

CALLS = st.integers(1, 12)


class RandomWalk(RuleBasedStateMachine):
    """The fake AWS asserts on every call that one training runs
    at a time and that epochs only increase.
    """

    def __init__(self) -> None:
        super().__init__()
        self.aws = FakeAws(settings=Settings(runs_per_day=6, backoff_seconds=60))
        self.epoch = self.covered = self.gen = 0

    @rule(lost=st.booleans())
    def upload(self, lost: bool) -> None:
        self.aws.upload(lost=lost)

    @precondition(lambda self: self.aws.queue)
    @rule()
    def deliver(self) -> None:
        self.aws.deliver()

    @rule(event=st.sampled_from([{}, {}, {"sweep": True}, {"clear_blocked": True}]))
    def tick(self, event: dict[str, bool]) -> None:
        self.aws.tick(event)

    @rule(call=CALLS, took_effect=st.booleans(), consumer=st.booleans())
    def crash(self, call: int, took_effect: bool, consumer: bool) -> None:
        """A handler dies at one of its calls."""
        where = self.aws.after_call if took_effect else self.aws.before_call
        where[self.aws.calls + call] = connection_lost
        with suppress(EndpointConnectionError):
            (self.aws.deliver if consumer and self.aws.queue else self.aws.tick)()
        where.clear()

    @rule(call=CALLS, other=st.sampled_from(["tick", "deliver", "upload", "advance"]))
    def slip_in(self, call: int, other: str) -> None:
        """Something else happens in the middle of a tick."""
        if other != "deliver" or self.aws.queue:
            self.aws.before_call[self.aws.calls + call] = lambda: getattr(self.aws, other)()
        self.aws.tick()
        self.aws.before_call.clear()

    @rule(
        fate=st.sampled_from(["released", "released", "refused", "fails", "aborted", "no-machine"])
    )
    def advance(self, fate: str) -> None:
        for execution in self.aws.executions[-1:]:
            self.aws.fates.setdefault(execution.epoch, fate)
        self.aws.advance()

    @rule(seconds=st.sampled_from([1, 60, 130, 900, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.aws.now += seconds

    @invariant()
    def numbers_only_grow(self) -> None:
        state = self.aws.state
        assert (state.epoch, state.covered, state.gen) >= (self.epoch, self.covered, self.gen)
        assert state.covered <= state.gen
        self.epoch, self.covered, self.gen = state.epoch, state.covered, state.gen

    @invariant()
    def no_more_runs_than_reasons(self) -> None:
        """Each run needs a change, or one before it that failed or found no machine."""
        failed = sum(
            execution.status in ("FAILED", "ABORTED") or execution.outcome == "no-machine"
            for execution in self.aws.executions
        )
        assert len(self.aws.executions) <= self.aws.state.gen + failed

    @invariant()
    def the_daily_cap_holds(self) -> None:
        """A run that was leased just before midnight may start after it."""
        days = Counter(execution.started // 86_400 for execution in self.aws.executions)
        assert self.aws.state.spent_runs <= 6
        assert max(days.values(), default=0) <= 7

    def teardown(self) -> None:
        self.aws.tick({"sweep": True})
        self.aws.fates = {
            execution.epoch: self.aws.fates.get(execution.epoch, "")
            for execution in self.aws.executions
        }
        self.aws.fates = {epoch: fate or "released" for epoch, fate in self.aws.fates.items()}
        self.aws.drain(rounds=1500)
        assert self.aws.executions or not self.aws.bucket
        if self.aws.executions:
            last = self.aws.executions[-1]
            assert self.aws.trained == self.aws.bucket or (last.outcome, last.seen) == (
                "blocked",
                self.aws.bucket,
            )


RandomWalk.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, derandomize=True
)
TestRandomWalk = RandomWalk.TestCase
