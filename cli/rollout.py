"""What may a person do about releases that are out? `lensloop rollback`."""

from typing import Annotated, Any

import typer

from cli import show
from cli.asked import Asked, asks
from cli.decisions import Note, Undecided

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
    elif yes or _agrees(asked, found["sentence"]):
        said = {"to": found["to"], "by": asked.place.person(), "note": note}
        with show.busy("Ordering …"):
            done = asked.place.roll_back(said)
        _say(asked, done)
    else:
        show.say("Nothing was changed.")


def _agrees(asked: Asked, question: str) -> bool:
    if asked.as_json:
        raise Undecided("With --json nobody is asked: add --yes, or --dry-run to see what it does.")
    return typer.confirm(question)


def _say(asked: Asked, answer: dict[str, Any]) -> None:
    """Refused is what has no release to go to."""
    if asked.as_json:
        show.give(answer)
    else:
        show.say(answer["sentence"])
    if "to" not in answer:
        raise Undecided("Nothing was changed. `lensloop status` says which release is live.")
