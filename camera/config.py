"""Who is this camera, and where is its broker? Reads DIR/camera.json, which `python -m cli camera
add` writes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple, Optional

from lensloop.wire import names
from lensloop.wire.errors import LensloopError

FILE = "camera.json"
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


def read(home: Path) -> Config:
    """Raises ConfigError with a sentence that says what to do."""
    path = home / FILE
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no {path}. Register this camera with `python -m cli camera add deeplens_<id>"
            f" --home {home}` and copy that folder here."
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read ({error}). Register this camera again."
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} is not a JSON object. Register this camera again.")
    thing = _text(content, "thing", path)
    if not THING.fullmatch(thing):
        raise ConfigError(f"The thing in {path} is {thing!r}; a camera's name is deeplens_<id>.")
    port = content.get("port", 8883)
    if not isinstance(port, int) or not 0 < port < 65536:
        raise ConfigError(f"The port in {path} is {port!r}; it must be a number up to 65535.")
    return Config(
        home=home,
        thing=thing,
        endpoint=_text(content, "endpoint", path),
        port=port,
        ca=(
            _file(home, _text(content, "ca", path), "the broker's CA")
            if content.get("ca")
            else None
        ),
        certificate=_file(home, _text(content, "certificate", path), "this camera's certificate"),
        key=_file(home, _text(content, "key", path), "this camera's private key"),
        project=_text(content, "project", path),
        results_topic=_results_topic(content, thing, path),
    )


def _text(content: Any, field: str, path: Path) -> str:
    value = content.get(field)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{path} does not say `{field}`. Register this camera again.")
    return value


def _results_topic(content: Any, thing: str, path: Path) -> str:
    topics = [topic.format(thing=thing) for topic in names.RESULTS_TOPICS]
    topic = content.get("results_topic", topics[0])
    if topic not in topics:
        raise ConfigError(
            "The results_topic in {} is {!r}; it must be {}.".format(
                path, topic, " or ".join(topics)
            )
        )
    return str(topic)


def _file(home: Path, name: str, what: str) -> Path:
    path = home / name
    if not path.is_file():
        raise ConfigError(
            f"{path} is missing: {what}. Copy it there or register this camera again."
        )
    return path
