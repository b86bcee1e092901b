"""What became of a run? Its record, `runs/<epoch>/run.json`: everything people see is made from it.

Each end of a workflow adds its part (`of_retraining`, `of_rollout`, `of_trigger`), and so does who
approves (`of_approval`), takes the release back (`of_rollback`) or steers its rollout
(`of_steering`); a part that was there stays.
Nothing here fails for what is missing: a run that broke early has a record as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from lensloop.failure import Failure, sentence
from lensloop.model import precision
from lensloop.model.approval import SUPERSEDED, WAITING
from lensloop.trigger.blame import fault
from lensloop.wire import names
from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import Reader

FORMAT = 1
# Ends of both workflows that are failures; all others are as good as they could be.
FAILURES = frozenset({"failed", "not-rolled-out", "aborted", "timed-out", "forgotten"})
PICTURES_DELETED = "pictures-deleted"
NO_MACHINE = (
    "no-machine"  # AWS has none at the moment: a delay, after which the same is tried again
)
# Ends in which something failed on the way that is no failure of the run.
_NO_FAILURE = frozenset({PICTURES_DELETED, NO_MACHINE})
WAITS_FOR_APPROVAL = "waits-for-approval"
ROLLED_OUT, CANARY_FAILED = "rolled-out", "canary-failed"
_TRIED_AGAIN = ("unanswered", "failed")  # ends of rollouts, by itself
ROLLOUT_FAILURES = frozenset({"failed", CANARY_FAILED, "fleet-failed"})


class RecordError(LensloopError):
    """A run's record cannot be read; the message says why."""


class Sent(TypedDict):
    """A message to people; `sent` is false when it could not be handed to SNS."""

    at: str
    source: str
    subject: str
    body: str
    sent: bool


class Rollout(TypedDict):
    outcome: str
    reasons: list[str]
    proven: int
    cameras: int
    ended_at: str
    execution: str


class Approval(TypedDict):
    """What a person said of a release that waited: lensloop.model.approval's words."""

    decision: str
    by: str
    note: str
    at: str


class TakenBack(TypedDict):
    """A person took the cameras from this release to `to`, by the signed statement of `serial`."""

    to: int
    by: str
    note: str
    serial: int
    at: str


class Steered(TypedDict):
    """What a person wanted of its rollout: lensloop.steering's words."""

    decision: str
    by: str
    note: str
    at: str


class Record(TypedDict):
    """Times are ISO 8601 in UTC. What a run did not come to is None, a list then empty.

    `changes`: {new, removed, since: {epoch, digest} or None}. `dataset`: {digest, images, rejected,
    fetched: {images, bytes, volume_gb, everything_gb} for the training, labels: {label: {train,
    validation, test, images, new}}, report: S3 key, moves: [commands], lost and beside:
    [sentences]}.
    `training`: {jobs: [{name, status, seconds, billable_seconds, instance, spot}], model: S3 URI,
    tried: [{instance, spot, fault, said}], machines that did not train}.
    `scores`: what evaluation.json says of `candidate` and `live`. `verdict`: {ship, reasons,
    weak: [labels]}. `doubts`: {count, sentences}. `mistakes`: {count}. `unfamiliar`: {threshold,
    false_alarms}, None too where the model cannot tell. `features`: {kept, embedded}, how many
    pictures earlier jobs had looked at, and how many this one did. `int8`: what evaluation.json
    says of the model in eight bits, and of the model itself beside it {whole: {bytes,
    milliseconds}}. `release`: {epoch, model_sha256, labels, accuracy, left_out: {file: why it is no
    part of it}}. `registered`: {package: ARN of its version in the model registry, empty for
    none}.
    `problems` are sentences on what could not be read when this was written, was left out of the
    release, or could not be registered.
    """

    format: int
    epoch: int
    project: str
    outcome: str
    reasons: list[str]
    began_at: str | None
    ended_at: str | None
    execution: str
    changes: dict[str, Any] | None
    dataset: dict[str, Any] | None
    training: dict[str, Any] | None
    scores: dict[str, Any] | None
    verdict: dict[str, Any] | None
    doubts: dict[str, Any] | None
    mistakes: dict[str, Any] | None
    unfamiliar: dict[str, Any] | None
    features: dict[str, Any] | None
    int8: dict[str, Any] | None
    release: dict[str, Any] | None
    registered: dict[str, Any] | None
    approval: Approval | None
    rollout: Rollout | None
    taken_back: TakenBack | None
    steered: list[Steered]
    failure: Failure | None
    problems: list[str]
    messages: list[Sent]


