"""What are people told of what one of them decided?"""

from lensloop.model.approval import APPROVED, REJECTED
from lensloop.news.message import Message, Sender, bulleted, compose, short_name, where
from lensloop.reasons import counted
from lensloop.record import Record


def of_approval(record: Record, sender: Sender) -> Message | None:
    """What a person decided; of one that was superseded, the newer release tells."""
    approval = record["approval"]
    if approval is None or approval["decision"] not in (APPROVED, REJECTED):
        return None
    epoch, decision = record["epoch"], approval["decision"]
    follows = (
        "Its rollout has started."
        if decision == APPROVED
        else "Nothing was shipped: the cameras keep theirs. The next run starts by itself when"
        " pictures have changed."
    )
    who = f" by {short_name(approval['by'])}" if approval["by"] else ""
    return compose(
        sender,
        f"release {epoch} was {decision}",
        [
            f"Release {epoch} was {decision}{who}. {follows}",
            bulleted("", [approval["note"]] if approval["note"] else []),
            *where(record, sender),
        ],
    )


# Why, in the record and on the page; the message of the rollout's end says so itself.
TAKEN_BACK_BY_ITSELF = "Too many cameras of the fleet failed it."


def of_rollback(record: Record, cameras: int, sender: Sender) -> Message | None:
    """That a person took the cameras to another release."""
    back, epoch = record["taken_back"], record["epoch"]
    if back is None:
        return None
    to, who = back["to"], f" by {short_name(back['by'])}" if back["by"] else ""
    ordered = counted(cameras, "camera is", "cameras are")
    what = f"release {epoch} was taken back" if to != epoch else f"release {to} was ordered again"
    return compose(
        sender,
        what,
        [
            f"{_first_upper(what)}{who}: {ordered} ordered to release {to}, which is live now"
            f" (statement {back['serial']}).",
            bulleted("", [back["note"]] if back["note"] else []),
            f"The next release is compared with release {to}, and is rolled out as usual. `lensloop"
            " fleet` shows which cameras are back.",
            *where(record, sender),
        ],
    )


def key_changed(done: str, by: str, note: str) -> Message:
    """`done`: what was done, as whoever did it was told."""
    who = f" by {short_name(by)}" if by else ""
    noted = f"\n\n- {note}" if note else ""
    return Message(
        "the release keys were changed",
        f"The release keys were changed{who}. {done}{noted}\n\nIf nobody of you did this, somebody"
        " else may sign your releases: `lensloop pause`, and look at who may call the function that"
        " changes keys.",
    )


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
