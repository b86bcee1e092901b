"""How does a program elsewhere show what a camera answers? `lensloop camera indicator` makes it an
identity of its own, that of `python -m camera.bin_indicator`, or takes it away.
"""

import contextlib
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camera import hearing
from camera.config import FILE as CAMERA_FILE
from camera.connection import MQTT_OVER_TLS
from cli import broker, home, reach, show
from cli.asked import Asked, asks
from cli.broker import Broker
from cli.faults import CLOUD
from cli.fleet import CameraError
from cli.identity import (
    make_certificate,
    own_endpoint,
    own_policies,
    require_camera,
    revoke,
    when_detached,
)
from lensloop.fleet.indicator import indicator_policy
from lensloop.wire import names

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

Thing = Annotated[str, typer.Argument(help="The camera: deeplens_<id>", show_default=False)]
Folder = Annotated[
    Path | None,
    typer.Option("--home", help="Folder for its certificate. With --revoke: that one alone."),
]
Revoke = Annotated[
    bool, typer.Option("--revoke", help="Take it away: the broker refuses it from now on.")
]


@asks
def indicator(
    asked: Asked,
    thing: Thing,
    folder: Folder = None,
    revoke_: Revoke = False,
    endpoint: broker.Endpoint = None,
    port: broker.Port = None,
    ca: broker.CA = None,
) -> None:
    """Make a bin indicator's identity: it hears one camera's answers, and may do nothing else."""
    place = asked.place
    iot = place.client("iot")
    if revoke_:
        with show.busy(f"Revoking indicators of {thing} …"):
            gone = revoke_indicators(iot, place.prefix, thing, folder)
        if asked.as_json:
            show.give({"thing": thing, "revoked": gone})
        else:
            show.say(f"Revoked of {thing}: {', '.join(gone) or 'nothing, for it has none'}.")
        return
    if folder is None:
        raise CameraError("Say where its identity goes: --home FOLDER.")
    connects = broker.broker(asked, endpoint, port, ca)
    with show.busy(f"Making an indicator of {thing} …"):
        add_indicator(iot, place.prefix, thing, folder, connects)
    with show.busy("Trying to connect as it will …"):
        problem = reach.refusal(lambda: hearing.read(folder).connection)
    file = folder / hearing.FILE
    if asked.as_json:
        show.give({"thing": thing, "config": str(file), "problem": problem})
    elif not problem:
        show.say(
            f"An indicator of {thing} is ready: {file}\n"
            "Copy the folder to where it is to be shown, over a channel you trust, and there:"
            f" python -m camera.bin_indicator --home {folder.name}"
        )
    else:
        show.say(
            f"An indicator of {thing} is made: {file}\n"
            f"But {problem}.\n"
            "The same command with --endpoint, --port or --ca changes where it connects."
        )
    if problem:
        raise typer.Exit(CLOUD)


def add_indicator(
    iot: "IoTClient", prefix: str, thing: str, folder: Path, connects: Broker
) -> Path:
    """Makes an identity and its folder; returns its indicator.json. The folder of one that is still
    known keeps it, and connects where it is told to now. Raises CameraError, and then nothing new
    is left behind.

    The certificate is attached to the camera's thing, so that whoever removes the camera finds it;
    the camera's name gives it no right.
    """
    home.check_ca(connects.ca)
    require_camera(iot, prefix, thing)
    if (folder / CAMERA_FILE).exists():
        raise CameraError(
            f"{folder} is a camera's own; give --home another folder. On the camera's own computer"
            f" an indicator needs no identity: python -m camera.bin_indicator --home {folder}"
        )
    if home.owner(folder, hearing.FILE) not in (None, thing):
        raise CameraError(f"{folder} hears another camera; give --home another folder.")
    values = {"thing": thing, "endpoint": connects.host, "port": connects.port}
    if _known(iot, folder):
        home.renew(folder, values, connects.ca, file=hearing.FILE)
        return folder / hearing.FILE
    client = names.indicator(prefix, secrets.token_hex(4))
    values["client"] = client
    values["endpoint"] = connects.host or own_endpoint(iot)
    values["port"] = MQTT_OVER_TLS if connects.port is None else connects.port
    policy = indicator_policy(iot.describe_thing(thingName=thing)["thingArn"], client)
    with contextlib.ExitStack() as undo:
        iot.create_policy(policyName=client, policyDocument=json.dumps(policy))
        undo.callback(when_detached, iot, lambda: iot.delete_policy(policyName=client))
        keys = make_certificate(iot, client, thing, undo)
        home.write(folder, values, keys, connects.ca, undo, file=hearing.FILE)
        undo.pop_all()
    return folder / hearing.FILE


def revoke_indicators(
    iot: "IoTClient", prefix: str, thing: str, folder: Path | None = None
) -> list[str]:
    """All of a camera's, or that of a folder alone; returns their names. Raises CameraError."""
    require_camera(iot, prefix, thing)
    wanted = None
    if folder is not None:
        if home.owner(folder, hearing.FILE) != thing:
            raise CameraError(f"{folder} holds no indicator of {thing}.")
        wanted = _client(folder)
    gone = []
    for principal in iot.list_thing_principals(thingName=thing)["principals"]:
        found = own_policies(iot, prefix, principal)
        if found and (wanted is None or wanted in found):
            revoke(iot, prefix, thing, principal)
            gone += found
    return gone


def _known(iot: "IoTClient", folder: Path) -> bool:
    client = _client(folder)
    if not hearing.CLIENT.fullmatch(client):
        return False
    try:
        iot.get_policy(policyName=client)
    except iot.exceptions.ResourceNotFoundException:
        return False
    return True


def _client(folder: Path) -> str:
    return home.value(folder, "client", hearing.FILE) or ""
