"""Where does a page go that a command makes, and does a browser open it?"""

import os
import sys
import webbrowser
from pathlib import Path

from cli.place import Place


def in_a_browser(file: Path, wanted: bool | None = None) -> bool:
    """Was it opened? None: where there is a terminal and a browser."""
    if not (may_open() if wanted is None else wanted):
        return False
    return webbrowser.open(file.resolve().as_uri())


def cache(place: Place) -> Path:
    """Neither among the person's files nor where others of this machine can write."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "lensloop" / place.prefix


def may_open() -> bool:
    """A text browser would take the terminal over; on Linux only a desktop has another."""
    if not sys.stdout.isatty():
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        return bool(webbrowser.get())
    except webbrowser.Error:
        return False
