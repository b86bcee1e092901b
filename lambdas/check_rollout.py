"""What did the cameras of a wave answer, and how do they fare with it since?
Collects that, asks the rules, and withdraws a failed order.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lambdas.aws import clients, fleet, fleet_shares, registry
from lambdas.aws.state import state_table
from lensloop import shares
from lensloop.fleet.baking import Bake, as_they_run_it, baked
from lensloop.fleet.pace import within_budget
from lensloop.model.registry import stage
from lensloop.rollout import (
    FAILED,
    GOES_ON,
    PROVEN,
    SKIPPED,
    WAITING,
    Answer,
    Patience,
    Release,
    WaveState,
    next_look,
    superseded,
    wave_state,
)
from lensloop.settings import Settings
from lensloop.wire import names

_ANSWERED = ("SUCCEEDED", "FAILED", "REJECTED")


@dataclass(frozen=True)
class Wave:
    """`share`: the number of the share of the fleet, where the job, or jobs, are for one; else 0.
    `again`: which try of the rollout it is.
    """

    name: str
    job: str
    share: int
    again: int

    @property
    def jobs(self) -> Sequence[str]:
        return fleet_shares.jobs_of(self.job) if self.share else [self.job]

    @property
    def is_last(self) -> bool:
        return self.name == "fleet" and not self.share

    def cameras(self) -> list[str]:
        """One that has left the wave no longer counts."""
        found = fleet.cameras_in(self.name)
        if not self.share:
            return found
        ordered = set[str]().union(*map(fleet_shares.targets, self.jobs))
        return [thing for thing in found if thing in ordered]


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings = Settings.from_json(os.environ["SETTINGS"])
    again = names.again_of(str(event.get("execution") or ""))
    number = int(event.get("share") or 1)
    share = number if event.get("is_share") else 0
    wave = Wave(event["wave"], event["job"], share, again)
    release, why = fleet.release(int(event["epoch"]), again)
    patience, bake = _patience(wave, release.epoch, event, settings)
    proved_at = 0
    if why:
        found = superseded(why)
    elif paused := fleet.paused():
        found = paused
    else:
        most = 0 if _is_live(release.epoch) else settings.max_camera_milliseconds
        found = look(wave, release, patience, bake, most)
        if found.state == PROVEN:
            proved_at = bake.proved_at or bake.now
            bake = replace(bake, proved_at=proved_at)
        found = _moved(wave, baked(found, release, bake), release.epoch, settings)
    if found.cancel:
        _withdraw(wave, release.epoch)
    if found.state != WAITING and not (why and _is_newest(release.epoch)):
        registry.show_stage(release.epoch, stage(wave.name, found.state))
    goes_on = bool(share) and found.state in (PROVEN, SKIPPED)
    return {
        "job": wave.job,
        "share": number + 1 if goes_on else number,
        "is_share": bool(share),
        "started_at": event["started_at"],
        "proved_at": proved_at,
        "wait_seconds": _next_look(patience, bake, settings),
        "state": GOES_ON if goes_on else found.state,
        "reasons": list(found.reasons),
        "proven": found.proven,
        "cameras": found.cameras,
    }


def _is_newest(epoch: int) -> bool:
    """Who took it back, or began again with it, has told the registry."""
    candidate = state_table().candidate()
    return candidate is not None and candidate.release.epoch == epoch


def _is_live(epoch: int) -> bool:
    """What a first wave has proved already no other hardware of the fleet takes back."""
    live = state_table().live()
    return live is not None and live.epoch == epoch


def _moved(wave: Wave, found: WaveState, epoch: int, settings: Settings) -> WaveState:
    """What the first wave has proved is live; what it has not never will be. Later waves change
    nothing of that, but where one fails it goes to no further camera, and the workflow's next step
    takes it back."""
    table, now = state_table(), int(time.time())
    by_shares = len(shares.percents(settings.rollout_wave_percents)) > 1 and not wave.is_last
    if found.state == PROVEN and not table.prove(epoch, now, by_shares=by_shares):
        return superseded("another release has taken its place")
    if found.state != FAILED:
        return found
    if wave.share:
        asked = len(fleet_shares.asked(epoch, wave.again, settings))
        how_far = shares.how_far(asked, len(fleet.cameras_in(wave.name)))
        found = replace(found, reasons=(*found.reasons, how_far))
    table.fail_candidate(epoch, now)
    if _is_live(epoch):
        table.stop_live(epoch, now)
    else:
        fleet.withdraw_all(epoch)
    return found


def _withdraw(wave: Wave, epoch: int) -> None:
    """A camera of an earlier share that has not answered must not take it any more either."""
    if wave.share:
        fleet.withdraw_all(epoch, wave=wave.name)
    else:
        fleet.withdraw(wave.job, "NOT_PROVEN")


def look(
    wave: Wave, release: Release, patience: Patience, bake: Bake, most_milliseconds: int
) -> WaveState:
    """Answers are read one by one, a call each,
    only once they could decide: if all who say so were right.
    """
    jobs, cameras = wave.jobs, wave.cameras()
    found = {thing: answer for job in jobs for thing, answer in _answers(job, release).items()}
    aborted = any(_is_cancelled(job) for job in jobs)
    proved = any(each.claim.status == "SUCCEEDED" for each in found.values())
    known = state_table().cameras() if proved else []

    def judged(answers: Sequence[Answer]) -> WaveState:
        in_time = within_budget(answers, most_milliseconds)
        now = as_they_run_it(in_time, known, release, bake)
        return wave_state(release, now, patience, aborted=aborted, wave=wave.name)

    claimed = [found[thing].claim if thing in found else Answer(thing) for thing in cameras]
    state = judged(claimed)
    still_bakes = state.state == PROVEN and bake.runs and not bake.over
    if state.state == WAITING or still_bakes:
        return state
    return judged([found[thing].read() if thing in found else Answer(thing) for thing in cameras])


@dataclass(frozen=True)
class _Found:
    """`claim`: the answer, if a camera that says it proved the release did."""

    job: str
    number: int  # of the execution
    claim: Answer

    def read(self) -> Answer:
        if self.claim.status not in _ANSWERED:
            return replace(self.claim, details={})
        execution = clients.iot().describe_job_execution(
            jobId=self.job, thingName=self.claim.thing
        )["execution"]
        details = execution.get("statusDetails", {}).get("detailsMap", {})
        return replace(self.claim, details=details)


def _answers(job: str, release: Release) -> dict[str, _Found]:
    """By each camera's newest execution of the job."""
    claim = {"epoch": str(release.epoch), "sha256": release.sha256}
    newest: dict[str, _Found] = {}
    for page in clients.iot().get_paginator("list_job_executions_for_job").paginate(jobId=job):
        for execution in page["executionSummaries"]:
            thing = execution["thingArn"].rpartition("/")[2]
            summary = execution["jobExecutionSummary"]
            said_at = summary.get("lastUpdatedAt")
            answer = Answer(
                thing, summary["status"], claim, int(said_at.timestamp()) if said_at else 0
            )
            found = _Found(job, summary.get("executionNumber", 0), answer)
            if thing not in newest or newest[thing].number < found.number:
                newest[thing] = found
    return newest


