"""What is a person told of a run, and what is written down? The last step of every end of both
workflows, and how the tick sends its messages.

Writes runs/<epoch>/run.json and report.html, and publishes the message. Events, where what a run
did not come to is null:
{"workflow": "retraining", epoch, execution, started_at, outcome, dataset, training, doubts,
verdict, release, registered, failure}; {"workflow": "rollout", epoch, execution, outcome, canary,
fleet, back, failure}; {"workflow": "approval", epoch, decision, by, note} of a release that waited;
{"workflow": "rollback", epoch, to, by, note, serial, cameras} of one that was taken back, with
"told" where its rollout tells so;
{"workflow": "steering", epoch, decision, by, note, at} of what a person wanted of its rollout;
{"workflow": "trigger", epoch, text} from the tick; {"workflow": "fleet", epoch, text} of a camera
that gave the release back, of silent ones, and of other release keys.
"""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws import bucket, clients
from lambdas.aws.artifact import fetch
from lambdas.aws.state import state_table
from lensloop import news, record
from lensloop.archive import parsed, read_files
from lensloop.model import insights, mistakes
from lensloop.model.evaluation import read_evaluation
from lensloop.pages.run import page
from lensloop.record import Findings, Record, Sent
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import BadArtifact

EVALUATION, MISTAKES, INSIGHTS = "evaluation.json", mistakes.FILE, insights.FILE
_TRIES = 8  # of a write that another end of this run was faster with; there are two or three


