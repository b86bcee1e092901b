"""When may a wave of a rollout begin? In the hours that people have set for it."""

from dataclasses import dataclass

DAY = 86_400
# A rollout that is held looks so often whether it still stands: after the longest hold, a day, its
# history has some nine hundred events, of the 25,000 that Step Functions allows.
LOOK_SECONDS = 900
PATTERN = r"(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?"


@dataclass(frozen=True)
class Hold:
    """`seconds` until it may begin, 0 for now, and why it may not."""

    seconds: int
    reason: str = ""

    @property
    def next_look(self) -> int:
        """Until then a rollout that was taken back counts as running, and cameras are ordered
        nothing again.
        """
        return min(self.seconds, LOOK_SECONDS)


def hold(window: str, now: int) -> Hold:
    closed = until_open(window, now)
    return Hold(closed, f"a wave begins between {window} (UTC) only" if closed else "")


def until_open(window: str, now: int) -> int:
    """Seconds; 0 while it is open, or where there is none. One like 22:00-04:00 goes past midnight,
    and one that ends as it begins is always open.
    """
    if not window:
        return 0
    opens, closes = (_seconds(clock) for clock in window.split("-"))
    since = (now - opens) % DAY
    is_open = since < ((closes - opens) % DAY or DAY)
    return 0 if is_open else DAY - since


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60
