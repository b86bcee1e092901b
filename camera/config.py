"""Who is this camera, and where is its broker? Reads DIR/camera.json, which `python -m cli camera add` writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple, Optional

from lensloop import names
from lensloop.errors import LensloopError

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
            "There is no {}. Register this camera with `python -m cli camera add deeplens_<id> --home {}` "
            "and copy that folder here.".format(path, home)
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError("{} cannot be read ({}). Register this camera again.".format(path, error)) from error
    if not isinstance(content, dict):
        raise ConfigError("{} is not a JSON object. Register this camera again.".format(path))
    thing = _text(content, "thing", path)
    if not THING.fullmatch(thing):
        raise ConfigError("The thing in {} is {!r}; a camera's name is deeplens_<id>.".format(path, thing))
    port = content.get("port", 8883)
    if not isinstance(port, int) or not 0 < port < 65536:
        raise ConfigError("The port in {} is {!r}; it must be a number up to 65535.".format(path, port))
    return Config(
        home=home,
        thing=thing,
        endpoint=_text(content, "endpoint", path),
        port=port,
        ca=_file(home, _text(content, "ca", path), "the broker's CA") if content.get("ca") else None,
        certificate=_file(home, _text(content, "certificate", path), "this camera's certificate"),
        key=_file(home, _text(content, "key", path), "this camera's private key"),
        project=_text(content, "project", path),
        results_topic=_results_topic(content, thing, path),
    )


def _text(content: Any, field: str, path: Path) -> str:
    value = content.get(field)
    if not isinstance(value, str) or not value:
        raise ConfigError("{} does not say `{}`. Register this camera again.".format(path, field))
    return value


def _results_topic(content: Any, thing: str, path: Path) -> str:
    topics = [topic.format(thing=thing) for topic in names.RESULTS_TOPICS]
    topic = content.get("results_topic", topics[0])
    if topic not in topics:
        raise ConfigError("The results_topic in {} is {!r}; it must be {}.".format(path, topic, " or ".join(topics)))
    return str(topic)


def _file(home: Path, name: str, what: str) -> Path:
    path = home / name
    if not path.is_file():
        raise ConfigError("{} is missing: {}. Copy it there or register this camera again.".format(path, what))
    return path
