"""What runs on a camera? `python -m camera`: the agent, until it is told to stop."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import logging
import signal
import sys

from camera import config, disk, options
from camera.assembly import assemble
from camera.live.server import password_for, serving
from camera.live.view import View
from camera.sources.opening import open_source
from lensloop.wire.errors import LensloopError


def main() -> int:
    asked = options.parser().parse_args()
    level = logging.DEBUG if asked.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s")
    faulthandler.enable()  # where it was is in the log, should the watchdog end it
    source = functools.partial(open_source, asked.frames, asked.loop)
    try:
        with disk.only_one(asked.home), contextlib.ExitStack() as opened:
            found = config.read(asked.home)
            agent = assemble(found, asked.record, asked.fps)
            if asked.live is not None:
                view = View(found.thing)
                agent.show_to(view.saw)
                password = password_for(asked.live_host, asked.live_password_file)
                opened.enter_context(serving(view, asked.live_host, asked.live, password))
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: agent.stop())
            agent.run(source, asked.exit_after_frames)
    except (LensloopError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
