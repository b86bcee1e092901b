"""What have people been told, and where is a run's page? `lensloop news|report`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli import opened, records, show
from cli.asked import Asked, asks
from cli.picture import moment
from cli.place import Place, PlaceError
from cli.status import newest_epoch
from lensloop.record import Sent

# A run has one message of its own and seldom more, so that many runs hold the newest ones.
Count = Annotated[int, typer.Option("--count", "-n", min=1, help="How many messages.")]
Epoch = Annotated[
    int | None, typer.Argument(min=1, help="Of which run. Default: the newest with a report.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write. Default: in ~/.cache.")
]
Open = Annotated[
    bool | None,
    typer.Option("--open/--no-open", help="Default: where there is a terminal and a browser."),
]
_LOOKED_AT = 20


@dataclass(frozen=True)
class SentMessage:
    epoch: int
    at: str
    source: str
    subject: str
    body: str
    sent: bool


@asks
def news(asked: Asked, count: Count = 5) -> None:
    """The last messages that people were sent, the newest last."""
    with show.busy("Reading …"):
        found = sent_messages(asked.place, count)
    if asked.as_json:
        show.give([message.__dict__ for message in found])
        return
    for message in found:
        unsent = "" if message.sent else "  (could not be sent)"
        show.say(f"{moment(message.at)}  {message.subject}{unsent}", "bold")
        show.say("\n".join(f"  {line}" for line in message.body.split("\n")))
        show.say("")
    if not found:
        show.say("There are no messages yet.")


def sent_messages(place: Place, count: int) -> list[SentMessage]:
    found = []
    for record in records.newest(place, newest_epoch(place), max(count, _LOOKED_AT)):
        if record["outcome"] == records.UNREADABLE:
            show.warn(f"Run {record['epoch']}: {' '.join(record['reasons'])}")
        found += [_message(record["epoch"], message) for message in record["messages"]]
    return sorted(found, key=lambda message: message.at)[-count:]


def _message(epoch: int, message: Sent) -> SentMessage:
    """Only what this version knows; a newer one may have written more."""
    return SentMessage(
        epoch=epoch,
        at=message["at"],
        source=message["source"],
        subject=message["subject"],
        body=message["body"],
        sent=message["sent"],
    )


@asks
def report(asked: Asked, epoch: Epoch = None, output: Output = None, open_: Open = None) -> None:
    """Get the page of a run: what became of it, why, and what the model got wrong."""
    with show.busy("Getting the report …"):
        which, page = _page(asked.place, epoch)
        file = output or opened.cache(asked.place) / f"run-{which}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page)
    if asked.as_json:
        show.give({"epoch": which, "file": str(file)})
    elif opened.in_a_browser(file, open_):
        show.say(f"The report of run {which} is open in your browser: {file}")
    else:
        show.say(file)


def _page(place: Place, epoch: int | None) -> tuple[int, bytes]:
    if epoch is not None:
        page = records.page(place, epoch)
        if page is None:
            raise PlaceError(f"Run {epoch} has left no report; `lensloop status` lists the runs.")
        return epoch, page
    for record in records.newest(place, newest_epoch(place), _LOOKED_AT):
        page = records.page(place, record["epoch"])
        if page is not None:
            return record["epoch"], page
    raise PlaceError("No run has left a report yet; `lensloop status` says what is going on.")
