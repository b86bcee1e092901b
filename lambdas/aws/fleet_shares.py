"""Whose turn is it in the fleet, and who was asked so far? What the rule of shares needs to know.

Membership is what was ordered: a job's targets stay, whoever joins or leaves the fleet meanwhile.
"""

import time

from lambdas.aws import clients, fleet
from lambdas.aws.state import state_table
from lensloop import shares
from lensloop.fleet.look import SILENT_AFTER
from lensloop.settings import Settings
from lensloop.shares import Fleet, Share
from lensloop.wire import names


def turn(number: int, epoch: int, again: int, settings: Settings) -> Share:
    """The share of this number, or the next in which somebody is."""
    of = shares.percents(settings.rollout_wave_percents)
    if number >= len(of):
        return Share(len(of))
    things = fleet.cameras_in("fleet")
    found = Fleet(things, asked(epoch, again, settings), _quiet())
    return shares.share(number, of, found, epoch, settings.rollout_least_answers)


def asked(epoch: int, again: int, settings: Settings) -> set[str]:
    """By the shares of this try so far."""
    prefix = names.prefix(settings.project, settings.stage)
    found: set[str] = set()
    for job in state_table().rollout_jobs():
        if names.is_share_of(prefix, epoch, again, job):
            found |= targets(job)
    return found


def jobs_of(share: str) -> list[str]:
    """`share`: as names.share_job names it."""
    return [job for job in state_table().rollout_jobs() if job.startswith(f"{share}-")]


def targets(job: str) -> set[str]:
    found = clients.iot().describe_job(jobId=job)["job"]["targets"]
    return {arn.rpartition("/")[2] for arn in found}


def _quiet() -> set[str]:
    now = int(time.time())
    cameras = state_table().cameras()
    return {camera.thing for camera in cameras if now - camera.seen_at > SILENT_AFTER}
