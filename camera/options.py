"""What can a person ask of the agent? The command line of `python -m camera`."""

from __future__ import annotations

import argparse
from pathlib import Path

from camera.live.server import PORT


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m camera", description="The Lensloop camera agent."
    )
    made.add_argument(
        "--home", type=Path, required=True, help="folder with camera.json; releases are kept there"
    )
    made.add_argument(
        "--frames",
        required=True,
        help=(
            "folder of pictures, video file, camera device (/dev/video0 or 0), network camera"
            " (rtsp:// or http://), rpicam for a Raspberry Pi's own camera, or awscam on a stock"
            " DeepLens"
        ),
    )
    made.add_argument(
        "--loop", action="store_true", help="start a folder or a video file again when it ends"
    )
    made.add_argument(
        "--fps", type=_positive, default=5.0, help="at most this many frames per second (default 5)"
    )
    made.add_argument(
        "--record", action="store_true", help="append every result to DIR/results.jsonl"
    )
    made.add_argument(
        "--exit-after-frames", type=int, metavar="N", help="stop after this many frames"
    )
    _add_live(made)
    made.add_argument("--verbose", action="store_true", help="log more")
    return made


def _add_live(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--live",
        type=int,
        nargs="?",
        const=PORT,
        metavar="PORT",
        help=f"show what the camera sees and answers on a page (port {PORT}); off by default",
    )
    made.add_argument(
        "--live-host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="give the page to other computers as well: needs --live-password-file",
    )
    made.add_argument(
        "--live-password-file",
        type=Path,
        metavar="FILE",
        help="holds the page's password in its first line; any user name goes with it",
    )


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError("it must be a number between 0 and 1000")
    return value
