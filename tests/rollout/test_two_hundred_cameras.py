"""Does a rollout to 200 cameras end as it should, in whatever order they answer?"""

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from lensloop import shares
from lensloop.rollout import Answer, Patience, Release, WaveState, next_look, wave_state

RELEASE = Release(7, "ab" * 32)
PROOF = {"epoch": "7", "sha256": RELEASE.sha256}
CAMERAS, DAY, BEGIN_A_MINUTE, SHARE = 200, 86_400, 100, 0.9
SLOWEST = 600  # seconds that a camera takes to fetch and prove
SEEDS = range(40)


class Fleet:
    """Each camera answers once, at its own second; one that is offline never does."""

    def __init__(self, seed: int, *, failing: int = 0, offline: int = 0) -> None:
        rng = random.Random(seed)
        things = [f"deeplens_{number:03d}" for number in range(CAMERAS)]
        rng.shuffle(things)
        self.failing, self.offline = set(things[:failing]), set(things[CAMERAS - offline :])
        self.things = things
        rng.shuffle(things)
        self.answers_at = {
            thing: place // BEGIN_A_MINUTE * 60 + rng.randint(1, SLOWEST)
            for place, thing in enumerate(things)
        }

    def answers(self, now: int) -> list[Answer]:
        return [self._answer(thing, now) for thing in self.things]

    def _answer(self, thing: str, now: int) -> Answer:
        if thing in self.offline or self.answers_at[thing] > now:
            return Answer(thing)
        if thing in self.failing:
            return Answer(thing, "FAILED", {"reason": "golden picture 1 is glass, not can"})
        return Answer(thing, "SUCCEEDED", PROOF)

    def rolled_out_by_shares(self, percents: tuple[int, ...]) -> tuple[WaveState, int, int]:
        """How it ends, at which share, and how many cameras have had an order by then."""
        asked, number = list[str](), 1
        while True:
            fleet = shares.Fleet(self.things, asked)
            share = shares.share(number, percents, fleet, RELEASE.epoch, least=5)
            things = list(share.things) or self.things
            found, _ = self.rolled_out(things, of=0 if share.is_last else CAMERAS)
            asked += share.things
            if found.state != "proven" or share.is_last:
                return found, share.number, CAMERAS if share.is_last else len(asked)
            number = share.number + 1

    def rolled_out(self, things: Sequence[str] = (), of: int = 0) -> tuple[WaveState, int]:
        """How the wave of these, or of all, ends, and at which second. `of`: the fleet of which
        these are a share.
        """
        wave = set(things or self.things)
        now = 0
        while True:
            patience = Patience(elapsed=now, timeout=DAY, min_proven_share=SHARE, fleet=of)
            answers = [answer for answer in self.answers(now) if answer.thing in wave]
            found = wave_state(RELEASE, answers, patience, aborted=False, wave="fleet")
            if found.state != "waiting":
                return found, now
            now += next_look(30, patience)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_five_in_a_hundred_failing_it_is_rolled_out_and_they_are_named(seed: int) -> None:
    fleet = Fleet(seed, failing=10)
    found, now = fleet.rolled_out()
    assert (found.state, found.cancel, found.proven >= 180) == ("proven", False, True)
    failed = {a.thing for a in fleet.answers(now) if a.status == "FAILED"}
    named = {reason.partition(":")[0] for reason in found.reasons if "golden" in reason}
    assert named <= failed
    assert len(named) == min(len(failed), 5)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_fifteen_in_a_hundred_failing_it_stops_at_the_first_look_past_the_threshold(
    seed: int,
) -> None:
    fleet = Fleet(seed, failing=30)
    found, now = fleet.rolled_out()
    assert (found.state, found.cancel) == ("failed", True)
    before = [a for a in fleet.answers(now - 30) if a.status == "FAILED"]
    assert len(before) <= 20, "a look earlier, the others could have made up for it"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("offline", [20, 60, 199])
