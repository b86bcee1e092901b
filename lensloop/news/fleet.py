"""What are people told of cameras, while nothing is rolled out?"""

from collections.abc import Sequence
from datetime import UTC, datetime

from lensloop.news.message import Message

_MOST_SILENT = 20  # are named in one message; `lensloop fleet` names all


def gave_back(thing: str, epoch: int, runs: int | None, reason: str) -> Message:
    """A camera proved a release, and then gave it up by itself; its subject gets its sender when it
    is sent."""
    now = f"It runs release {runs} again" if runs else "It runs no release now"
    return Message(
        f"{thing} gave release {epoch} back",
        f"{thing} had proved release {epoch} and gave it back by itself: {reason}. {now}.\n\n"
        f"Release {epoch} is not ordered for this camera again; it gets the next one as every other"
        " camera does. `lensloop fleet` shows how the cameras are. If several give it back, take"
        " the pictures that it fails on into the data set, or look at what they have in common.",
    )


def fell_silent(last_heard: Sequence[tuple[str, int]]) -> Message:
    """Cameras that have not reported for more than an hour, with the epoch seconds of their last
    report."""
    count = len(last_heard)
    lines = []
    for thing, at in last_heard[:_MOST_SILENT]:
        last = datetime.fromtimestamp(at, UTC)
        lines.append(f"- {thing}, heard last on {last:%d %b %Y, %H:%M} UTC")
    if count > _MOST_SILENT:
        lines.append(f"- and {count - _MOST_SILENT} more")
    named = "\n".join(lines)
    return Message(
        f"{last_heard[0][0]} is silent" if count == 1 else f"{count} cameras are silent",
        f"Not heard of for more than an hour:\n\n{named}\n\nNo power, no network, or the agent does"
        " not run. You are told once of each, and again only if it reports and falls silent anew;"
        " `lensloop fleet` shows how all of them are.",
    )
