"""Where does a person look at what happens, and label what came back? `lensloop review`."""

import time
import webbrowser
from typing import Annotated

import typer

from cli import show
from cli.asked import Asked, asks
from cli.opened import may_open

# Beyond those that need rights, and neither the local cloud's nor the live view's.
PORT = 8771
Port = Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0 takes a free one.")]
Open = Annotated[
    bool | None,
    typer.Option("--open/--no-open", help="Default: where there is a terminal and a browser."),
]
_LONG = 3600.0


@asks
def review(asked: Asked, port: Port = PORT, open_: Open = None) -> None:
    """A page on this machine: what runs and waits, decisions, uncertain frames to label.

    It is served until Ctrl-C, to this machine only, at an address that nobody can guess.
    """
    # Every other command does without a server, and starts the sooner.
    from review.server import desk_for, serving

    with show.busy("Looking …"):
        asked.place.settings()  # says where nothing is deployed, before anybody opens a browser
        desk = desk_for(asked.place)
    with serving(desk, port) as address:
        _tell(asked, address)
        if may_open() if open_ is None else open_:
            webbrowser.open(address)
        try:
            while True:
                time.sleep(_LONG)
        except KeyboardInterrupt:
            show.warn("The page is closed.")


def _tell(asked: Asked, address: str) -> None:
    if asked.as_json:
        show.give({"address": address})
    else:
        show.say(f"The page is at {address}")
        show.say("Whoever has this address can use it, on this machine. Ctrl-C closes it.")
