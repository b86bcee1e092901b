"""Who is this camera, and where is its broker?
Reads DIR/camera.json, which `lensloop camera add` writes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple, Optional, Tuple

from lensloop.wire import names, signature
from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import Reader, listed
from lensloop.wire.uncertain import MOST_A_DAY

FILE = "camera.json"
MQTT_OVER_TLS = 8883  # the port that AWS IoT takes certificates on
_REGISTER_AGAIN = "Register this camera again."
THING = re.compile(r"deeplens_[A-Za-z0-9_-]{1,119}")


class ConfigError(LensloopError):
    """camera.json or a file that it names cannot be used."""


class Config(NamedTuple):
    home: Path
    thing: str
    endpoint: str
    port: int
    ca: Optional[Path]  # None: the system's own trust store
    certificate: Path
    key: Path
    project: str
    results_topic: str
    review_frames_a_day: int  # 0: none leaves this camera
    # PEM. A camera from before releases were signed has none, answers with what it has and refuses
    # every order.
    keys: Tuple[str, ...] = ()


def read(home: Path) -> Config:
    """Raises ConfigError with a sentence that says what to do."""
    path = home / FILE
    top = Reader(_content(path))
    thing = top.matching("thing", THING, "a camera's name, deeplens_<id>")
    config = Config(
        home=home,
        thing=thing,
        endpoint=top.text("endpoint"),
        port=top.whole("port", 1, 65535) if top.has("port") else MQTT_OVER_TLS,
        ca=_file(top, home, "ca", "the broker's CA") if top.has("ca") else None,
        certificate=_file(top, home, "certificate", "this camera's certificate"),
        key=_file(top, home, "key", "this camera's private key"),
        project=top.text("project"),
        results_topic=_results_topic(top, thing),
        review_frames_a_day=(
            top.whole("review_frames_a_day", 0, MOST_A_DAY) if top.has("review_frames_a_day") else 0
        ),
        keys=_keys(top, home) if top.has("keys") else (),
    )
    if top.mistakes:
        raise ConfigError(f"{path}: {listed(top.mistakes)}. {_REGISTER_AGAIN}")
    return config


def _content(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no {path}. Register this camera with `lensloop camera add deeplens_<id>"
            f" --home {path.parent}` and copy that folder here."
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}). {_REGISTER_AGAIN}") from error


def _results_topic(top: Reader, thing: str) -> str:
    topics = [topic.format(thing=thing) for topic in names.RESULTS_TOPICS]
    if not top.has("results_topic"):
        return topics[0]
    called = " or ".join(topics)
    return str(top.value("results_topic", lambda topic: topic in topics, called, topics[0]))


def _keys(top: Reader, home: Path) -> Tuple[str, ...]:
    found = []
    for file in top.texts("keys", "a list of files with release keys"):
        try:
            pem = (home / file).read_text("ascii")
            signature.public_key(pem)
            found.append(pem)
        except (OSError, ValueError, signature.BadKey) as error:
            top.mistake(f"{home / file}, a release key, cannot be used: {error}")
    return tuple(found)


def _file(top: Reader, home: Path, name: str, what: str) -> Path:
    file = top.text(name)
    if file and not (home / file).is_file():
        top.mistake(f"{home / file} is missing: {what} (copy it there)")
    return home / file
