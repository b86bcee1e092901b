"""To which release do the cameras go back, and from which? What a person wants, or a rollout that
too many cameras of the fleet failed, by what is known of releases.

The last good release is the one before live, or live itself while canaries try a newer one. Only
what cameras have proved is gone back to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lensloop.reasons import listed

_NAMED = 5  # good releases; a person rarely wants one from long ago


@dataclass(frozen=True)
class Known:
    """Epochs; 0 for none."""

    live: int
    tried: int  # the candidate, while cameras are still to prove it
    newest: int  # the highest that any camera may run: live, or a candidate whatever became of it
    before: Sequence[int]  # that were live before, the last first, without those taken back


@dataclass(frozen=True)
class Back:
    """`refusal`: why nothing is done, or nothing. `away`: what the cameras are taken away from.
    `live`: what was live, where canaries tried a newer one and both are left; 0 where not.
    """

    to: int
    away: int
    refusal: str = ""
    live: int = 0

    @property
    def left(self) -> str:
        return f"releases {self.live} and {self.away}" if self.live else f"release {self.away}"


def where_to(known: Known, wanted: int, *, proved: bool) -> Back:
    """`wanted`: 0 for the last good one. `proved`: whether cameras have ever proved that."""
    if not known.live:
        return _nothing("No release is live yet, so there is none to go back from.")
    if wanted:
        return _to(known, wanted, proved=proved)
    if known.tried > known.live:
        return Back(known.live, known.tried)
    if not known.before:
        return _nothing(
            f"No good release from before release {known.live} is known, so there is none to go"
            " back to."
        )
    return Back(known.before[0], known.live)


def where_to_from_stopped(known: Known) -> Back:
    """From a live release that too many cameras of the fleet have failed. A newer one that canaries
    try takes its place, or does not; they are left to it.
    """
    if known.tried > known.live:
        return _nothing(
            f"Canaries try release {known.tried}, so cameras that took release {known.live} keep it"
            " until that one is live, or `lensloop rollback` takes it back."
        )
    return where_to(known, 0, proved=False)


def _to(known: Known, wanted: int, *, proved: bool) -> Back:
    if not proved:
        good = listed([str(epoch) for epoch in (known.live, *known.before)], _NAMED)
        return _nothing(
            f"No camera is known to have proved release {wanted}, so none is taken to it. Good"
            f" ones are: {good}."
        )
    if wanted == known.live:
        return Back(wanted, known.newest)
    if known.tried > known.live:
        return Back(wanted, known.tried, live=known.live)
    return Back(wanted, known.live)


def question(back: Back, cameras: int) -> str:
    """What a person is asked before it is done."""
    who = "the only camera" if cameras == 1 else f"all {cameras} cameras"
    if back.to == back.away:
        return f"Order {who} to release {back.to} again?"
    return f"Take {back.left} back, and order {who} to release {back.to}?"


def done(back: Back, cameras: int) -> str:
    who = "The only camera is" if cameras == 1 else f"All {cameras} cameras are"
    ordered = f"{who} ordered to release {back.to}, which is live now."
    if back.to == back.away:
        return ordered
    left = f"{back.left[:1].upper()}{back.left[1:]}"
    return f"{left} {'are' if back.live else 'is'} taken back. {ordered}"


def _nothing(why: str) -> Back:
    return Back(0, 0, why)