def test_who_is_offline_fails_nothing_and_keeps_the_order(seed: int, offline: int) -> None:
    found, _ = Fleet(seed, offline=offline).rolled_out()
    assert (found.state, found.cancel) == ("proven", False)
    assert found.reasons[-1].startswith("no answer (offline?) from deeplens_")


def test_where_everybody_is_offline_nothing_is_decided() -> None:
    found, now = Fleet(1, offline=CAMERAS).rolled_out()
    assert (found.state, found.cancel, now) == ("unanswered", False, DAY)


def aborted_by_aws(fleet: Fleet, least: int) -> bool:
    """AWS IoT's own rule: failures by cameras that have ended, once so many have."""
    failed, in_time = 0, sorted(fleet.things, key=lambda thing: fleet.answers_at[thing])
    for ended, thing in enumerate(in_time, start=1):
        failed += thing in fleet.failing
        if ended >= least and failed / ended > 1 - SHARE:
            return True
    return False


def test_the_abort_of_aws_would_have_stopped_good_releases() -> None:
    """Why an order carries none: 5 in 100 fail, and nine in ten must prove."""
    stopped = sum(aborted_by_aws(Fleet(seed, failing=10), least=21) for seed in range(200))
    assert stopped > 5


PERCENTS = (10, 50, 100)


def ends(failing: int, percents: tuple[int, ...], rollouts: int) -> Counter[tuple[str, int]]:
    """How often it ends so, with how many cameras asked, once all of each share have answered."""
    found = Counter[tuple[str, int]]()
    for seed in range(rollouts):
        bad = set(random.Random(seed).sample(range(CAMERAS), failing))
        answers = [
            Answer(str(number), "FAILED")
            if number in bad
            else Answer(str(number), "SUCCEEDED", PROOF)
            for number in range(CAMERAS)
        ]
        found[_end(answers, percents)] += 1
    return found


def _end(answers: Sequence[Answer], percents: tuple[int, ...]) -> tuple[str, int]:
    asked = 0
    for percent in percents:
        size = CAMERAS * percent // 100
        wave, of = (answers, 0) if size == CAMERAS else (answers[asked:size], CAMERAS)
        patience = Patience(elapsed=0, timeout=DAY, min_proven_share=SHARE, fleet=of)
        state = wave_state(RELEASE, wave, patience, aborted=False, wave="fleet").state
        asked = size
        if state != "proven":
            break
    return state, asked


def test_by_shares_five_in_a_hundred_failing_are_borne_through_all_of_them() -> None:
    """Four or more of the first 20 fail by chance in one rollout of 95: no rule that looks at 20
    alone lets more through and yet stops nine in ten of those that the next test wants stopped.
    """
    found = ends(10, PERCENTS, 2000)
    assert set(found) == {("proven", 200), ("failed", 20)}
    assert found["proven", 200] >= 1970
    assert ends(10, (25, 100), 500)["proven", 200] >= 495
    assert ends(10, (100,), 100) == {("proven", 200): 100}


def test_by_shares_fifteen_in_a_hundred_failing_stop_it_nine_times_in_ten_before_the_last() -> None:
    """And the last, which all of them are, stops the others."""
    found = ends(30, PERCENTS, 2000)
    assert {state for state, _ in found} == {"failed"}
    assert found["failed", 20] + found["failed", 100] >= 1750


def test_by_shares_thirty_in_a_hundred_failing_stop_it_at_the_first() -> None:
    found = ends(60, PERCENTS, 2000)
    assert set(found) == {("failed", 20), ("failed", 100)}
    assert found["failed", 20] >= 1780


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_by_shares_who_is_offline_fails_nothing(seed: int) -> None:
    found, number, _ = Fleet(seed, offline=20).rolled_out_by_shares(PERCENTS)
    assert (found.state, found.cancel, number) == ("proven", False, 3)
