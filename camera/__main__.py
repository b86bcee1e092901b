"""What runs on a camera? `python -m camera`: the agent, until it is told to stop."""

from __future__ import annotations

import functools
import logging
import signal
import sys

from camera import config, disk, options
from camera.assembly import assemble
from camera.sources.opening import open_source
from lensloop.wire.errors import LensloopError


def main() -> int:
    asked = options.parser().parse_args()
    level = logging.DEBUG if asked.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s")
    source = functools.partial(open_source, asked.frames, asked.loop)
    try:
        with disk.only_one(asked.home):
            agent = assemble(config.read(asked.home), asked.record, asked.fps)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: agent.stop())
            agent.run(source, asked.exit_after_frames)
    except (LensloopError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
