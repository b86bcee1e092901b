"""`python -m camera`: runs the agent until it is told to stop."""

from __future__ import annotations

import argparse
import functools
import logging
import signal
import sys
from pathlib import Path

from camera import config, disk
from camera.agent import Agent
from camera.frames import open_source
from lensloop.wire.errors import LensloopError


def main() -> int:
    options = _parser().parse_args()
    level = logging.DEBUG if options.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s")
    try:
        with disk.only_one(options.home):
            agent = Agent(config.read(options.home), record=options.record, fps=options.fps)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: agent.stop())
            agent.run(
                functools.partial(open_source, options.frames, options.loop),
                options.exit_after_frames,
            )
    except (LensloopError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m camera", description="The Lensloop camera agent."
    )
    parser.add_argument(
        "--home", type=Path, required=True, help="folder with camera.json; releases are kept there"
    )
    parser.add_argument(
        "--frames",
        required=True,
        help=(
            "folder of pictures, video file, camera device (/dev/video0 or 0), or awscam on a stock"
            " DeepLens"
        ),
    )
    parser.add_argument(
        "--loop", action="store_true", help="start a folder or a video file again when it ends"
    )
    parser.add_argument(
        "--fps", type=_positive, default=5.0, help="at most this many frames per second (default 5)"
    )
    parser.add_argument(
        "--record", action="store_true", help="append every result to DIR/results.jsonl"
    )
    parser.add_argument(
        "--exit-after-frames", type=int, metavar="N", help="stop after this many frames"
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    return parser


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError("it must be a number between 0 and 1000")
    return value


if __name__ == "__main__":
    sys.exit(main())
