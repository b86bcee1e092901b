"""What is a figure of a bench? One row of bench/results.json."""

from typing import Any

Row = dict[str, Any]


def figure(
    name: str,
    ours: float,
    other: float | None,
    unit: str,
    ratio: float | None,
    goal: str = "",
    holds: bool = True,
) -> Row:
    """`other`: the same of what ours is held against. Without a goal it holds."""
    return {
        "name": name,
        "ours": ours,
        "other": other,
        "unit": unit,
        "ratio": ratio,
        "goal": goal,
        "holds": holds,
    }
