"""What may a person do about releases that are out, or on their way? `lensloop rollback`, `retry`,
`pause`, `resume` and `go-on`.
"""

from typing import Annotated, Any

import typer

from cli import show
from cli.asked import Asked, asks
from cli.decisions import Note, Undecided, agrees, told
from lensloop.steering import GO_ON, PAUSE, RESUME, RETRY

To = Annotated[
    int | None, typer.Argument(help="The release to go back to. Default: the last good one.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


@asks
def rollback(
    asked: Asked, to: To = None, dry_run: DryRun = False, yes: Yes = False, note: Note = ""
) -> None:
    """Take all cameras back to the last good release, or to the one that is named.

    That one is live from then on. While canaries try a newer release, they alone go back.
    """
    with show.busy("Looking …"):
        found = asked.place.roll_back({"to": to, "dry_run": True})
    if dry_run or "to" not in found:
        _say(asked, found)
    elif yes or agrees(asked, found["sentence"]):
        said = {"to": found["to"], "by": asked.place.person(), "note": note}
        with show.busy("Ordering …"):
            done = asked.place.roll_back(said)
        _say(asked, done)
    else:
        show.say("Nothing was changed.")


@asks
def retry(asked: Asked, note: Note = "") -> None:
    """Roll the newest release out again that failed, was taken back, or that nobody answered."""
    _steer(asked, RETRY, note)


@asks
def pause(asked: Asked, note: Note = "") -> None:
    """Order nothing more to cameras, until `lensloop resume`."""
    _steer(asked, PAUSE, note)


@asks
def resume(asked: Asked, note: Note = "") -> None:
    """Let rollouts go on after `lensloop pause`."""
    _steer(asked, RESUME, note)


@asks
def go_on(asked: Asked, note: Note = "") -> None:
    """Wait no longer for cameras that are offline: those that have answered decide."""
    _steer(asked, GO_ON, note)


def _steer(asked: Asked, decision: str, note: str = "") -> None:
    with show.busy("Telling …"):
        said = {"decision": decision, "by": asked.place.person(), "note": note}
        answer = asked.place.steer(said)
    if asked.as_json:
        show.give(answer)
        return
    show.say(answer["sentence"])
    if not answer["did"]:
        raise Undecided("Nothing was changed. `lensloop status` says how things stand.")


def _say(asked: Asked, answer: dict[str, Any]) -> None:
    """Refused is what has no release to go to."""
    look = "`lensloop status` says which release is live."
    told(asked, answer, possible="to" in answer, look=look)
