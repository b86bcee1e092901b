"""What may a person decide? `lensloop approve|reject|clear-block`."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli import show
from cli.asked import Asked, asks
from cli.picture import clock, span
from cli.place import Place
from cli.status import Trigger, Waiting, look_at_trigger, waiting
from lensloop.model.approval import APPROVED, REJECTED
from lensloop.wire.errors import LensloopError

Epoch = Annotated[int | None, typer.Argument(help="Of the release. Default: the one that waits.")]
Held = Annotated[bool, typer.Option("--held", help="The model that is held, not a release.")]
Note = Annotated[
    str, typer.Option(help="Why; it stands in the message, the page and the registry.")
]


class Undecided(LensloopError):
    """More than one thing waits, or another than was named; the message says how to say which."""


def agrees(asked: Asked, question: str) -> bool:
    """Raises Undecided where nobody can be asked."""
    if asked.as_json:
        raise Undecided("With --json nobody is asked: add --yes, or --dry-run to see what it does.")
    return typer.confirm(question)


def told(asked: Asked, answer: dict[str, Any], *, possible: bool, look: str) -> None:
    """What a function answers, or would do. Raises Undecided where that is not `possible`; `look`
    says where to look then.
    """
    if asked.as_json:
        show.give(answer)
    else:
        show.say(answer["sentence"])
    if not possible:
        raise Undecided(f"Nothing was changed. {look}")


@asks
def approve(asked: Asked, epoch: Epoch = None, held: Held = False, note: Note = "") -> None:
    """Let a release that waits for approval go to the cameras, or release the model that is held
    for a person.
    """
    place = asked.place
    with show.busy("Looking …"):
        release, digest = waiting(place), trigger_of(place).held
    if held or (digest and not release and epoch is None):
        _approve_held(asked)
    elif digest and release and epoch is None:
        raise Undecided(
            f"Release {release.epoch} waits, and the model of data set {digest[:12]} is held. Say"
            f" which: `lensloop approve {release.epoch}` or `lensloop approve --held`."
        )
    elif release or epoch is not None:
        _decide(asked, release, epoch, APPROVED, note)
    elif asked.as_json:
        show.give({"approved": None, "trigger": asdict(trigger_of(place))})
    else:
        show.say("No release waits and no model is held for a person, so nothing was changed.")


@asks
def reject(asked: Asked, epoch: Epoch = None, note: Note = "") -> None:
    """Leave a release unused that waits for approval: the cameras keep theirs."""
    with show.busy("Looking …"):
        release = waiting(asked.place)
    if release or epoch is not None:
        _decide(asked, release, epoch, REJECTED, note)
    elif asked.as_json:
        show.give({"did": False, "sentence": "No release waits for approval."})
    else:
        show.say("No release waits for approval, so nothing was changed.")


@asks
def clear_block(asked: Asked) -> None:
    """Have a data set tried again that is blocked because training on it kept failing."""
    blocked, found = _decided(asked.place, lambda trigger: trigger.blocked, "clear_blocked")
    if asked.as_json:
        show.give({"cleared": blocked or None, "trigger": asdict(found)})
    elif blocked:
        show.say(f"Data set {blocked[:12]} is no longer blocked. {next_step(found)}")
    else:
        show.say("No data set is blocked, so nothing was changed.")


def _decide(
    asked: Asked, release: Waiting | None, epoch: int | None, decision: str, note: str
) -> None:
    """Also for a release that does not wait: the function knows what became of it."""
    place, chosen = asked.place, epoch if epoch is not None else release and release.epoch
    with show.busy("Telling …"):
        said = {"epoch": chosen, "decision": decision, "by": place.person(), "note": note}
        answer = place.decide(said)
    if asked.as_json:
        show.give(answer)
        return
    show.say(answer["sentence"])
    if not answer["did"]:
        raise Undecided("Nothing was changed. `lensloop status` says what waits.")


def _approve_held(asked: Asked) -> None:
    held, found = _decided(asked.place, lambda trigger: trigger.held, "approve")
    if asked.as_json:
        show.give({"approved": held or None, "trigger": asdict(found)})
    elif held:
        show.say(f"The model of data set {held[:12]} is approved. {next_step(found)}")
        show.say("The next run judges it again and releases it, without training.")
    else:
        show.say("No model is held for a person, so nothing was changed.")


def _decided(place: Place, waits: Callable[[Trigger], str], decision: str) -> tuple[str, Trigger]:
    """The data set that waited for a person, and what the trigger does now that it is decided;
    nothing is decided where none waited.
    """
    with show.busy("Looking …"):
        digest = waits(trigger_of(place))
        if digest:
            place.tick({decision: True})
        return digest, trigger_of(place)


def trigger_of(place: Place) -> Trigger:
    return look_at_trigger(place, int(time.time()))


def next_step(trigger: Trigger) -> str:
    until = ""
    if trigger.until is not None:
        left = span(trigger.until - int(time.time()))
        until = f", until {clock(trigger.until)} ({left})"
    return f"The trigger says: {trigger.reason}{until}."
