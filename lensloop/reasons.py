"""How much of a long list is shown? As much as a person reads."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")

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


def by_kind(items: Iterable[Item], reason: Callable[[Item], str]) -> list[list[Item]]:
    """Grouped by kind of reason, the most frequent first."""
    kinds: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        kinds[_kind(reason(item))].append(item)
    return sorted(kinds.values(), key=len, reverse=True)


def _kind(reason: str) -> str:
    """What a reason says before its first name, as names are strangers' and can hold anything;
    without its numbers.
    """
    before = re.split("`|images/", reason)[0]
    return re.sub(r"\(.*?\)|[\d.,]+", "", before)
