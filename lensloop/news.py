"""What are people told? Every sentence of every message, made from a run's record or by the tick.

A message is a mail: its subject says what happened, its body why, what follows by itself, what a
person can do, and where to look.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from lensloop.failure import sentence
from lensloop.model.approval import APPROVED, REJECTED
from lensloop.reasons import counted, listed, shortened
from lensloop.record import WAITS_FOR_APPROVAL, Record, Rollout
from lensloop.trigger.blame import Fault
from lensloop.wire import names

MAX_SUBJECT = 100  # SNS takes no more, and only printable ASCII
# The console of each partition; a region's page needs the region in it.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}
LOCAL_ACCOUNT = "000000000000"  # the local cloud's, which has no console

# Reasons that assemble_dataset answers for the ends of runs that train nothing.
NOTHING_NEW = "The usable pictures are exactly those that were judged last."
BLOCKED = "Training on exactly these pictures kept failing; it is tried again when they change."
NO_GOLDEN_SET = (
    "`golden_set_accuracy` asks for a golden set, and there is nothing under"
    f" {names.GOLDEN_PREFIX}: put pictures into {names.GOLDEN_PREFIX}<label>/, or set it to 0."
)


def pictures_deleted(keys: Sequence[str]) -> str:
    """Why a run trained nothing, in a sentence."""
    pictures = counted(len(keys), "picture was", "pictures were")
    return f"{pictures} deleted or replaced while this run trained: {listed(keys, 5)}"


class Message(NamedTuple):
    subject: str
    body: str


@dataclass(frozen=True)
class Sender:
    """Whose messages these are: the project's prefix, and its bucket."""

    prefix: str
    bucket: str


def of_retraining(record: Record, sender: Sender) -> Message | None:
    """What the end of a retraining is worth saying; nothing when nothing was new."""
    write = _ENDS.get(record["outcome"])  # the tick tells a failure: it knows the others
    message = write(record, sender) if write else None
    return _after_what_is_lost(message, record) if message else None


def _after_what_is_lost(message: Message, record: Record) -> Message:
    """Before all else: a good release without a label is bad news for whoever misses it."""
    first = [*_part_of_data(record, "lost"), *_part_of_data(record, "beside")]
    unsaid = [sentence for sentence in first if sentence not in record["reasons"]]
    lines = _listed("Look at this first:", unsaid)
    return message._replace(body=f"{lines}\n\n{message.body}") if lines else message


def _part_of_data(record: Record, name: str) -> list[str]:
    return list((record["dataset"] or {}).get(name) or ())


