"""How does a camera send in minutes what it would send in days? `python -m demo.gap.short_days`,
with the agent's own options: its day lasts a minute, it thinks of frames as often as it sees them,
and it remembers a place's worth of what it sent. All else is the agent as it ships.
"""

import sys
from collections.abc import Callable
from typing import Any

from camera import review, uncertain
from camera.__main__ import main
from lensloop.wire import uncertain as rules

DAY_SECONDS = 60.0
LOOK_SECONDS = 0.05
SEND_SECONDS = 0.1
AGAIN_SECONDS = 3.0
REMEMBERED = 5000  # frames sent


def shorten(change: Callable[[Any, str, float], None] = setattr) -> None:
    change(rules, "DAY", DAY_SECONDS)
    change(review, "LOOK_SECONDS", LOOK_SECONDS)
    change(review, "TRY_SECONDS", SEND_SECONDS)
    change(review, "HURRY_SECONDS", SEND_SECONDS)
    change(review, "AGAIN_SECONDS", AGAIN_SECONDS)
    change(uncertain, "REMEMBERED", REMEMBERED)


if __name__ == "__main__":
    shorten()
    sys.exit(main())
