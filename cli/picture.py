"""How does a person see what is going on? The status as a few lines for any width of terminal."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.cameras import table as camera_table
from cli.runs import Stand
from cli.show import shown
from cli.status import RUNNING, WAITING, End, Status, Trigger, Waiting
from lensloop.model.approval import APPROVED, REJECTED
from lensloop.model.approval import WAITING as STILL_WAITS
from lensloop.news import short_name
from lensloop.record import WAITS_FOR_APPROVAL

GOOD, BAD, BUSY = "green", "red", "cyan"
_STYLES = {
    **dict.fromkeys(("released", "rolled-out"), GOOD),
    **dict.fromkeys(("refused", "held", "too-few-images", "wrong-folders"), "yellow"),
    **dict.fromkeys(("no-machine", "unanswered"), "yellow"),
    **dict.fromkeys((WAITS_FOR_APPROVAL, REJECTED), "yellow"),
    APPROVED: GOOD,
}
_UNREMARKABLE = frozenset({"nothing-new", "no-cameras", "superseded", "paused", "", "blocked"})


def picture(status: Status) -> Group:
    return Group(*_parts(status))


def _parts(status: Status) -> Iterator[RenderableType]:
    yield _headline(status)
    yield from _trigger(status.trigger, status.at)
    for name, stand in (("run", status.run), ("rollout", status.rollout)):
        if stand:
            yield Text("")
            yield from _stand(name, stand, status.at)
    if status.paused:
        yield Text("")
        yield Text.assemble(
            ("paused   ", "yellow"),
            f"rollouts, by {short_name(status.paused)}; `lensloop resume` lets them go on",
        )
    yield Text("")
    yield _live(status)
    if status.waiting:
        yield _waiting(status.waiting)
    if status.ends:
        yield Text("")
        yield Text("last runs", "bold")
        yield Padding(_ends(status.ends), (0, 0, 0, 2), expand=False)
    yield Text("")
    yield Text("cameras", "bold")
    yield Padding(_cameras(status), (0, 0, 0, 2), expand=False)


def _headline(status: Status) -> Text:
    return Text.assemble(shown(status.project, "bold"), " in ", shown(status.region))


def _trigger(trigger: Trigger, now: int) -> Iterator[RenderableType]:
    style = {WAITING: "yellow", RUNNING: BUSY}.get(trigger.doing, "")
    words = Text.assemble("trigger  ", (trigger.doing, style), ": ", shown(trigger.reason))
    if trigger.until is not None:
        words.append(f", until {clock(trigger.until)} ({span(trigger.until - now)})")
    yield words
    if trigger.blocked:
        yield Text.assemble(
            ("blocked  ", BAD),
            "training on data set ",
            shown(trigger.blocked[:12]),
            " kept failing; change the pictures, or `lensloop clear-block`",
        )


def _stand(name: str, stand: Stand, now: int) -> Iterator[RenderableType]:
    yield Text.assemble(
        (f"{name} {stand.epoch}", "bold"),
        f"  {span(now - stand.began_at)} so far, at: ",
        shown(stand.step, BUSY),
        f" ({span(now - stand.since)})",
    )
    training = stand.training
    if training:
        doing = training.progress or training.phase
        yield Text.assemble("  training job ", shown(training.job), ": ", shown(doing))


def _live(status: Status) -> Text:
    if status.live is None:
        return Text.assemble(("live", "bold"), "  no release yet")
    words = Text.assemble(
        ("live", "bold"),
        f"  release {status.live.epoch}, trained on data set ",
        shown(status.live.dataset[:12]),
    )
    if status.live.unfamiliar:
        words.append(f"; {status.live.unfamiliar}")
    return words


def _waiting(waiting: Waiting) -> Text:
    epoch = waiting.epoch
    return Text.assemble(
        ("waits", "yellow"),
        f" release {epoch}, for your approval: `lensloop approve {epoch}` rolls it out,"
        f" `lensloop reject {epoch}` leaves it unused",
    )


def _ends(ends: tuple[End, ...]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for end in ends:
        word = _word(end)
        outcome = Text.assemble(shown(word or "not ended", style(word)))
        if end.rollout:
            outcome.append(", ")
            outcome.append_text(shown(end.rollout, style(end.rollout)))
        grid.add_row(str(end.epoch), moment(end.ended_at), outcome, shown(why(end)))
    return grid


def _word(end: End) -> str:
    """What became of a release that waited says more than that it did."""
    return end.approval if end.approval not in ("", STILL_WAITS) else end.outcome


def why(end: End) -> str:
    """The reasons that matter most: those of the cameras once they have answered badly."""
    reasons = end.rollout_reasons or end.reasons
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""


def _cameras(status: Status) -> RenderableType:
    if not status.cameras:
        return Text("none yet; `lensloop camera add deeplens_<id> --home <folder>` makes one")
    return camera_table(list(status.cameras))


def style(outcome: str) -> str:
    return _STYLES.get(outcome, "" if outcome in _UNREMARKABLE else BAD)


def moment(iso: str) -> str:
    """In the time of whoever reads it."""
    return f"{datetime.fromisoformat(iso).astimezone():%d %b %H:%M}" if iso else ""


def clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%H:%M:%S}"


def span(seconds: int) -> str:
    seconds = max(0, seconds)
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
