"""How much of a long list is shown? As much as a person reads."""

from collections.abc import Sequence

MOST = 50  # 5,000 reasons would burst the 256 KiB of a workflow's state
MOST_LISTED = 200  # of each list in a report; the files beside it hold all


def shortened(reasons: Sequence[str], most: int = MOST, rest: str = "more") -> tuple[str, ...]:
    """The first ones, and the number of the others."""
    others = len(reasons) - most
    return (*reasons[:most], f"and {others:,} {rest}") if others > 0 else tuple(reasons)


def counted(count: int, one: str, many: str) -> str:
    """`1 picture is`, `1,200 pictures are`: with the words for one and for any other number."""
    return f"1 {one}" if count == 1 else f"{count:,} {many}"


def listed(names: Sequence[str], most: int) -> str:
    """The first ones in a sentence, and the number of the others."""
    others = len(names) - most
    return ", ".join(names[:most]) + (f" and {others} more" if others > 0 else "")
