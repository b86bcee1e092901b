"""How many reasons go into one answer? As many as a person reads: 5,000 labels would burst a workflow's 256 KiB."""

from collections.abc import Sequence

MOST = 50


def shortened(reasons: Sequence[str], most: int = MOST, rest: str = "more") -> tuple[str, ...]:
    """The first ones, and the number of the others."""
    others = len(reasons) - most
    return (*reasons[:most], f"and {others:,} {rest}") if others > 0 else tuple(reasons)
