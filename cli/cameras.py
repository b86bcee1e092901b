"""What can a person do about cameras? `lensloop camera add|list|remove|bundle`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.table import Table

from camera.config import MQTT_OVER_TLS
from cli import reach, show
from cli.asked import AsJson, Asked, asks
from cli.bundle import write_bundle
from cli.faults import CLOUD
from cli.fleet import Camera, cameras
from cli.identity import add_camera, remove_camera

app = typer.Typer(no_args_is_help=True, help="Add, list and remove cameras, or pack their agent.")
THING = Annotated[str, typer.Argument(help="deeplens_<id>", show_default=False)]


class Broker(NamedTuple):
    """Where a camera connects to. None leaves it as it is; for a new camera `host` is then
    AWS IoT's own, `port` 8883, and `ca` the trust store of its system.
    """

    host: str | None
    port: int | None
    ca: Path | None


@app.command()
@asks
def add(
    asked: Asked,
    thing: THING,
    home: Annotated[Path, typer.Option(help="Folder for its certificate; copy it to the camera.")],
    canary: Annotated[
        bool, typer.Option("--canary", help="It proves each release before the fleet gets it.")
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option(help="The broker's host. Default: the cloud's own.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help=f"The broker's port. Default: {MQTT_OVER_TLS} on AWS.")
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="PEM of the broker's CA. Default: the camera's own trust store on AWS."),
    ] = None,
) -> None:
    """Make a camera's identity and the folder that its agent runs on."""
    connects = broker(asked, endpoint, port, ca)
    place = asked.place
    with show.busy(f"Registering {thing} …"):
        config = add_camera(
            place.client("iot"),
            place.prefix,
            place.project,
            thing,
            home,
            canary=canary,
            endpoint=connects.host,
            port=connects.port,
            ca=connects.ca,
        )
    wave = "canary" if canary else "fleet"
    with show.busy("Trying to connect as it will …"):
        problem = reach.problem(home)
    if asked.as_json:
        show.give({"thing": thing, "wave": wave, "config": str(config), "problem": problem})
    elif not problem:
        show.say(
            f"{thing} ({wave}) is ready: {config}\n"
            f"Run its agent with: python -m camera --home {home} --frames ..."
        )
    else:
        show.say(
            f"{thing} ({wave}) is registered: {config}\n"
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
        found = cameras(asked.place.client("iot"), asked.place.prefix)
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
    """Revoke a camera's certificate and forget it."""
    with show.busy(f"Removing {thing} …"):
        remove_camera(asked.place.client("iot"), asked.place.prefix, thing)
    if asked.as_json:
        show.give({"thing": thing, "removed": True})
    else:
        show.say(f"{thing} is removed and its certificate revoked.")


@app.command()
def bundle(
    output: Annotated[Path, typer.Option(help="The zip to write.")] = Path("lensloop-camera.zip"),
    as_json: AsJson = False,
) -> None:
    """Pack the agent into a zip for a camera."""
    written = write_bundle(output)
    if as_json:
        show.give({"bundle": str(written)})
    else:
        show.say(f"{written} is ready; docs/cameras.md says how.")


def table(found: list[Camera]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for camera in found:
        grid.add_row(show.shown(camera.thing), camera.wave, show.shown(camera.answer))
    return grid


def broker(asked: Asked, host: str | None, port: int | None, ca: Path | None) -> Broker:
    """The local cloud says where its own is and whom to trust; what the person says wins."""
    cloud = asked.place.local
    if cloud is None:
        return Broker(host, port, ca)
    return Broker(
        host or cloud.mqtt_host, cloud.mqtt_port if port is None else port, ca or Path(cloud.ca)
    )
