"""What can a person do about cameras? `lensloop camera …`, with capture and indicator beside."""

import re
import time
from contextlib import ExitStack
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NamedTuple

import typer
from rich.table import Table

from camera.config import FILE as CAMERA_FILE
from cli import broker, deployed, reach, show
from cli.asked import AsJson, Asked, asks
from cli.broker import Broker
from cli.bundle import write_bundle
from cli.capture import capture
from cli.faults import CLOUD
from cli.fleet import Camera, CameraError
from cli.health import known_cameras
from cli.identity import add_camera, remove_camera, who_signs
from cli.indicator import indicator
from cli.install_bundle import COMPUTERS, Computer, fetch_packages, write_install_bundle
from lambdas.aws.state import StateTable

app = typer.Typer(
    no_args_is_help=True,
    help="Add, list and remove cameras, have them take pictures, or pack their agent.",
)
app.command()(capture)
app.command()(indicator)
THING = Annotated[str, typer.Argument(help="deeplens_<id>", show_default=False)]
# It is written into a file that a shell reads.
FRAMES = re.compile(r"[^\s'\"\\$`]{1,500}")


class Kind(StrEnum):
    """The names of install_bundle.COMPUTERS."""

    PI = "pi"
    PC = "pc"
    DEEPLENS = "deeplens"


FOR = Annotated[
    Kind | None, typer.Option("--for", help="The computer that the camera's agent runs on.")
]
PYTHON = Annotated[
    str | None, typer.Option(help="Its Python, such as 3.12. Default: those of its usual systems.")
]