@dataclass(frozen=True)
class Findings:
    """What lies in the bucket about a run: the data set's report, what the training measured."""

    report: Mapping[str, Any] | None = None
    evaluation: Mapping[str, Any] | None = None
    mistakes: Mapping[str, Any] | None = None
    insights: Mapping[str, Any] | None = None
    problems: tuple[str, ...] = field(default=())


def empty(project: str, epoch: int) -> Record:
    return Record(
        format=FORMAT,
        epoch=epoch,
        project=project,
        outcome="",
        reasons=[],
        began_at=None,
        ended_at=None,
        execution="",
        changes=None,
        dataset=None,
        training=None,
        scores=None,
        verdict=None,
        doubts=None,
        mistakes=None,
        unfamiliar=None,
        features=None,
        int8=None,
        release=None,
        registered=None,
        approval=None,
        rollout=None,
        taken_back=None,
        steered=[],
        failure=None,
        problems=[],
        messages=[],
    )


def of_retraining(record: Record, event: Mapping[str, Any], found: Findings, now: str) -> Record:
    """With how the retraining ended. `event` is what its workflow knows (see lambdas/tell.py)."""
    if event["outcome"] in _NO_FAILURE:
        event = {**event, "failure": None}
    updated: Record = {
        **record,
        "outcome": event["outcome"],
        "reasons": _reasons(event),
        "began_at": event.get("started_at"),
        "ended_at": now,
        "execution": event.get("execution") or "",
        "training": _training(event),
        "verdict": _part(event.get("verdict"), "ship", "reasons", "weak"),
        "doubts": _doubts(event.get("doubts")),
        "release": event.get("release"),
        "registered": _part(event.get("registered"), "package"),
        "failure": _failure(event.get("failure")),
        "problems": [
            *found.problems,
            *_left_out(event.get("release")),
            *_unregistered(event.get("registered")),
        ],
    }
    if event["outcome"] == WAITS_FOR_APPROVAL and not record["approval"]:
        updated["approval"] = Approval(decision=WAITING, by="", note="", at=now)
    if dataset := event.get("dataset"):
        updated["dataset"] = _dataset(dataset, found.report)
    if found.report:
        updated["changes"] = {name: found.report.get(name) for name in ("new", "removed", "since")}
    if found.evaluation:
        updated["scores"] = {name: found.evaluation.get(name) for name in ("candidate", "live")}
        updated["unfamiliar"] = found.evaluation.get("unfamiliar")
        updated["features"] = found.evaluation.get("features")
        updated["int8"] = precision.told(found.evaluation)
    if found.mistakes:
        updated["mistakes"] = {"count": found.mistakes["count"]}
    return updated


def of_rollout(record: Record, event: Mapping[str, Any], now: str) -> Record:
    """With how its release fared on the cameras."""
    waves = [wave for wave in map(event.get, ("canary", "fleet", "back")) if wave]
    failure = _failure(event.get("failure"))
    reasons = [reason for wave in waves for reason in wave.get("reasons", ())]
    rollout: Rollout = {
        "outcome": event["outcome"],
        "reasons": reasons + ([sentence(failure)] if failure else []),
        "proven": sum(wave.get("proven", 0) for wave in waves),
        "cameras": sum(wave.get("cameras", 0) for wave in waves),
        "ended_at": now,
        "execution": event.get("execution") or "",
    }
    again = event["outcome"] == ROLLED_OUT  # taken back before, and proved since
    return {**record, "rollout": rollout, "taken_back": None if again else record["taken_back"]}


