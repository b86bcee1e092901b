"""Which bin does this belong in? `python -m camera.bin_indicator` follows a camera and shows it, on
a Raspberry Pi's Sense HAT if there is one, on the terminal else.

Anywhere, it hears the camera over MQTT: DIR is then the folder that `lensloop camera indicator`
made. On the camera's own computer it needs no certificate: DIR is then the agent's own, and it
reads what that writes for people, status.json.
"""

from __future__ import annotations

import argparse
import colorsys
import json
import logging
import signal
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Tuple

from camera import hearing
from camera.connection import ConfigError
from camera.hearing import Hearing

LOOK_SECONDS = 0.5  # the agent writes its status, and says what it answers, once in a second
STATUS = "status.json"
STALE_SECONDS = 15.0  # what is older shows what lay before the camera once
log = logging.getLogger(__name__)
Colour = Tuple[int, int, int]
# As these bins are painted in most places; any other label gets a colour of its own.
PAINTED = {
    "compost": (0, 160, 40),
    "landfill": (110, 110, 110),
    "recycle": (0, 90, 255),
    "recycling": (0, 90, 255),
}
DOUBT, NOTHING = (255, 140, 0), (0, 0, 0)


class Sign(NamedTuple):
    letter: str  # beside the colour, for who sees no colours
    colour: Colour
    words: str


Display = Callable[[Sign], None]
DARK = Sign(" ", NOTHING, "no answer from the camera")


def sign_of(answer: Any, age: float) -> Sign:
    """`age`: seconds since the agent gave it. Nobody is sent to a bin that the model doubts."""
    if not isinstance(answer, dict) or age > STALE_SECONDS:
        return DARK
    label = str(answer.get("predicted") or "")
    if answer.get("unfamiliar"):
        return Sign("?", DOUBT, "not like anything that it was taught: please look yourself")
    if answer.get("unsure"):
        return Sign("?", DOUBT, f"perhaps {label}: please look yourself")
    if not label:
        return DARK
    return Sign(_letter(label), colour_of(label), label)


def _letter(label: str) -> str:
    """One, and none that would steer a terminal."""
    visible = [letter for letter in label if letter.isprintable() and letter != " "]
    return visible[0].upper()[0] if visible else "-"


def colour_of(label: str) -> Colour:
    known = PAINTED.get(label.lower())
    if known:
        return known
    red, green, blue = colorsys.hsv_to_rgb(zlib.crc32(label.encode()) % 360 / 360, 0.9, 0.9)
    return round(255 * red), round(255 * green), round(255 * blue)


def from_status(home: Path) -> Tuple[Any, float]:
    """The agent's last answer, and how many seconds ago it was written."""
    path = home / STATUS
    try:
        status = json.loads(path.read_text("utf-8"))
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError, RecursionError):  # no agent yet, or this user may not read it
        return None, 0.0
    return status.get("last_result") if isinstance(status, dict) else None, age


def follow(last: Callable[[], Tuple[Any, float]], show: Display, stop: threading.Event) -> None:
    """`last`: the answer, and its age in seconds."""
    shown: Optional[Sign] = None
    while not stop.is_set():
        sign = sign_of(*last())
        if sign != shown:
            show(sign)
            shown = sign
        stop.wait(LOOK_SECONDS)
    show(DARK)


def display() -> Display:
    return sense_hat() or terminal


def sense_hat() -> Optional[Display]:
    try:
        from sense_hat import SenseHat

        hat = SenseHat()
    except (ImportError, OSError):  # no module of that name, or no such board
        return None

    def show(sign: Sign) -> None:
        hat.show_letter(sign.letter, text_colour=[255, 255, 255], back_colour=list(sign.colour))

    return show


def terminal(sign: Sign) -> None:
    red, green, blue = sign.colour
    block = f"\x1b[48;2;{red};{green};{blue}m\x1b[97m {sign.letter} \x1b[0m"
    words = "".join(letter for letter in sign.words if letter.isprintable())
    print(f"{block} {words}" if sys.stdout.isatty() else words, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m camera.bin_indicator", description="Show which bin a camera's answer means."
    )
    parser.add_argument(
        "--home",
        type=Path,
        required=True,
        help=(
            "the folder that `lensloop camera indicator` made; or, on the camera's own computer,"
            " the folder of its agent"
        ),
    )
    home: Path = parser.parse_args().home
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        if (home / hearing.FILE).is_file():
            _follow_elsewhere(home, stop)
        else:
            _follow_here(home, stop)
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _follow_elsewhere(home: Path, stop: threading.Event) -> None:
    """Raises ConfigError."""
    heard = Hearing(hearing.read(home))
    heard.start()
    try:
        follow(heard.last, display(), stop)
    finally:
        heard.stop()


def _follow_here(home: Path, stop: threading.Event) -> None:
    if not (home / STATUS).is_file():
        log.warning("%s holds no %s (yet), and no %s", home, STATUS, hearing.FILE)
    follow(lambda: from_status(home), display(), stop)


if __name__ == "__main__":
    sys.exit(main())
