"""How does a judged model become a release? Its files are written once under releases/<epoch>/,
then it is the candidate that cameras are to prove – or waits for a person to approve it first.

Every byte follows from the training job's archive, so a retry writes the same and finds it there;
manifest.json comes last, so that a release without one was never finished, and after it only its
signature. The candidate moves only while this run holds the lease.
"""

import hashlib
import os
import time
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from lambdas.aws import clients, signing
from lambdas.aws.artifact import fetch
from lambdas.aws.bucket import is_missing
from lambdas.aws.release_item import LiveRelease
from lambdas.aws.state import state_table
from lambdas.judge import evaluation_in
from lensloop.archive import parsed, read_files
from lensloop.model import deeplens, release
from lensloop.model.approval import MANUAL
from lensloop.model.standards import Standards
from lensloop.settings import Settings
from lensloop.wire import manifest, names
from lensloop.wire.errors import BadArtifact


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch, digest, bucket = int(event["epoch"]), event["digest"], os.environ["BUCKET"]
    archive, trained_at = fetch(clients.s3(), bucket, event["model"])
    files = read_files(archive, release.belongs)
    evaluation_in(files, digest)
    settings = Settings.from_json(os.environ["SETTINGS"])
    evaluation = parsed(files, "evaluation.json")
    for_deeplens, without = _for_a_deeplens(evaluation, bucket)
    published, content = release.build(
        settings.project, epoch, files, evaluation, trained_at, for_deeplens
    )
    without |= release.left_out(files, evaluation, for_deeplens)
    for name, body in content.items():
        write_once(bucket, names.release(epoch, name), body)
    signed = content[manifest.FILE]
    sign_once(bucket, names.release(epoch, manifest.SIGNATURE_FILE), signed)
    state_table().note_manifest(epoch, hashlib.sha256(signed).hexdigest())
    standards = Standards.from_settings(settings)
    candidate = LiveRelease(
        epoch=epoch,
        model_sha256=published["model"]["sha256"],
        dataset=digest,
        training=standards.training,
        slid=float(event.get("slid") or 0),
    )
    waits = settings.approval == MANUAL and not event.get("approved")
    instead_of = 0
    if waits:
        waiting = state_table().put_for_approval(candidate, published["labels"], int(time.time()))
        instead_of = waiting.instead_of
    else:
        state_table().put_candidate(candidate, published["labels"], int(time.time()))
    return {
        "waits": waits,
        "instead_of": instead_of,
        "epoch": epoch,
        "model_sha256": published["model"]["sha256"],
        "labels": published["labels"],
        "accuracy": published["metrics"]["accuracy"],
        "left_out": without,
    }


def _for_a_deeplens(evaluation: Any, bucket: str) -> tuple[bytes, dict[str, str]]:
    """What the camera's own chip would load, or why it cannot be made; nothing where the network is
    none of MXNet's.
    """
    found = deeplens.source(evaluation)
    if not found:
        return b"", {}
    uri, sha256, params = found
    try:
        archive = _archive(bucket, uri)
        if hashlib.sha256(archive.read()).hexdigest() != sha256:
            raise BadArtifact(f"{uri} is not the archive any more that the model was made of.")
        archive.seek(0)
        files = read_files(archive, deeplens.belongs)
        return deeplens.bundle(files, params, evaluation["labels"]), {}
    except BadArtifact as problem:
        return b"", {deeplens.FILE: str(problem).rstrip(".")}


def _archive(bucket: str, uri: str) -> BinaryIO:
    """The built-in algorithm's; after 90 days it is gone."""
    try:
        archive, _ = fetch(clients.s3(), bucket, uri)
    except ClientError as error:
        if not is_missing(error):
            raise
        raise BadArtifact(f"{uri} is not there any more.") from error
    return archive


def write_once(bucket: str, key: str, body: bytes) -> None:
    """What is there already must be the same, as it is after a retry."""
    try:
        clients.s3().put_object(
            Bucket=bucket, Key=key, Body=body, IfNoneMatch="*", ContentType=_type_of(key)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        if clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read() != body:
            raise BadArtifact(
                f"s3://{bucket}/{key} exists with other content; releases are never changed."
            ) from error


def sign_once(bucket: str, key: str, content: bytes) -> None:
    """No two signatures are alike, so a retry leaves the one that is there: whether it is good is
    for cameras to say.
    """
    try:
        clients.s3().put_object(Bucket=bucket, Key=key, Body=signing.sign(content), IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise


def _type_of(key: str) -> str:
    kinds = {"json": "application/json", "csv": "text/csv", "zip": "application/zip"}
    return kinds.get(key.rpartition(".")[2], "application/octet-stream")
