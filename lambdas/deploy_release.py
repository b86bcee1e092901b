"""How does a release get to cameras? This is the DeepLens deployment function: it orders one wave
to take the release.

The order is an AWS IoT Job whose document carries presigned addresses. Its target selection is
continuous: a camera that joins the wave later gets the release too. The job is named after epoch
wave and try, so a retry of this step orders nothing twice.

A share of the fleet has orders of its own, which name its cameras; only the last share's is that of
the whole fleet, and until then whoever joins gets what the fleet had before.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.aws import clients, fleet, fleet_shares, registry
from lambdas.aws.state import state_table
from lensloop import shares
from lensloop.model.registry import stage
from lensloop.rollout import WAITING, WaveState, held, superseded, to_cancel
from lensloop.settings import Settings
from lensloop.shares import Share
from lensloop.window import hold
from lensloop.wire import manifest, names, order
from lensloop.wire.errors import BadArtifact

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import PresignedUrlConfigTypeDef

# Who may not list the bucket is told the second.
_MISSING = ("NoSuchKey", "AccessDenied")
_URL_LIVES_SECONDS = 3600  # the most that AWS IoT gives; a slow camera needs long
MOST_TARGETS = 100  # of a job: a quota of AWS IoT that cannot be raised


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch, wave = int(event["epoch"]), event["wave"]
    settings = Settings.from_json(os.environ["SETTINGS"])
    again = names.again_of(str(event.get("execution") or ""))
    number = int(event.get("share") or 1)
    if stopped := _stopped(epoch, again):
        return _answer("", 0, number, settings, stopped)
    not_yet = hold(settings.rollout_window, int(time.time()))
    if not_yet.seconds:
        answer = _answer("", 0, number, settings, held(not_yet.reason))
        return answer | {"wait_seconds": not_yet.next_look}
    if wave == "fleet":
        share = fleet_shares.turn(number, epoch, again, settings)
        if not share.is_last:
            return _order_share(share, epoch, again, settings)
    return _order_whole(wave, epoch, again, number, settings)


def _order_whole(
    wave: str, epoch: int, again: int, number: int, settings: Settings
) -> dict[str, Any]:
    job = names.rollout_job(names.prefix(settings.project, settings.stage), epoch, wave, again)
    cameras = fleet.cameras_in(wave)
    state_table().note_rollout_job(job)
    order_wave(job, epoch, wave, settings)
    for older in to_cancel(state_table().rollout_jobs(), job, wave):
        fleet.withdraw(older, "SUPERSEDED")
    if stopped := _overtaken(epoch, again, [job]):
        return _answer(job, len(cameras), number, settings, stopped)
    if wave == "fleet":
        state_table().go_on_with_live(epoch)
        if not cameras:
            state_table().prove(epoch, int(time.time()))  # nobody is there who could prove it
    _show(epoch, wave, len(cameras))
    return _answer(job, len(cameras), number, settings)


def _order_share(share: Share, epoch: int, again: int, settings: Settings) -> dict[str, Any]:
    """The order of the whole fleet for the release before stays: who joins gets that meanwhile."""
    prefix = names.prefix(settings.project, settings.stage)
    name = names.share_job(prefix, epoch, share.number, again)
    parts = shares.parts(share.things, MOST_TARGETS)
    body = json.dumps(document(epoch, settings.fleet_timeout_minutes))
    jobs = [names.share_part(name, part) for part in range(1, len(parts) + 1)]
    for job, things in zip(jobs, parts, strict=True):
        state_table().note_rollout_job(job)
        order_things(job, body, things, epoch, settings, among=len(parts))
    for other in state_table().rollout_jobs():
        if names.is_share(other) and not names.is_share_of(prefix, epoch, again, other):
            fleet.withdraw(other, "SUPERSEDED")
    stopped = _overtaken(epoch, again, jobs)
    if not stopped:
        _show(epoch, "fleet", len(share.things))
    answer = _answer(name, len(share.things), share.number, settings, stopped)
    return answer | {"is_share": True}


def _overtaken(epoch: int, again: int, jobs: Sequence[str]) -> WaveState | None:
    """A newer release, or a person's word, may have come since the first look; and who wrote that
    may have looked before these jobs were.
    """
    stopped = _stopped(epoch, again)
    if stopped:
        for job in jobs:
            fleet.withdraw(job, "SUPERSEDED")
    return stopped


def _stopped(epoch: int, again: int) -> WaveState | None:
    if why := fleet.release(epoch, again)[1]:
        return superseded(why)
    return fleet.paused()


def _show(epoch: int, wave: str, cameras: int) -> None:
    """In the model registry: in staging while canaries try it, in production from then on."""
    if wave == "fleet":
        registry.show_production(epoch, stage(wave, WAITING))
    elif cameras:
        registry.show_stage(epoch, stage(wave, WAITING))


def order_wave(job: str, epoch: int, wave: str, settings: Settings) -> None:
    """Without AWS IoT's own abort: its share is of the cameras that have ended, so that the first
    few of a large fleet could stop a release that nearly all would prove. The rollout's rule counts
    all cameras, and looks twice a minute at first.
    """
    minutes = settings.timeout_minutes(wave)
    _order_once(
        jobId=job,
        targets=[fleet.group_of(wave)],
        targetSelection="CONTINUOUS",
        description=f"Release {epoch} for the {wave} cameras",
        document=json.dumps(document(epoch, minutes)),
        presignedUrlConfig=_presigned(),
        jobExecutionsRolloutConfig={"maximumPerMinute": settings.rollout_cameras_per_minute},
        timeoutConfig={"inProgressTimeoutInMinutes": minutes},
    )


def order_again(job: str, order_document: str, thing: str, epoch: int, settings: Settings) -> None:
    """For one camera that does not run what it should; the job ends when that camera answers."""
    arn = fleet.thing_arn(thing)
    clients.iot().create_job(
        jobId=job,
        targets=[arn],
        targetSelection="SNAPSHOT",
        description=f"Release {epoch} again for {thing}",
        document=order_document,
        presignedUrlConfig=_presigned(),
        timeoutConfig={"inProgressTimeoutInMinutes": settings.fleet_timeout_minutes},
    )


def order_things(
    job: str,
    order_document: str,
    things: Sequence[str],
    epoch: int,
    settings: Settings,
    *,
    among: int,
) -> None:
    """For cameras that are named, by one of so many jobs that run at once: together they begin no
    faster than one would.
    """
    rate = max(1, settings.rollout_cameras_per_minute // among)
    _order_once(
        jobId=job,
        targets=[fleet.thing_arn(thing) for thing in things],
        targetSelection="SNAPSHOT",
        description=f"Release {epoch} for a share of the fleet",
        document=order_document,
        presignedUrlConfig=_presigned(),
        jobExecutionsRolloutConfig={"maximumPerMinute": rate},
        timeoutConfig={"inProgressTimeoutInMinutes": settings.fleet_timeout_minutes},
    )


def _order_once(**job: Any) -> None:
    """A step that is tried again finds its job there."""
    try:
        clients.iot().create_job(**job)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise


def document(epoch: int, minutes: int) -> dict[str, Any]:
    """What a camera is told; the addresses become presigned ones when it asks. With the signed
    statement, where one leads to this release: a camera that had a newer one takes it only so. And
    with every change of keys, because the camera may have been away for all of them.
    """
    bucket, host, table = os.environ["BUCKET"], os.environ["S3_HOST"], state_table()
    body, signature = _read(epoch, manifest.FILE), _read(epoch, manifest.SIGNATURE_FILE)
    digest = hashlib.sha256(body).hexdigest()
    _check_published(epoch, digest)
    release = manifest.parse(_json(body, epoch))
    if release.epoch != epoch:
        raise BadArtifact(f"The manifest in {names.release(epoch)} is of release {release.epoch}.")

    def url(file: str) -> str:
        key = names.release(epoch, file)
        return f"${{aws:iot:s3-presigned-url:https://{host}/{bucket}/{key}}}"

    back, renewed = table.rollback(), table.renewed(epoch)
    stated = back.signed if back and back.epoch == epoch else None
    signature = renewed.signature if renewed else signature
    # Last: a signature from before still counts, one by a key that nobody was led to does not.
    return order.make(release, digest, url, signature, stated, minutes, table.keys().chain)


def _check_published(epoch: int, manifest_sha256: str) -> None:
    """The bucket is not believed: only what was put down of the release when it was published."""
    if state_table().manifest_of(epoch) != manifest_sha256:
        raise BadArtifact(
            f"{names.release(epoch, manifest.FILE)} is not what was published as release {epoch},"
            " so no camera is told to take it. If it was published before releases were signed, the"
            " next release is; otherwise find out who may write the bucket."
        )


def _read(epoch: int, file: str) -> bytes:
    key = names.release(epoch, file)
    try:
        return clients.s3().get_object(Bucket=os.environ["BUCKET"], Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        raise BadArtifact(f"{key} is not there, so release {epoch} cannot be ordered.") from error


def _presigned() -> "PresignedUrlConfigTypeDef":
    return {
        "roleArn": os.environ["PRESIGN_ROLE_ARN"],
        "expiresInSec": _URL_LIVES_SECONDS,
    }


def _answer(
    job: str, cameras: int, share: int, settings: Settings, stopped: WaveState | None = None
) -> dict[str, Any]:
    """`stopped`: why nothing is ordered. `share`: the number of the one that is at it, or that is
    to be ordered next. In the shape of check_rollout's answers, so that the workflow can keep both
    under one name.
    """
    return {
        "job": job,
        "share": share,
        "is_share": False,
        "proved_at": 0,
        "cameras": cameras,
        "stopped": stopped is not None,
        "started_at": int(time.time()),
        "wait_seconds": settings.rollout_check_seconds,
        "state": stopped.state if stopped else WAITING,
        "reasons": list(stopped.reasons) if stopped else [],
        "proven": 0,
    }


def _json(body: bytes, epoch: int) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadArtifact(f"{names.release(epoch, manifest.FILE)} is not JSON: {error}.") from error
