"""Does the promise hold in every interleaving, is every broken rule caught, and do the simulations
keep to T?
"""

from collections import Counter

import pytest

from proof.cases import DESIGN, DESIGN_IN_FULL, MUTANTS
from proof.checker import check
from proof.simulator import OURS, campaign, loads, simulate
from proof.world import Case

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", DESIGN, ids=lambda case: case.name)
def test_no_interleaving_breaks_the_promise(case: Case) -> None:
    result = check(case)
    assert not result.problem, "\n".join([result.problem, *result.trace])
    assert result.states > 300


@pytest.mark.parametrize("case", MUTANTS, ids=lambda case: case.name)
def test_a_broken_rule_is_caught(case: Case) -> None:
    result = check(case)
    print(f"{case.name}: {result.problem}, after {len(result.trace)} steps")
    assert result.problem, f"nothing is wrong without the rule: {case.broken}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda case: case.name)
def test_the_bad_luck_of_every_mutant_is_survived_when_no_rule_is_broken(mutant: Case) -> None:
    """Not run here again: some search of the design allows at least as much."""
    not_allowed = {"takeover", "redrive"}
    luck = Counter(word for word in mutant.luck.split() if word not in not_allowed)
    assert any(
        luck <= Counter(case.luck.split())
        and case.controllers >= mutant.controllers
        and case.cap == mutant.cap
        and case.sweep <= mutant.sweep
        for case in (*DESIGN, *DESIGN_IN_FULL)
    )


@pytest.mark.parametrize(("lost", "failing"), [(0, 0), (0.02, 0.05)])
def test_nothing_is_lost_nothing_runs_twice_and_no_wait_exceeds_the_promise(
    lost: float, failing: float
) -> None:
    seen = campaign(100, lost=lost, failing=failing)
    assert (seen.never, seen.at_once, seen.late) == (0, 1, 0)


def test_a_burst_costs_one_training() -> None:
    burst = loads()["burst of 500 in 3 min"]
    assert simulate(OURS, burst).trainings == 1
    assert simulate("one execution per object", burst).trainings > 500
    assert simulate("skip while one is running", burst).never > 400
