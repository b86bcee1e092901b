"""Who connects to the broker, where to, and by which certificate?"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Optional

from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import Reader

MQTT_OVER_TLS = 8883  # the port that AWS IoT takes certificates on


class ConfigError(LensloopError):
    """camera.json, indicator.json or a file that one of them names cannot be used."""


class Words(NamedTuple):
    """For the log: who it is that connects."""

    who: str
    meanwhile: str  # what goes on without the broker
    again: str  # what a person does when the broker refuses it for good, as an order to them


CAMERA = Words("this camera", "classifying goes on", "register the camera again")


class Connection(NamedTuple):
    home: Path
    client: str  # the name that the certificate opens a connection under
    endpoint: str
    port: int
    ca: Optional[Path]  # None: the system's own trust store
    certificate: Path
    key: Path
    words: Words = CAMERA


def connection(top: Reader, home: Path, client: str, words: Words) -> Connection:
    """What is wrong with it is among `top.mistakes` then."""
    return Connection(
        home=home,
        client=client,
        endpoint=top.text("endpoint"),
        port=top.whole("port", 1, 65535) if top.has("port") else MQTT_OVER_TLS,
        ca=_file(top, home, "ca", "the broker's CA") if top.has("ca") else None,
        certificate=_file(top, home, "certificate", f"{words.who}'s certificate"),
        key=_file(top, home, "key", f"{words.who}'s private key"),
        words=words,
    )


def _file(top: Reader, home: Path, name: str, what: str) -> Path:
    file = top.text(name)
    if file and not (home / file).is_file():
        top.mistake(f"{home / file} is missing: {what} (copy it there)")
    return home / file
