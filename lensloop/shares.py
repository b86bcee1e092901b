"""Which cameras of the fleet get a release first? A share of it, and then a larger one: each has
proved the release before the next one's turn comes.

A share is the first so many of a row that is another one for each release, so that not always the
same cameras go first, and the same however often it is asked. A camera that joins has its place in
that row at once: it comes with the next share.
"""

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

PATTERN = r"(([1-9]|[1-9]\d),){0,4}100"  # five shares are a week, if each takes its day
FORM = "one to five rising percentages of which the last is 100, like `10,50,100`"


@dataclass(frozen=True)
class Share:
    """`things`: who gets the release now. The last share has none of its own: it is the whole
    fleet, with those that join later and those that were asked before.
    """

    number: int  # from 1
    things: tuple[str, ...] = ()

    @property
    def is_last(self) -> bool:
        return not self.things


@dataclass(frozen=True)
class Fleet:
    """`asked`: who has had an order in an earlier share. `quiet`: who reported once, and does not
    any more: it would only be waited for, and comes with the last share.
    """

    things: Sequence[str]
    asked: Collection[str] = ()
    quiet: Collection[str] = ()


def percents(setting: str) -> tuple[int, ...]:
    return tuple(map(int, setting.split(",")))


def are_rising(setting: str) -> bool:
    found = percents(setting)
    return all(one < other for one, other in pairwise(found))


def share(number: int, of: tuple[int, ...], fleet: Fleet, epoch: int, least: int) -> Share:
    """The next that has somebody in it, from this one on. A share is large enough that the `least`
    number of answers can come from it.
    """
    row = _in_turn(epoch, fleet)
    for at in range(number, len(of)):
        size = max(math.ceil(of[at - 1] * len(fleet.things) / 100), least)
        if size >= len(fleet.things):
            break
        things = tuple(thing for thing in row[:size] if thing not in fleet.asked)
        if things:
            return Share(at, things)
    return Share(len(of))


def how_far(asked: int, fleet: int) -> str:
    """Of a rollout that is stopped before the last share."""
    return f"it was stopped after {asked} of the fleet's {fleet} cameras had been asked"


def parts(things: Sequence[str], most: int) -> list[Sequence[str]]:
    """For orders that take no more than so many."""
    return [things[start : start + most] for start in range(0, len(things), most)]


def _in_turn(epoch: int, fleet: Fleet) -> list[str]:
    heard = [thing for thing in fleet.things if thing not in fleet.quiet]
    return sorted(heard, key=lambda thing: _turn(epoch, thing))


def _turn(epoch: int, thing: str) -> str:
    return hashlib.sha256(f"{epoch}/{thing}".encode()).hexdigest()