def of_approval(record: Record, event: Mapping[str, Any], now: str) -> Record:
    """With what was decided about its release, the first time that it was said."""
    before = record["approval"]
    if before and before["decision"] == event["decision"]:
        return record
    approval = Approval(
        decision=event["decision"], by=event.get("by") or "", note=event.get("note") or "", at=now
    )
    return {**record, "approval": approval}


def of_rollback(record: Record, event: Mapping[str, Any], now: str) -> Record:
    """With who took the cameras from its release to another one."""
    taken_back = TakenBack(
        to=int(event["to"]),
        by=event.get("by") or "",
        note=event.get("note") or "",
        serial=int(event["serial"]),
        at=now,
    )
    before = record["taken_back"]
    same = before is not None and before["serial"] == taken_back["serial"]
    return record if same else {**record, "taken_back": taken_back}


def of_steering(record: Record, event: Mapping[str, Any]) -> Record:
    """With what a person wanted of its rollout; once, however often the event comes."""
    steered = Steered(
        decision=event["decision"],
        by=event.get("by") or "",
        note=event.get("note") or "",
        at=event["at"],
    )
    if steered in record["steered"]:
        return record
    return {**record, "steered": [*record["steered"], steered]}


def superseded_by(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is to be noted of the release that waited until this run's took its place."""
    older = int((event.get("release") or {}).get("instead_of") or 0)
    if not older:
        return None
    by = f"release {event['epoch']}"
    return {"workflow": "approval", "epoch": older, "decision": SUPERSEDED, "by": by}


def of_trigger(record: Record, ending: Mapping[str, Any] | None, now: str) -> Record:
    """With what the tick saw of the run's end, where the workflow could not report it itself.

    `ending` is {epoch, outcome, reasons}: AWS' own word for how the execution ended.
    """
    if record["outcome"] or not ending or int(ending["epoch"]) != record["epoch"]:
        return record
    outcome = str(ending["outcome"])
    known = outcome.split()[0] if outcome.startswith("forgotten") else outcome.replace(" ", "-")
    return {**record, "outcome": known, "reasons": list(ending.get("reasons", ())), "ended_at": now}


def with_message(record: Record, message: Sent) -> Record:
    """Once: the same words from the same source replace what was noted of them before."""
    others = [other for other in record["messages"] if not _same(other, message)]
    return {**record, "messages": [*others, message]}


def was_sent(record: Record, message: Sent) -> bool:
    return any(other["sent"] and _same(other, message) for other in record["messages"])


def is_known(before: Record, now: Record, message: Sent) -> bool:
    """A rollout that came to nothing is tried again each day: the same end is told once."""
    was, ended = before["rollout"], now["rollout"]
    if was is None or ended is None or ended["outcome"] not in _TRIED_AGAIN:
        return False
    if (was["outcome"], was["reasons"]) != (ended["outcome"], ended["reasons"]):
        return False
    words = ("rollout", message["subject"])
    told = [(sent["source"], sent["subject"]) for sent in before["messages"] if sent["sent"]]
    return (message["source"], message["subject"]) == words and words in told


def read(text: str | bytes) -> Record:
    """A record as `lambdas/tell.py` wrote it. Raises RecordError."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RecordError(f"The run's record is not JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RecordError(f"The run's record is not of format {FORMAT}, which this version reads.")
    if not isinstance(content.get("epoch"), int):
        raise RecordError("The run's record does not say of which run it is.")
    merged: Record = {**empty("", content["epoch"]), **content}
    _check(Reader(merged))
    return merged


def to_json(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True).encode()


def page_key(epoch: int) -> str:
    return names.run(epoch, "report.html")


def _check(top: Reader) -> None:
    """What is shown of every run, by the command as well, is what it must be."""
    top.value("outcome", _is_text, "text")
    top.value("reasons", _are_texts, "a list of sentences")
    if top.has("ended_at"):
        _check_time(top, "ended_at")
    _check_decisions(top)
    if rollout := top.maybe("rollout"):
        rollout.text("outcome")
        rollout.value("reasons", _are_texts, "a list of sentences")
    for message in top.parts("messages"):
        _check_time(message, "at")
        for name in ("source", "subject", "body"):
            message.text(name)
        message.value("sent", lambda sent: isinstance(sent, bool), "true or false")
    top.check(RecordError, "The run's record is wrong")


def _check_decisions(top: Reader) -> None:
    if approval := top.maybe("approval"):
        for name in ("decision", "by", "note"):
            approval.value(name, _is_text, "text")
    if taken_back := top.maybe("taken_back"):
        taken_back.whole("to", low=1)
        for name in ("by", "note"):
            taken_back.value(name, _is_text, "text")
        _check_time(taken_back, "at")

    for steered in top.parts("steered"):
        for name in ("decision", "by", "note"):
            steered.value(name, _is_text, "text")
        _check_time(steered, "at")


def _check_time(part: Reader, name: str) -> None:
    part.value(name, _is_time, "a time of ISO 8601")


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _reasons(event: Mapping[str, Any]) -> list[str]:
    """What broke and what to do; the verdict's once there is one; else the data set's."""
    if event["outcome"] == PICTURES_DELETED:
        return list(event["deleted"]["reasons"])
    if event["outcome"] == NO_MACHINE:
        return list(event["machine"]["reasons"])
    if failure := _failure(event.get("failure")):
        what_to_do = [fault(**failure).advice] if event["outcome"] == "failed" else []
        return [sentence(failure), *what_to_do]
    answered = event.get("verdict") or event.get("dataset") or {}
    return list(answered.get("reasons", ()))


def _dataset(answer: Mapping[str, Any], report: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "digest": answer["digest"],
        "images": answer["images"],
        "fetched": answer.get("fetched"),
        "rejected": answer["rejected"],
        "labels": (report or {}).get("labels", {}),
        "report": answer["report"],
        "moves": list(answer.get("moves", ())),
        "beside": list(answer.get("beside", ())),
        "lost": list((report or {}).get("lost", ())),
    }


def _training(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """With the machines that were tried in vain: of those that were refused there is no job."""
    training, machine = event.get("training"), event.get("machine") or {}
    if not training and not machine.get("tried"):
        return None
    return {**(training or {"jobs": [], "model": None}), "tried": list(machine.get("tried", ()))}


def _failure(caught: Mapping[str, Any] | None) -> Failure | None:
    """As Step Functions catches it; some errors, such as a timeout, come without a cause."""
    if not caught:
        return None
    return {"error": str(caught.get("Error") or ""), "cause": str(caught.get("Cause") or "")}


def _doubts(answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if failure := _failure((answer or {}).get("failure")):
        unknown = f"Which labels may be wrong could not be reported: {sentence(failure)}"
        return {"count": 0, "sentences": [unknown]}
    return _part(answer, "count", "sentences")


def _left_out(release: Mapping[str, Any] | None) -> list[str]:
    """Files that the cloud, as the first camera, did not prove; cameras run the model itself."""
    files = (release or {}).get("left_out") or {}
    return [f"The release goes without {name}: {why}." for name, why in files.items()]


def _unregistered(answer: Mapping[str, Any] | None) -> list[str]:
    """What is missing in SageMaker's registry, whose step never stops a release."""
    if failure := _failure((answer or {}).get("failure")):
        return [f"The release could not be registered in SageMaker: {sentence(failure)}"]
    return list((answer or {}).get("problems", ()))


def _part(answer: Mapping[str, Any] | None, *wanted: str) -> dict[str, Any] | None:
    return {name: answer.get(name) for name in wanted} if answer else None


def _same(one: Sent, other: Sent) -> bool:
    words = (one["source"], one["subject"], one["body"])
    return words == (other["source"], other["subject"], other["body"])
