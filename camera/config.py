"""Who is this camera, and where is its broker?
Reads DIR/camera.json, which `lensloop camera add` writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple, Tuple

from camera.connection import CAMERA, ConfigError, Connection, connection
from lensloop.wire import names, signature
from lensloop.wire.reading import Reader, listed
from lensloop.wire.uncertain import MOST_A_DAY

FILE = "camera.json"
_REGISTER_AGAIN = "Register this camera again."


class Config(NamedTuple):
    home: Path
    thing: str
    connection: Connection
    project: str
    results_topic: str
    review_frames_a_day: int  # 0: none leaves this camera
    # PEM. A camera from before releases were signed has none, answers with what it has and refuses
    # every order.
    keys: Tuple[str, ...] = ()
    key_number: int = 0  # how often the project's keys had been changed when it was registered


def read(home: Path) -> Config:
    """Raises ConfigError with a sentence that says what to do."""
    path = home / FILE
    top = Reader(_content(path))
    thing = top.matching("thing", names.THING, "a camera's name, deeplens_<id>")
    config = Config(
        home=home,
        thing=thing,
        connection=connection(top, home, thing, CAMERA),
        project=top.text("project"),
        results_topic=_results_topic(top, thing),
        review_frames_a_day=(
            top.whole("review_frames_a_day", 0, MOST_A_DAY) if top.has("review_frames_a_day") else 0
        ),
        keys=_keys(top, home) if top.has("keys") else (),
        key_number=top.whole("key_number") if top.has("key_number") else 0,
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
