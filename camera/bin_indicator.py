"""Which bin does this belong in? `python -m camera.bin_indicator` follows a camera and shows it, on
a Raspberry Pi's Sense HAT if there is one, on the terminal else.

It runs beside the agent and reads what that writes for people, DIR/status.json. Not over MQTT: the
camera's certificate opens a connection under the camera's name only, and the agent holds that one.
So nobody needs a right more than before.
"""

from __future__ import annotations

import argparse
import colorsys
import json
import signal
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Tuple

LOOK_SECONDS = 0.5  # the agent writes its status once in a second
STALE_SECONDS = 15.0  # what is older shows what lay before the camera once
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


def sign_of(status: Any, age: float) -> Sign:
    """`age`: seconds since the agent wrote it. Nobody is sent to a bin that the model doubts."""
    answer = status.get("last_result") if isinstance(status, dict) else None
    if not isinstance(answer, dict) or age > STALE_SECONDS:
        return DARK
    label = str(answer.get("predicted", ""))
    if answer.get("unfamiliar"):
        return Sign("?", DOUBT, "not like anything that it was taught: please look yourself")
    if answer.get("unsure"):
        return Sign("?", DOUBT, f"perhaps {label}: please look yourself")
    if not label:
        return DARK
    return Sign(label[0].upper(), colour_of(label), label)


def colour_of(label: str) -> Colour:
    known = PAINTED.get(label.lower())
    if known:
        return known
    red, green, blue = colorsys.hsv_to_rgb(zlib.crc32(label.encode()) % 360 / 360, 0.9, 0.9)
    return round(255 * red), round(255 * green), round(255 * blue)


def read(home: Path) -> Sign:
    path = home / "status.json"
    try:
        status = json.loads(path.read_text("utf-8"))
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError):  # no agent yet, or this user may not read it
        return DARK
    return sign_of(status, age)


def follow(home: Path, show: Display, stop: threading.Event) -> None:
    shown: Optional[Sign] = None
    while not stop.is_set():
        sign = read(home)
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


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m camera.bin_indicator", description="Show which bin a camera's answer means."
    )
    parser.add_argument("--home", type=Path, required=True, help="the folder of the camera's agent")
    asked = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    follow(asked.home, display(), stop)


if __name__ == "__main__":
    main()