def of_rollout(record: Record, sender: Sender) -> Message | None:
    """What became of a release on the cameras; nothing when a newer one took its place."""
    rollout = record["rollout"]
    if rollout is None:
        return None
    write = _ROLLOUT_ENDS.get(rollout["outcome"])
    return write(record, rollout, sender) if write else None


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
    return _message(
        sender,
        f"release {epoch} was {decision}",
        [
            f"Release {epoch} was {decision}{who}. {follows}",
            _listed("", [approval["note"]] if approval["note"] else []),
            *_where(record, sender),
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
    return _message(
        sender,
        what,
        [
            f"{_first_upper(what)}{who}: {ordered} ordered to release {to}, which is live now"
            f" (statement {back['serial']}).",
            _listed("", [back["note"]] if back["note"] else []),
            f"The next release is compared with release {to}, and is rolled out as usual. `lensloop"
            " fleet` shows which cameras are back.",
            *_where(record, sender),
        ],
    )


def gave_back(thing: str, epoch: int, runs: int | None, reason: str) -> Message:
    """A camera proved a release, and then gave it up by itself; its subject gets its sender when it
    is sent."""
    now = f"It runs release {runs} again" if runs else "It runs no release now"
    return Message(
        f"{thing} gave release {epoch} back",
        f"{thing} had proved release {epoch} and gave it back by itself: {reason}. {now}.\n\n"
        f"Release {epoch} is not ordered for this camera again; it gets the next one as every other"
        " camera does. `lensloop fleet` shows how the cameras are. If several give it back, take"
        " the pictures that it fails on into the data set, or look at what they have in common.",
    )


_MOST_SILENT = 20  # are named in one message; `lensloop fleet` names all


def fell_silent(last_heard: Sequence[tuple[str, int]]) -> Message:
    """Cameras that have not reported for more than an hour, with the epoch seconds of their last
    report."""
    count = len(last_heard)
    lines = []
    for thing, at in last_heard[:_MOST_SILENT]:
        last = datetime.fromtimestamp(at, UTC)
        lines.append(f"- {thing}, heard last on {last:%d %b %Y, %H:%M} UTC")
    if count > _MOST_SILENT:
        lines.append(f"- and {count - _MOST_SILENT} more")
    named = "\n".join(lines)
    return Message(
        f"{last_heard[0][0]} is silent" if count == 1 else f"{count} cameras are silent",
        f"Not heard of for more than an hour:\n\n{named}\n\nNo power, no network, or the agent does"
        " not run. You are told once of each, and again only if it reports and falls silent anew;"
        " `lensloop fleet` shows how all of them are.",
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


def short_name(arn: str) -> str:
    """Of whoever decided: the end of an ARN, which is what people know each other by."""
    return arn.rpartition(":")[2]


def as_text(message: Message) -> str:
    """As the trigger's item keeps it."""
    return f"{message.subject}\n\n{message.body}"


def from_text(text: str, sender: Sender) -> Message:
    subject, _, body = text.partition("\n\n")
    return _message(sender, subject, [body])


# Ends of a retraining


def _released(record: Record, sender: Sender) -> Message:
    return _message(
        sender,
        f"release {record['epoch']} is on its way to the cameras",
        [
            f"The model of run {record['epoch']} is good enough: it is release"
            f" {record['epoch']}, and its rollout has started.",
            _listed("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            *_where(record, sender),
        ],
    )


def _waits(record: Record, sender: Sender) -> Message:
    epoch, registered = record["epoch"], record["registered"] or {}
    package, instead_of = registered.get("package"), (record["release"] or {}).get("instead_of")
    in_registry = f"\nor set the status of its version in the registry:\n  {package}"
    replaced = f"It takes the place of release {instead_of}, which was still waiting."
    return _message(
        sender,
        f"release {epoch} waits for your approval",
        [
            f"The model of run {epoch} is good enough, and is published as release {epoch}. It goes"
            " to no camera until a person approves it.",
            replaced if instead_of else "",
            _listed("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            f"Look at the run's page, then:\n  lensloop approve {epoch}\n  lensloop reject {epoch}"
            + (in_registry if package else ""),
            *_where(record, sender),
        ],
    )


def _refused(record: Record, sender: Sender) -> Message:
    return _message(
        sender,
        f"the model of run {record['epoch']} was refused",
        [
            f"The model of run {record['epoch']} is not good enough, and the cameras keep theirs.",
            _listed("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            "What you can do: look at the run's page. Move pictures that lie in the wrong folder,"
            " and add pictures of labels that are found too seldom. The next run starts by itself"
            " when pictures have changed.",
            *_where(record, sender),
        ],
    )


def _held(record: Record, sender: Sender) -> Message:
    return _message(
        sender,
        f"the model of run {record['epoch']} is held for a person",
        [
            f"The model of run {record['epoch']} reaches every floor, but whether it is better than"
            " the live one no rule can say. The cameras keep theirs.",
            _listed("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            "What you can do: if pictures were deleted or labels changed by mistake, bring them"
            " back; the next run starts by itself. If it is as you want it, release the model"
            " with:\n  lensloop approve",
            *_where(record, sender),
        ],
    )


def _nothing_new(record: Record, sender: Sender) -> Message | None:
    """Worth a message only for what lies where no run will ever look."""
    if not _part_of_data(record, "beside"):
        return None
    return _message(
        sender,
        "there are files beside images/",
        [
            f"Run {record['epoch']} found no new pictures under images/.",
            *_where(record, sender),
        ],
    )


def _too_few(record: Record, sender: Sender) -> Message:
    return _message(
        sender,
        "too few pictures to train",
        [
            f"Run {record['epoch']} trained nothing: there are too few usable pictures.",
            _listed("What is missing:", record["reasons"]),
            "The next run starts by itself when pictures have changed. The run's page lists every"
            " picture that was left out, and why.",
            *_where(record, sender),
        ],
    )


def _wrong_folders(record: Record, sender: Sender) -> Message:
    moves = _part_of_data(record, "moves")
    return _message(
        sender,
        "the folders under images/ do not look like labels",
        [
            f"Run {record['epoch']} trained nothing: the folders under images/ do not look like"
            " labels.",
            _listed("Why, and what you can do:", record["reasons"]),
            "\n  ".join(["What moves them:", *shortened(moves)]) if moves else "",
            *_where(record, sender),
        ],
    )


def _blocked(record: Record, sender: Sender) -> Message:
    return _message(
        sender,
        "retraining is blocked",
        [
            f"Run {record['epoch']} did not train: training on exactly these pictures kept"
            " failing.",
            "What you can do: change the pictures, or have it tried again as it is with\n"
            "  lensloop clear-block",
            *_where(record, sender),
        ],
    )


def _pictures_deleted(record: Record, sender: Sender) -> Message:
    return _message(
        sender,
        f"run {record['epoch']} begins anew, as pictures were deleted",
        [
            "That is all right, and nobody needs to act: the next run begins by itself, with the"
            " pictures that are there now.",
            _listed("", record["reasons"]),
            *_where(record, sender),
        ],
    )


def _not_rolled_out(record: Record, sender: Sender) -> Message:
    failure = record["failure"]
    return _message(
        sender,
        f"release {record['epoch']} could not be rolled out",
        [
            f"Release {record['epoch']} is published, but its rollout could not be started.",
            _listed("What broke:", [sentence(failure)] if failure else []),
            "Start it with:\n  lensloop retry",
            *_where(record, sender),
        ],
    )


_ENDS: Mapping[str, Callable[[Record, Sender], Message | None]] = {
    "nothing-new": _nothing_new,
    "released": _released,
    "refused": _refused,
    "held": _held,
    WAITS_FOR_APPROVAL: _waits,
    "too-few-images": _too_few,
    "wrong-folders": _wrong_folders,
    "blocked": _blocked,
    "pictures-deleted": _pictures_deleted,
    "not-rolled-out": _not_rolled_out,
}


# Ends of a rollout


def _rolled_out(record: Record, rollout: Rollout, sender: Sender) -> Message:
    cameras = counted(rollout["proven"], "camera", "cameras")
    return _message(
        sender,
        f"release {record['epoch']} is proven on {cameras}",
        [
            f"{cameras} proved release {record['epoch']} and"
            f" {'uses' if rollout['proven'] == 1 else 'use'} it.",
            _listed("", rollout["reasons"]),
            *_where(record, sender, rollout["execution"]),
        ],
    )


def _no_cameras(record: Record, rollout: Rollout, sender: Sender) -> Message:
    return _message(
        sender,
        f"release {record['epoch']} waits for its first camera",
        [
            f"No camera is registered yet. The first one that is gets release {record['epoch']}.",
            "Register one with:\n  lensloop camera add deeplens_<id> --home <folder>",
            *_where(record, sender, rollout["execution"]),
        ],
    )


def _not_proven(
    record: Record, rollout: Rollout, sender: Sender, wave: str, consequence: str
) -> Message:
    return _message(
        sender,
        f"release {record['epoch']} failed on the {wave}",
        [
            f"Too few cameras of the {wave} proved release {record['epoch']}. {consequence}",
            _listed("What the cameras answered:", rollout["reasons"]),
            "What you can do: `lensloop fleet` shows what each camera runs, `lensloop retry` rolls"
            " the release out again. The next release is rolled out as usual.",
            *_where(record, sender, rollout["execution"]),
        ],
    )


def _unanswered(record: Record, rollout: Rollout, sender: Sender) -> Message:
    return _message(
        sender,
        f"release {record['epoch']} waits for cameras that are offline",
        [
            f"No camera has answered in time whether it can use release {record['epoch']}. Nothing"
            " is decided: their order stays, and whoever returns takes the release. While it is not"
            " live it is also tried again with the daily look, or now with `lensloop retry`;"
            " `lensloop go-on` then does without canaries that are offline.",
            _listed("", rollout["reasons"]),
            *_where(record, sender, rollout["execution"]),
        ],
    )


def _rollout_failed(record: Record, rollout: Rollout, sender: Sender) -> Message:
    return _message(
        sender,
        f"the rollout of release {record['epoch']} failed",
        [
            f"The rollout of release {record['epoch']} broke. Cameras that were reached use it, the"
            " others keep theirs. If it is live, each camera that lacks it is ordered it by itself;"
            " if not, it is tried again with the daily look, or now with `lensloop retry`.",
            _listed("What broke:", rollout["reasons"]),
            *_where(record, sender, rollout["execution"]),
        ],
    )


def _canary_failed(record: Record, rollout: Rollout, sender: Sender) -> Message:
    untouched = (
        "The fleet was not touched, the order to the canaries is withdrawn, and the release does"
        " not become live. Canaries that took it go back to the live release."
    )
    return _not_proven(record, rollout, sender, "canary", untouched)


def _fleet_failed(record: Record, rollout: Rollout, sender: Sender) -> Message:
    kept = (
        "Those that could not went back to their last good release by themselves. No further camera"
        " is ordered it, and those that proved it are ordered back to the good release before:"
        " the last line below names that, where there is one."
    )
    return _not_proven(record, rollout, sender, "fleet", kept)


_ROLLOUT_ENDS: Mapping[str, Callable[[Record, Rollout, Sender], Message]] = {
    "rolled-out": _rolled_out,
    "no-cameras": _no_cameras,
    "unanswered": _unanswered,
    "canary-failed": _canary_failed,
    "fleet-failed": _fleet_failed,
    "failed": _rollout_failed,
}


# What the tick tells: it has no record, and writes its messages down before they are sent


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
        _listed("What broke:", reasons),
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
        _listed("What was tried, and what you can do:", reasons),
        f"{_still_waiting(pause_seconds)} Later tries follow by themselves until AWS has a machine;"
        " this is told once.",
        f"The run's page: lensloop report {epoch}",
    )
    return Message("retraining waits: AWS has no free machine", "\n\n".join(parts))


def blocked_after(digest: str, times: int, epoch: int, reasons: Sequence[str]) -> Message:
    return Message(
        f"retraining is blocked: the same data set failed {times} times",
        f"Data set {digest} failed {times} times, the last time in run {epoch}.\n\n"
        f"{_listed('What broke:', reasons)}\n\n"
        "It is not tried again until its pictures change. To have it tried again as it is:\n"
        "  lensloop clear-block",
    )


def _still_waiting(pause_seconds: int) -> str:
    return (
        "The changed pictures are still waiting; the next try is in"
        f" {max(1, pause_seconds // 60)} min."
    )


# How a message is put together


def _message(sender: Sender, what: str, parts: Iterable[str]) -> Message:
    body = "\n\n".join(part for part in parts if part)
    return Message(_subject(f"{sender.prefix}: {what}"), f"{body}\n")


def _subject(text: str) -> str:
    """SNS refuses a subject with a line break, a letter beyond ASCII, or more than 100 of them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"\s+", " ", plain).strip()[:MAX_SUBJECT]


def _listed(heading: str, reasons: Sequence[str]) -> str:
    if not reasons:
        return ""
    lines = [f"– {reason}" for reason in shortened(reasons)]
    return "\n".join([heading, *lines] if heading else lines)


def _trained_before(record: Record) -> list[str]:
    """Where a verdict came without a training."""
    training = record["training"]
    if not training or not training.get("model") or training.get("jobs"):
        return []
    return ["Nothing was trained: the model of these pictures was there, and was judged again."]


def _doubts(record: Record) -> list[str]:
    doubts = record["doubts"] or {}
    return ["\n".join(doubts.get("sentences") or ())]


def _where(record: Record, sender: Sender, execution: str = "") -> list[str]:
    epoch = record["epoch"]
    lines = [
        f"The run's page: lensloop report {epoch}",
        f"  s3://{sender.bucket}/{names.run(epoch, 'report.html')}",
    ]
    if link := console_link(execution or record["execution"]):
        lines += [f"Every step: {link}"]
    return ["\n".join(lines), *record["problems"]]


def console_link(execution: str) -> str:
    """The execution's page in the console of its partition; nothing where there is none."""
    parts = execution.split(":")
    if len(parts) < 8 or parts[1] not in _CONSOLES or parts[4] == LOCAL_ACCOUNT:
        return ""
    region = parts[3]
    return (
        f"https://{region}.{_CONSOLES[parts[1]]}/states/home?region={region}"
        f"#/v2/executions/details/{execution}"
    )
