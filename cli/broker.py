"""Where does a camera connect to? Three options that a person may give, and what the cloud says."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from camera.connection import MQTT_OVER_TLS
from cli.asked import Asked

Endpoint = Annotated[str | None, typer.Option(help="The broker's host. Default: the cloud's own.")]
Port = Annotated[
    int | None, typer.Option(help=f"The broker's port. Default: {MQTT_OVER_TLS} on AWS.")
]
CA = Annotated[
    Path | None,
    typer.Option(help="PEM of the broker's CA. Default: its own system's trust store on AWS."),
]


class Broker(NamedTuple):
    """None leaves it as it is; for a new camera `host` is then AWS IoT's own, `port` 8883, and `ca`
    the trust store of its system.
    """

    host: str | None
    port: int | None
    ca: Path | None


def broker(asked: Asked, host: str | None, port: int | None, ca: Path | None) -> Broker:
    """The local cloud says where its own is and whom to trust; what the person says wins."""
    cloud = asked.place.local
    if cloud is None:
        return Broker(host, port, ca)
    return Broker(
        host or cloud.mqtt_host, cloud.mqtt_port if port is None else port, ca or Path(cloud.ca)
    )
