"""What does the tick tell? It has no record, and writes its messages down before they are sent."""

from collections.abc import Sequence

from lensloop.news.message import Message, bulleted
from lensloop.trigger.blame import Fault


def daily_cap(runs_per_day: int, day: str) -> Message:
    return Message(
        f"all {runs_per_day} runs allowed a day are spent",
        f"Pictures changed after the last run of {day} (UTC) and wait for tomorrow. Nothing is"
        " lost. To train sooner, raise `runs_per_day` in cdk.json and deploy.",
    )


def stopped(epoch: int, ending: str, pause_seconds: int) -> Message:
    """`ending` as in "was …": aborted, timed out, forgotten by Step Functions."""
    return Message(f"retraining run {epoch} was {ending}", _still_waiting(pause_seconds))


def failed(epoch: int, fault: Fault, reasons: Sequence[str], pause_seconds: int) -> Message:
    """Of a fault that is not the training's own this is all that is told until it has passed."""
    subject, about, again = f"retraining run {epoch} failed", "", ""
    if not fault.counts:
        subject = f"retraining waits: {fault.what}"
        about = " That says nothing about your pictures."
        again = " Later tries follow by themselves until it works; this is told once."
    parts = (
        f"Run {epoch} failed: {fault.what}.{about} Nothing was changed: the cameras keep their"
        " release.",
        bulleted("What broke:", reasons),
        fault.advice,
        f"{_still_waiting(pause_seconds)}{again}",
        f"The run's page: lensloop report {epoch}",
    )
    return Message(subject, "\n\n".join(part for part in parts if part))


def no_machine(epoch: int, reasons: Sequence[str], pause_seconds: int) -> Message:
    """A delay: told once until a run comes to a good end."""
    parts = (
        f"Run {epoch} found no free machine at AWS and ended. That is a delay and no failure: it"
        " says nothing about your pictures, and the cameras keep their release.",
        bulleted("What was tried, and what you can do:", reasons),
        f"{_still_waiting(pause_seconds)} Later tries follow by themselves until AWS has a machine;"
        " this is told once.",
        f"The run's page: lensloop report {epoch}",
    )
    return Message("retraining waits: AWS has no free machine", "\n\n".join(parts))


def blocked_after(digest: str, times: int, epoch: int, reasons: Sequence[str]) -> Message:
    return Message(
        f"retraining is blocked: the same data set failed {times} times",
        f"Data set {digest} failed {times} times, the last time in run {epoch}.\n\n"
        f"{bulleted('What broke:', reasons)}\n\n"
        "It is not tried again until its pictures change. To have it tried again as it is:\n"
        "  lensloop clear-block",
    )


def _still_waiting(pause_seconds: int) -> str:
    return (
        "The changed pictures are still waiting; the next try is in"
        f" {max(1, pause_seconds // 60)} min."
    )