def _is_cancelled(job: str) -> bool:
    return clients.iot().describe_job(jobId=job)["job"]["status"] == "CANCELED"


def _patience(
    wave: Wave, epoch: int, event: dict[str, Any], settings: Settings
) -> tuple[Patience, Bake]:
    """A person's word is about the wave that ran when it was said, or about its bake time."""
    candidate, now = state_table().candidate(), int(time.time())
    started_at, proved_at = int(event["started_at"]), int(event.get("proved_at") or 0)
    of_this = candidate and candidate.release.epoch == epoch
    said_at = candidate.decide_at if candidate and of_this else 0
    patience = Patience(
        elapsed=now - started_at,
        timeout=settings.timeout_minutes(wave.name) * 60,
        min_proven_share=settings.min_proven_share,
        decide_now=said_at >= started_at,
        least=1 if wave.is_last else settings.rollout_least_answers,
        is_last=wave.is_last,
        fleet=len(fleet.cameras_in(wave.name)) if wave.share else 0,
    )
    minutes = 0 if wave.is_last else settings.rollout_bake_minutes
    return patience, Bake(minutes, proved_at, now, bool(proved_at) and said_at >= proved_at)


def _next_look(patience: Patience, bake: Bake, settings: Settings) -> int:
    if bake.runs:
        patience = replace(patience, elapsed=bake.now - bake.proved_at, timeout=bake.minutes * 60)
    return next_look(settings.rollout_check_seconds, patience)
