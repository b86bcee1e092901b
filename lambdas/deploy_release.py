"""How does a release get to cameras? This is the DeepLens deployment function: it orders one wave
to take the release.

The order is an AWS IoT Job whose document carries presigned addresses. Its target selection is
continuous: a camera that joins the wave later gets the release too. The job is named after epoch
wave and try, so a retry of this step orders nothing twice.
"""

import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.aws import clients, fleet, registry
from lambdas.aws.state import state_table
from lensloop.model.registry import stage
from lensloop.rollout import WAITING, WaveState, held, paused, superseded, to_cancel
from lensloop.settings import Settings
from lensloop.window import Hold, hold
from lensloop.wire import manifest, names, order
from lensloop.wire.errors import BadArtifact

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import PresignedUrlConfigTypeDef

# Who may not list the bucket is told the second.
_MISSING = ("NoSuchKey", "AccessDenied")
_URL_LIVES_SECONDS = 3600  # the most that AWS IoT gives; a slow camera needs long


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch, wave = int(event["epoch"]), event["wave"]
    settings = Settings.from_json(os.environ["SETTINGS"])
    again = names.again_of(str(event.get("execution") or ""))
    job = names.rollout_job(names.prefix(settings.project, settings.stage), epoch, wave, again)
    if stopped := _stopped(epoch, again):
        return _answer(job, 0, settings, stopped)
    if not_yet := _hold(epoch, wave, settings):
        answer = _answer(job, 0, settings, held(not_yet.reason))
        return answer | {"wait_seconds": not_yet.next_look}
    cameras = fleet.cameras_in(wave)
    state_table().note_rollout_job(job)
    order_wave(job, epoch, wave, settings)
    for older in to_cancel(state_table().rollout_jobs(), job, wave):
        fleet.withdraw(older, "SUPERSEDED")
    # A newer release, or a person's word, may have come since the first look; and who wrote that
    # may have looked before this job was.
    if stopped := _stopped(epoch, again):
        fleet.withdraw(job, "SUPERSEDED")
        return _answer(job, len(cameras), settings, stopped)
    if wave == "fleet":
        state_table().go_on_with_live(epoch)
        if not cameras:
            state_table().prove(epoch, int(time.time()))  # nobody is there who could prove it
    _show(epoch, wave, len(cameras))
    return _answer(job, len(cameras), settings)


def _stopped(epoch: int, again: int) -> WaveState | None:
    if why := fleet.release(epoch, again)[1]:
        return superseded(why)
    return paused() if state_table().paused() else None


def _hold(epoch: int, wave: str, settings: Settings) -> Hold | None:
    """Why the wave may not begin yet."""
    live = state_table().live_on_cameras()
    proved = wave == "fleet" and live is not None and live.epoch == epoch
    since = live.released_at if live and proved else 0
    bake, window = settings.rollout_bake_minutes, settings.rollout_window
    found = hold(window, bake, since, int(time.time()))
    return found if found.seconds else None


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
    try:
        clients.iot().create_job(
            jobId=job,
            targets=[fleet.group_of(wave)],
            targetSelection="CONTINUOUS",
            description=f"Release {epoch} for the {wave} cameras",
            document=json.dumps(document(epoch, minutes)),
            presignedUrlConfig=_presigned(),
            jobExecutionsRolloutConfig={"maximumPerMinute": settings.rollout_cameras_per_minute},
            timeoutConfig={"inProgressTimeoutInMinutes": minutes},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise


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
    job: str, cameras: int, settings: Settings, stopped: WaveState | None = None
) -> dict[str, Any]:
    """`stopped`: why nothing is ordered. In the shape of check_rollout's answers,
    so that the workflow can keep both under one name.
    """
    return {
        "job": job,
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
