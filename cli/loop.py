"""How does a person follow the loop, and set it going? `lensloop status|watch|retrain|…`."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.live import Live

from cli import show
from cli.asked import Asked, asks
from cli.decisions import next_step, trigger_of
from cli.faults import DONE
from cli.picture import picture
from cli.place import Place
from cli.status import Status, look
from cli.watching import ending, target

Every = Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")]


@asks
def status(asked: Asked) -> None:
    """What waits and until when, how far a run is, how the last ones ended, what is live."""
    with show.busy("Looking …"):
        found = _look(asked.place)
    if asked.as_json:
        show.give(found)
    else:
        show.out().print(picture(found))


@asks
def watch(asked: Asked, every: Every = 2.0) -> None:
    """Show the status live until the run and its rollout have ended.

    Exit code 0: released; 1: ended without a release; 4: the run or its rollout failed.

    With --json there is a line for each change, and a last one with `ended`.
    """
    with show.busy("Looking …"):
        found = _look(asked.place)
    epoch = target(found)
    if epoch is None:
        _end(asked, found, "Nothing is running and nothing waits.")
        return
    with _screen(asked) as screen:
        while (end := ending(found, epoch)) is None:
            screen.show(found)
            time.sleep(every)
            found = _look(asked.place)
        screen.show(found)
    _end(asked, None, end.sentence, end.code)
    raise typer.Exit(end.code)


@asks
def retrain(asked: Asked) -> None:
    """Have the pictures looked through and a run begin, as the daily sweep does."""
    with show.busy("Asking for a run …"):
        asked.place.tick({"sweep": True})
        found = trigger_of(asked.place)
    if asked.as_json:
        show.give({"trigger": asdict(found)})
        return
    show.say(f"A run is asked for. {next_step(found)}")
    show.say(
        "It lists the bucket, and trains if the usable pictures are not those judged last. Where"
        " only the floors have changed, it judges the same model again."
    )


def _look(place: Place) -> Status:
    return look(place, int(time.time()))


class _Lines:
    """For a file or a pipe: what has changed, each time the whole of it."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._last: Status | None = None

    def show(self, status: Status) -> None:
        if self._last and _same(self._last, status):
            return
        self._last = status
        if self._as_json:
            sys.stdout.write(json.dumps(asdict(status)).replace("\x7f", "\\u007f") + "\n")
            sys.stdout.flush()
        else:
            show.out().print(picture(status))


class _Screen:
    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, status: Status) -> None:
        self._live.update(picture(status), refresh=True)


@contextmanager
def _screen(asked: Asked) -> Iterator[_Lines | _Screen]:
    console = show.out()
    if asked.as_json or not console.is_terminal:
        yield _Lines(asked.as_json)
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        yield _Screen(live)


def _same(one: Status, other: Status) -> bool:
    return replace(one, at=other.at) == other


def _end(asked: Asked, found: Status | None, sentence: str, code: int = DONE) -> None:
    if asked.as_json:
        sys.stdout.write(json.dumps({"ended": sentence, "code": code}) + "\n")
        return
    if found:
        show.out().print(picture(found))
    show.say(sentence)