@app.command()
@asks
def add(
    asked: Asked,
    thing: THING,
    home: Annotated[
        Path | None,
        typer.Option(help="Folder for its certificate. With --bundle it may be left out."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Write all that the camera needs to this .tar.gz, its key included."),
    ] = None,
    for_: FOR = None,
    python: PYTHON = None,
    frames: Annotated[
        str | None,
        typer.Option(help="For the bundle: where its frames come from. Default: its own camera."),
    ] = None,
    canary: Annotated[
        bool, typer.Option("--canary", help="It proves each release before the fleet gets it.")
    ] = False,
    endpoint: broker.Endpoint = None,
    port: broker.Port = None,
    ca: broker.CA = None,
) -> None:
    """Make a camera's identity, and the folder or the bundle that its agent is installed from."""
    connects = broker.broker(asked, endpoint, port, ca)
    packed = packing(bundle, for_, python, frames)
    if home is None and packed is None:
        raise CameraError(
            "Say where its identity goes: --bundle FILE.tar.gz --for pi, pc or deeplens,"
            " or --home FOLDER."
        )
    with TemporaryDirectory(prefix="lensloop-") as scratch:
        folder = home or Path(scratch, thing)
        problem = _register(asked, thing, folder, canary, connects, packed)
        if packed:
            _pack(asked, thing, folder, packed, its_only_key=home is None)
    wave = "canary" if canary else "fleet"
    made = bundle or folder / CAMERA_FILE
    if asked.as_json:
        where = {"config": str(folder / CAMERA_FILE) if home else None}
        where["bundle"] = str(bundle) if bundle else None
        show.give({"thing": thing, "wave": wave, **where, "problem": problem})
    elif not problem:
        show.say(f"{thing} ({wave}) is ready: {made}\n{_next(folder, bundle)}")
    else:
        show.say(
            f"{thing} ({wave}) is registered: {made}\n"
            f"But {problem}.\n"
            "The same command with --endpoint, --port or --ca changes where it connects."
        )
    if problem:
        raise typer.Exit(CLOUD)


@app.command("list")
@asks
def list_(asked: Asked) -> None:
    """Which cameras there are, and what they run."""
    with show.busy("Asking for the cameras …"):
        found = known_cameras(asked.place, int(time.time()))
    if asked.as_json:
        show.give([asdict(camera) for camera in found])
    elif found:
        show.out().print(table(found))
    else:
        show.say(
            "There are no cameras yet; `lensloop camera add deeplens_<id> --home <folder>` makes"
            " one."
        )


@app.command()
@asks
def remove(asked: Asked, thing: THING) -> None:
    """Revoke the certificates of a camera and of its indicators, and forget it."""
    with show.busy(f"Removing {thing} …"):
        remove_camera(asked.place.client("iot"), asked.place.prefix, thing)
        StateTable(asked.place.table()).forget_camera(thing)
    if asked.as_json:
        show.give({"thing": thing, "removed": True})
    else:
        show.say(f"{thing} is removed and its certificate revoked.")


@app.command("bundle")
def pack_agent(
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("lensloop-camera.zip"),
    for_: FOR = None,
    python: PYTHON = None,
    as_json: AsJson = False,
) -> None:
    """Pack the agent alone: with --for, a .tar.gz that updates it where it is installed."""
    packed = packing(output, for_, python, None) if for_ else None
    if packed is None:
        written = write_bundle(output)
    else:
        with show.busy(f"Packing {output} …"):
            written = write_install_bundle(packed.output, packed.computer)
    if as_json:
        show.give({"bundle": str(written)})
    else:
        show.say(f"{written} is ready; docs/cameras.md says how.")


class Packing(NamedTuple):
    """What is to be written where, for which computer."""

    output: Path
    computer: Computer
    frames: str | None


def packing(
    output: Path | None, for_: Kind | None, python: str | None, frames: str | None
) -> Packing | None:
    """Nothing where no bundle is asked for."""
    if output is None:
        if for_ or python or frames:
            raise CameraError("--for, --python and --frames are for a bundle: give --bundle FILE.")
        return None
    if for_ is None:
        raise CameraError(f"Say which computer it is for: --for {', '.join(COMPUTERS)}.")
    computer = COMPUTERS[for_.value]
    if python:
        if not re.fullmatch(r"3\.([7-9]|\d\d)", python):
            raise CameraError(f"{python!r} is no Python version; it is something like 3.12.")
        computer = replace(computer, pythons=(python,))
    if frames and not FRAMES.fullmatch(frames):
        raise CameraError("--frames may hold no quotes, spaces or control characters.")
    return Packing(output, computer, frames)


def _register(
    asked: Asked, thing: str, home: Path, canary: bool, connects: Broker, packed: Packing | None
) -> str:
    """Why it cannot connect; nothing when it can."""
    place = asked.place
    iot = place.client("iot")
    if packed:
        with show.busy("Fetching the agent's packages …"):  # a camera without them is none
            fetch_packages(packed.computer)
    with show.busy(f"Registering {thing} …"):
        add_camera(
            iot,
            place.prefix,
            place.project,
            thing,
            home,
            believes=who_signs(place.client("kms"), StateTable(place.table()), place.prefix),
            canary=canary,
            endpoint=connects.host,
            port=connects.port,
            ca=connects.ca,
            review_frames_a_day=deployed.settings().review_frames_a_day,
        )
    with show.busy("Trying to connect as it will …"):
        return reach.problem(home)


def _pack(asked: Asked, thing: str, home: Path, packed: Packing, *, its_only_key: bool) -> None:
    with ExitStack() as undo:
        if its_only_key:  # a camera whose key is nowhere could never be used
            place = asked.place
            undo.callback(remove_camera, place.client("iot"), place.prefix, thing)
        with show.busy(f"Packing {packed.output} …"):
            write_install_bundle(packed.output, packed.computer, home, packed.frames)
        undo.pop_all()


def _next(home: Path, bundle: Path | None) -> str:
    if bundle is None:
        return f"Run its agent with: python -m camera --home {home} --frames ..."
    return (
        "Copy it to the camera over a channel you trust, and there:"
        f" tar -xzf {bundle.name} && sudo sh lensloop/install.sh\n"
        "Delete it here and there afterwards: the camera's private key is in it."
    )


def table(found: list[Camera]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for camera in found:
        grid.add_row(show.shown(camera.thing), camera.wave, show.shown(camera.answer))
    return grid
