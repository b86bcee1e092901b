"""Is the retraining trigger right, and what does it cost next to what is usually done?
docs/trigger.md explains.

`python -m bench trigger` searches every interleaving (some ten minutes, up to 1 GB), breaks every
rule once, and compares five triggers on the same arrivals.
"""

from bench.figure import Row, figure
from proof.cases import DESIGN, DESIGN_IN_FULL, MUTANTS
from proof.checker import Result, check
from proof.simulator import OURS, PROMISE, SWEEP, TRIGGERS, campaign, loads, simulate
from proof.simulator import Result as Simulated

SEEDS = 1000
BURST, DRIP = "burst of 500 in 3 min", "drip, one per 45 s for 8 h"


def rows() -> list[Row]:
    return [*_design(), *_mutants(), *_comparison(), *_campaigns()]


def _design() -> list[Row]:
    print("The design under every interleaving, with this bad luck:")
    results = [_shown(check(case)) for case in (*DESIGN, *DESIGN_IN_FULL)]
    problems = sum(bool(result.problem) for result in results)
    states = sum(result.states for result in results)
    return [
        _row(
            f"problems in {states:,} states of {len(results)} searches",
            problems,
            "problems",
            "0",
            problems == 0,
        )
    ]


def _mutants() -> list[Row]:
    print("Each rule broken once must be caught:")
    results = [_shown(check(case)) for case in MUTANTS]
    caught = sum(bool(result.problem) for result in results)
    return [_row("broken rules caught", caught, "rules", f"{len(MUTANTS)}", caught == len(MUTANTS))]


def _shown(result: Result) -> Result:
    case = result.case
    verdict = (
        f"{result.problem}, shortest way {len(result.trace)} steps"
        if result.problem
        else "nothing found"
    )
    rule = f" [{case.broken}]" if case.broken else ""
    print(
        f"  {result.states:>9,} states {result.seconds:6.1f} s  {case.name}{rule}: {verdict}",
        flush=True,
    )
    return result


def _comparison() -> list[Row]:
    seen = {
        (load, name): simulate(name, arrivals)
        for load, arrivals in loads().items()
        for name in TRIGGERS
    }
    for load in loads():
        print(f"{load}:")
        for name in TRIGGERS:
            print(f"  {name:28} {_as_line(seen[load, name])}")
    burst, drip = ({name: seen[load, name] for name in TRIGGERS} for load in (BURST, DRIP))
    each, skip, debounce = (
        "one execution per object",
        "skip while one is running",
        "sliding debounce, no cap",
    )
    most = max(seen[load, OURS].at_once for load in loads())
    ours_wait, other_wait = (round(drip[name].worst_wait / 60, 1) for name in (OURS, debounce))
    return [
        _against(
            f"{BURST}: trainings",
            burst[OURS].trainings,
            burst[each].trainings,
            each,
            "trainings",
            "1",
            1,
        ),
        _against(
            f"{BURST}: never trained",
            burst[OURS].never,
            burst[skip].never,
            skip,
            "pictures",
            "0",
            0,
        ),
        _against(
            f"{DRIP}: worst wait",
            ours_wait,
            other_wait,
            debounce,
            "min",
            f"≤ T = {PROMISE / 60:.1f}",
            PROMISE / 60,
        ),
        _against("most trainings at once", most, burst[each].at_once, each, "trainings", "≤ 1", 1),
    ]


def _as_line(result: Simulated) -> str:
    return (
        f"{result.trainings:4} trainings, {result.at_once:3} at once, {result.never:3} pictures"
        f" never trained, worst wait {result.worst_wait / 60:5.1f} min"
    )


def _campaigns() -> list[Row]:
    found = []
    for luck, lost, failing in (
        ("no bad luck", 0.0, 0.0),
        ("2% of events lost, 5% of runs failing", 0.02, 0.05),
    ):
        seen = campaign(SEEDS, lost=lost, failing=failing)
        limit = f"T = {PROMISE / 60:.1f} min" + (
            f" + a sweep of {SWEEP // 3600} h + failed runs" if lost else ""
        )
        print(
            f"{SEEDS} seeds, {luck}: {seen.never} pictures never trained, {seen.at_once} training"
            f" at once, worst wait {seen.worst_wait / 60:.1f} min, {seen.late} beyond {limit}"
        )
        kept = seen.late == 0 and seen.never == 0 and seen.at_once == 1
        found.append(
            _row(
                f"{SEEDS} seeds, {luck}: worst wait",
                round(seen.worst_wait / 60, 1),
                "min",
                f"≤ {limit}",
                kept,
            )
        )
        found.append(
            _row(
                f"{SEEDS} seeds, {luck}: never trained",
                seen.never,
                "pictures",
                "0",
                seen.never == 0,
            )
        )
        found.append(
            _row(
                f"{SEEDS} seeds, {luck}: most at once",
                seen.at_once,
                "trainings",
                "≤ 1",
                seen.at_once <= 1,
            )
        )
    return found


def _row(name: str, ours: float, unit: str, goal: str, holds: bool) -> Row:
    return figure(name, ours, None, unit, None, goal, holds)


def _against(
    name: str, ours: float, other: float, whose: str, unit: str, goal: str, most: float
) -> Row:
    """`other` is the same figure of the trigger that is named."""
    ratio = round(other / ours, 1) if ours else None
    row = _row(f"{name} (other: {whose})", ours, unit, goal, ours <= most)
    return {**row, "other": other, "ratio": ratio}
