"""What did the cameras of a wave answer?
Collects the answers, asks the rule, and withdraws a failed order.
"""

import os
import time
from typing import Any

from lambdas.aws import clients, fleet, registry
from lambdas.aws.state import state_table
from lensloop.model.registry import stage
from lensloop.rollout import (
    FAILED,
    PROVEN,
    WAITING,
    Answer,
    Patience,
    Release,
    WaveState,
    next_look,
    paused,
    superseded,
    wave_state,
)
from lensloop.settings import Settings
from lensloop.wire import names

_ANSWERED = ("SUCCEEDED", "FAILED", "REJECTED")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    wave, job, settings = event["wave"], event["job"], Settings.from_json(os.environ["SETTINGS"])
    again = names.again_of(str(event.get("execution") or ""))
    release, why = fleet.release(int(event["epoch"]), again)
    patience = _patience(wave, release.epoch, int(event["started_at"]), settings)
    if why:
        found = superseded(why)
    elif state_table().paused():
        found = paused()
    else:
        found = _moved(look(job, wave, release, patience), release.epoch)
    if found.cancel:
        fleet.withdraw(job, "NOT_PROVEN")
    if found.state != WAITING and not (why and _is_newest(release.epoch)):
        registry.show_stage(release.epoch, stage(wave, found.state))
    return {
        "job": job,
        "started_at": event["started_at"],
        "wait_seconds": next_look(settings.rollout_check_seconds, patience),
        "state": found.state,
        "reasons": list(found.reasons),
        "proven": found.proven,
        "cameras": found.cameras,
    }


def _is_newest(epoch: int) -> bool:
    """Who took it back, or began again with it, has told the registry."""
    candidate = state_table().candidate()
    return candidate is not None and candidate.release.epoch == epoch


def _moved(found: WaveState, epoch: int) -> WaveState:
    """What the first wave has proved is live; what it has not never will be. Later waves change
    nothing of that, but where one fails it goes to no further camera by itself."""
    table, now = state_table(), int(time.time())
    if found.state == PROVEN and not table.prove(epoch, now):
        return superseded("another release has taken its place")
    if found.state == FAILED:
        table.fail_candidate(epoch, now)
        live = table.live()
        if live is None or live.epoch != epoch:
            fleet.withdraw_all(epoch)
        else:
            table.stop_live(epoch, now)
    return found


def look(job: str, wave: str, release: Release, patience: Patience) -> WaveState:
    """Answers are read one by one, a call each,
    only once they could decide: if all who say so were right.
    """
    statuses = _statuses(job)
    aborted = clients.iot().describe_job(jobId=job)["job"]["status"] == "CANCELED"
    cameras = fleet.cameras_in(wave)  # one that has left the wave no longer counts
    claim = {"epoch": str(release.epoch), "sha256": release.sha256}
    claimed = [Answer(thing, statuses.get(thing, "QUEUED"), claim) for thing in cameras]
    state = wave_state(release, claimed, patience, aborted=aborted, wave=wave)
    if state.state == WAITING:
        return state
    answers = [
        Answer(thing, statuses.get(thing, "QUEUED"), _details(job, thing, statuses))
        for thing in cameras
    ]
    return wave_state(release, answers, patience, aborted=aborted, wave=wave)


def _statuses(job: str) -> dict[str, str]:
    """Each camera's newest execution of the job."""
    newest: dict[str, tuple[int, str]] = {}
    for page in clients.iot().get_paginator("list_job_executions_for_job").paginate(jobId=job):
        for execution in page["executionSummaries"]:
            thing, summary = (
                execution["thingArn"].rpartition("/")[2],
                execution["jobExecutionSummary"],
            )
            newest[thing] = max(
                newest.get(thing, (-1, "")), (summary.get("executionNumber", 0), summary["status"])
            )
    return {thing: status for thing, (_, status) in newest.items()}


def _details(job: str, thing: str, statuses: dict[str, str]) -> dict[str, str]:
    if statuses.get(thing) not in _ANSWERED:
        return {}
    execution = clients.iot().describe_job_execution(jobId=job, thingName=thing)["execution"]
    details: dict[str, str] = execution.get("statusDetails", {}).get("detailsMap", {})
    return details


def _patience(wave: str, epoch: int, started_at: int, settings: Settings) -> Patience:
    """A person's word is about the wave that ran when it was said."""
    candidate = state_table().candidate()
    tried = candidate and candidate.release.epoch == epoch
    return Patience(
        elapsed=int(time.time()) - started_at,
        timeout=settings.timeout_minutes(wave) * 60,
        min_proven_share=settings.min_proven_share,
        decide_now=bool(candidate and tried and candidate.decide_at >= started_at),
    )
