"""Which key signs releases, and do cameras believe it? `lensloop key show`, `rotate`, `retire`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import show
from cli.asked import Asked, asks
from cli.decisions import Note, agrees, told
from cli.fleet import registered
from cli.identity import public_key
from cli.place import Place
from cli.rollout import DryRun, Yes
from lambdas.aws.state import StateTable
from lensloop.fleet.keys import follower, knows, what_next, words
from lensloop.wire.succession import fingerprint

app = typer.Typer(
    no_args_is_help=True,
    help="Have another key sign releases, without touching cameras, and see who believes which.",
)
Compromised = Annotated[
    bool,
    typer.Option(
        "--compromised", help="The key before is in other hands: cameras forget it at once."
    ),
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Although cameras have not reported that they know.")
]


@dataclass(frozen=True)
class Believer:
    thing: str
    wave: str
    knows: bool
    words: str
    last_seen: str | None  # in UTC


@dataclass(frozen=True)
class Standing:
    """Keys are numbers, 1 for the stack's first. `since`: in UTC; None before any change."""

    signs: int
    fingerprint: str
    believed: dict[int, str]  # fingerprints, the key that signs first
    change: int
    since: str | None
    deployed: int
    cameras: list[Believer]
    next: str


@app.command("show")
@asks
def show_(asked: Asked) -> None:
    """Which key signs, what each camera believes, and what to do next."""
    with show.busy("Asking for keys and cameras …"):
        found = standing(asked.place)
    if asked.as_json:
        show.give(found)
        return
    since = f", since {_here(found.since)}" if found.since else ""
    show.say(f"Key {found.signs} signs ({found.fingerprint}){since}.")
    for number, printed in found.believed.items():
        if number != found.signs:
            show.say(f"Key {number} ({printed}) counts beside it.")
    show.out().print(_table(found.cameras))
    show.say(found.next)


@app.command()
@asks
def rotate(
    asked: Asked,
    compromised: Compromised = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    note: Note = "",
) -> None:
    """Have the newest key that is deployed sign from now on.

    Cameras believe it from their next order on, and the one before as well until `lensloop key
    retire`. Set `release_key` one higher and deploy before.
    """
    _change(asked, {"change": "rotate", "compromised": compromised}, note, dry_run, yes)


@app.command()
@asks
def retire(
    asked: Asked,
    anyway: Anyway = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    note: Note = "",
) -> None:
    """Have cameras forget the key before, once all have reported that they know the new one."""
    _change(asked, {"change": "retire", "anyway": anyway}, note, dry_run, yes)


def _change(asked: Asked, wanted: dict[str, Any], note: str, dry_run: bool, yes: bool) -> None:
    with show.busy("Looking …"):
        found = asked.place.change_key({**wanted, "dry_run": True})
    if dry_run or "number" not in found:
        _say(asked, found)
    elif yes or agrees(asked, found["sentence"]):
        with show.busy("Signing and ordering …"):
            done = asked.place.change_key({**wanted, "by": asked.place.person(), "note": note})
        _say(asked, done)
    else:
        show.say("Nothing was changed.")


def _say(asked: Asked, answer: dict[str, Any]) -> None:
    look = "`lensloop key show` says how things stand."
    told(asked, answer, possible="number" in answer, look=look)


def standing(place: Place) -> Standing:
    table, kms = StateTable(place.table()), place.client("kms")
    settings, keys = place.settings(), table.keys()
    pems = keys.believed or (public_key(kms, place.prefix),)
    printed = dict(zip(keys.names, map(fingerprint, pems), strict=True))
    signs = keys.names[0]
    known = {camera.thing: camera for camera in table.cameras()}
    cameras = []
    for thing, wave in registered(place.client("iot"), place.prefix):
        camera = known.get(thing)
        one = follower(thing, camera.report if camera else None)
        cameras.append(
            Believer(
                thing,
                wave,
                knows(one, keys.number, printed[signs]),
                words(one, signs, keys.number, printed[signs]),
                _time(camera.seen_at) if camera else None,
            )
        )
    lack = sum(not camera.knows for camera in cameras)
    return Standing(
        signs=signs,
        fingerprint=printed[signs],
        believed=printed,
        change=keys.number,
        since=_time(keys.at) if keys.at else None,
        deployed=settings.release_key,
        cameras=cameras,
        next=what_next(keys.names, settings.release_key, lack),
    )


def _table(cameras: list[Believer]) -> Table:
    grid = Table("camera", "wave", "believes", "seen", box=None, padding=(0, 2, 0, 0))
    for one in cameras:
        style = "green" if one.knows else "yellow"
        seen = _here(one.last_seen) if one.last_seen else "–"
        grid.add_row(show.shown(one.thing), one.wave, show.shown(one.words, style), seen)
    return grid


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _here(iso: str) -> str:
    """In the time of whoever reads it."""
    return f"{datetime.fromisoformat(iso).astimezone():%d %b %H:%M}"
