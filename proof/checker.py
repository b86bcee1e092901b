"""Is there any way from the start of a case to a broken promise? If so, which is the shortest?"""

import time
from collections import deque
from dataclasses import dataclass

from proof.model import successors
from proof.world import Case, World, at_goal


@dataclass(frozen=True)
class Result:
    case: Case
    states: int
    steps: int
    seconds: float
    problem: str = ""
    trace: tuple[str, ...] = ()


def check(case: Case) -> Result:  # noqa: C901 - one search, in its hot loop
    """Breadth first, so that the trace of a problem is as short as any."""
    began, start, steps = time.perf_counter(), case.start(), 0
    ids: dict[World, int] = {start: 0}
    came_from: list[tuple[int, str]] = [(-1, "")]
    leads_here: list[list[int]] = [[]]  # by steps that the system takes by itself
    goals = []
    todo = deque([start])

    def result(problem: str = "", at: int = 0) -> Result:
        trace = []
        while at > 0:
            at, label = came_from[at]
            trace.append(label)
        return Result(
            case, len(ids), steps, time.perf_counter() - began, problem, tuple(reversed(trace))
        )

    while todo:
        world = todo.popleft()
        here = ids[world]
        if at_goal(world):
            goals.append(here)
        for label, by_itself, after in successors(world, case):
            steps += 1
            there = ids.get(after)
            if there is None:
                there = ids[after] = len(ids)
                came_from.append((here, label))
                leads_here.append([])
                todo.append(after)
            if after.broken:
                return result(after.broken, there)
            if by_itself:
                leads_here[there].append(here)
    stuck = _cannot_reach(goals, leads_here)
    return (
        result("a change is never trained, or its news never sent", stuck)
        if stuck is not None
        else result()
    )


def _cannot_reach(goals: list[int], leads_here: list[list[int]]) -> int | None:
    """The first state from which the system alone can never come to a goal."""
    fine = bytearray(len(leads_here))
    todo = list(goals)
    for goal in goals:
        fine[goal] = 1
    while todo:
        for before in leads_here[todo.pop()]:
            if not fine[before]:
                fine[before] = 1
                todo.append(before)
    return next((state for state, reaches in enumerate(fine) if not reaches), None)