class Unsent(Exception):
    """The message could not be handed to SNS; the record says so, and a retry sends it."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings = Settings.from_json(os.environ["SETTINGS"])
    epoch, now = int(event["epoch"]), datetime.now(UTC).isoformat(timespec="seconds")
    before, _ = _read(settings.project, epoch)
    found = _findings(event, before)
    updated = _updated(before, event, found, now)
    message = _message(updated, event, settings, now)
    if message and record.is_known(before, updated, message):
        message = None
    problem = ""
    if message and not record.was_sent(before, message):
        problem = _publish(message)
        message = {**message, "sent": not problem}
    written = _write(
        settings.project, epoch, lambda latest: _noted(_updated(latest, event, found, now), message)
    )
    _write_page(written, found, settings.project)
    if problem:
        raise Unsent(problem)
    if event["workflow"] == "retraining" and (older := record.superseded_by(event)):
        handler(older, context)
    if event["workflow"] == "rollback" and int(event["to"]) != epoch:
        _in_use_again(settings.project, int(event["to"]))
    return {"epoch": epoch, "outcome": written["outcome"], "told": bool(message)}


def _in_use_again(project: str, epoch: int) -> None:
    """A release that had been taken back itself is not shown so any more; its messages stay."""
    before, _ = _read(project, epoch)
    if before["taken_back"]:
        written = _write(project, epoch, lambda latest: {**latest, "taken_back": None})
        _write_page(written, _findings({}, written), project)


def _updated(before: Record, event: Mapping[str, Any], found: Findings, now: str) -> Record:
    match event["workflow"]:
        case "retraining":
            return record.of_retraining(before, event, found, now)
        case "rollout":
            return record.of_rollout(before, event, now)
        case "approval":
            return record.of_approval(before, event, now)
        case "rollback":
            return record.of_rollback(before, event, now)
        case "steering":
            return record.of_steering(before, event)
        case "fleet":
            return before
    return record.of_trigger(before, state_table().last_outcome(), now)


def _message(
    updated: Record, event: Mapping[str, Any], settings: Settings, now: str
) -> Sent | None:
    sender = news.Sender(names.prefix(settings.project, settings.stage), bucket.name())
    match event["workflow"]:
        case "retraining":
            message = news.of_retraining(updated, sender)
        case "rollout":
            message = news.of_rollout(updated, sender)
        case "approval":
            message = news.of_approval(updated, sender)
        case "rollback":
            told = bool(event.get("told"))
            message = None if told else news.of_rollback(updated, int(event["cameras"]), sender)
        case "steering":
            message = None  # who did it knows
        case _:
            message = news.from_text(event["text"], sender)
    if message is None:
        return None
    return Sent(
        at=now, source=event["workflow"], subject=message.subject, body=message.body, sent=True
    )


def _noted(updated: Record, message: Sent | None) -> Record:
    """What was sent once stays sent, whoever writes next."""
    if message is None or record.was_sent(updated, message):
        return updated
    return record.with_message(updated, message)


def _publish(message: Sent) -> str:
    """What went wrong, or nothing: a record must be written whatever happens here."""
    try:
        clients.sns().publish(
            TopicArn=os.environ["TOPIC_ARN"], Subject=message["subject"], Message=message["body"]
        )
    except (BotoCoreError, ClientError) as error:
        return f"The message could not be sent: {error}"
    return ""


# What lies in the bucket


def _findings(event: Mapping[str, Any], before: Record) -> Findings:
    """All that can be read; what cannot is a problem that the record names."""
    problems: list[str] = []
    dataset = event.get("dataset") or before["dataset"]
    training = event.get("training") or before["training"] or {}
    report = _tried(lambda: bucket.read_json(_report_key(dataset)), problems) if dataset else None
    files = _tried(lambda: _trained(training["model"]), problems) if training.get("model") else None
    return Findings(
        report=report,
        evaluation=(files or {}).get(EVALUATION),
        mistakes=(files or {}).get(MISTAKES),
        insights=_insights(files or {}, problems),
        problems=tuple(problems),
    )


def _insights(files: Mapping[str, Any], problems: list[str]) -> Any:
    """Earlier trainings left none; some that cannot be shown cost nothing else."""
    if INSIGHTS not in files:
        return None
    return _tried(lambda: insights.read_insights(files[INSIGHTS]), problems)


def _report_key(dataset: Mapping[str, Any]) -> str:
    return names.dataset(dataset["digest"], "report.json")


def _trained(model: str) -> dict[str, Any]:
    archive, _ = fetch(clients.s3(), bucket.name(), model)
    files = read_files(archive, lambda name: name in (EVALUATION, MISTAKES, INSIGHTS))
    found = {name: parsed(files, name) for name in files}
    if EVALUATION in found:
        read_evaluation(found[EVALUATION])  # refuses what does not add up
    return found


def _tried(read: Callable[[], Any], problems: list[str]) -> Any:
    try:
        return read()
    except (BadArtifact, BotoCoreError, ClientError, ValueError) as problem:  # or no JSON
        problems.append(f"Not everything could be read when this was written: {problem}")
        return None


# The record


def _read(project: str, epoch: int) -> tuple[Record, str]:
    """The record and its ETag; an empty one without an ETag when there is none, or none that can be
    read: what is broken is written anew.
    """
    key = names.run(epoch, "run.json")
    try:
        answer = clients.s3().get_object(Bucket=bucket.name(), Key=key)
    except ClientError as error:
        if not bucket.is_missing(error):
            raise
        return record.empty(project, epoch), ""
    try:
        return record.read(answer["Body"].read()), answer["ETag"]
    except record.RecordError:
        return record.empty(project, epoch), answer["ETag"]


def _write(project: str, epoch: int, change: Callable[[Record], Record]) -> Record:
    """Read, change, and put only if nobody else did: no end loses another's part."""
    key = names.run(epoch, "run.json")
    for attempt in range(_TRIES):
        latest, etag = _read(project, epoch)
        written = change(latest)
        condition: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            clients.s3().put_object(
                Bucket=bucket.name(),
                Key=key,
                Body=record.to_json(written),
                ContentType="application/json",
                **condition,
            )
            return written
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise
            if attempt + 1 == _TRIES:
                raise
    raise AssertionError("the last attempt returns or raises")


def _write_page(written: Record, found: Findings, project: str) -> None:
    """Again when another end added its part meanwhile, so that the last page shows all of them."""
    while True:
        html = page(
            written, found.report, found.mistakes, found.insights, found.evaluation
        ).encode()
        bucket.write(record.page_key(written["epoch"]), html, "text/html; charset=utf-8")
        latest, _ = _read(project, written["epoch"])
        if latest == written:
            return
        written = latest
