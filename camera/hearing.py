"""What did a camera answer last, as a program elsewhere hears it over MQTT? DIR/indicator.json,
which `lensloop camera indicator` writes, says who it is: its certificate hears one camera's answers
and may do nothing else.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, NamedTuple, Tuple

from camera.broker import Broker
from camera.connection import ConfigError, Connection, Words, connection
from lensloop.wire import names
from lensloop.wire.reading import Reader, listed

FILE = "indicator.json"
CLIENT = re.compile(r"deeplens-[a-z0-9-]{1,100}")  # no camera's name, which has `_` there
_AGAIN = "make it again with `lensloop camera indicator`"
WORDS = Words("this indicator", "no bin is shown", _AGAIN)


class Indicator(NamedTuple):
    thing: str  # the camera that it hears
    connection: Connection


def read(home: Path) -> Indicator:
    """Raises ConfigError with a sentence that says what to do."""
    path = home / FILE
    try:
        top = Reader(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read ({error}). Please {_AGAIN}.") from error
    client = top.matching("client", CLIENT, "the name of an indicator")
    found = Indicator(
        top.matching("thing", names.THING, "a camera's name, deeplens_<id>"),
        connection(top, home, client, WORDS),
    )
    if top.mistakes:
        raise ConfigError(f"{path}: {listed(top.mistakes)}. Please {_AGAIN}.")
    return found


class Hearing:
    """Nothing that was said while the connection was away is said again, so that what arrives is
    of now.
    """

    def __init__(self, indicator: Indicator) -> None:
        """Raises ConfigError when the certificates cannot be used."""
        self._last: Tuple[Any, float] = (None, float("-inf"))
        self._broker = Broker(indicator.connection)
        topic = names.ANSWERS_TOPIC.format(thing=indicator.thing)
        self._broker.listen([topic], self._received, lambda: None)

    def start(self) -> None:
        """Returns at once, and comes back by itself whenever the connection was lost."""
        self._broker.start()

    def stop(self) -> None:
        self._broker.stop()

    def last(self) -> Tuple[Any, float]:
        """The answer, None before the first one, and how many seconds ago it came."""
        answer, at = self._last
        return answer, time.monotonic() - at

    def _received(self, _topic: str, answer: Any) -> None:
        self._last = (answer, time.monotonic())
