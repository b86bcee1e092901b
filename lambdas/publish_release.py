"""How does a judged model become a release? Its files are written once under releases/<epoch>/,
then it becomes live.

Every byte follows from the training job's archive, so a retry writes the same and finds it there;
manifest.json comes last, so that a release without one was never finished. The live pointer moves
only while this run holds the lease.
"""

import hashlib
import io
import json
import os
import re
import time
import zipfile
from typing import Any

from botocore.exceptions import ClientError

from lambdas.aws import clients
from lambdas.aws.artifact import fetch, parsed, read_files
from lambdas.aws.state import LiveRelease, state_table
from lambdas.judge import evaluation_in
from lensloop.settings import Settings
from lensloop.wire import manifest, names
from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader

_GOLDEN = re.compile(r"golden/[0-9a-f]{64}\.(jpg|png)")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say; the same in every retry


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    epoch, digest, bucket = int(event["epoch"]), event["digest"], os.environ["BUCKET"]
    archive, trained_at = fetch(clients.s3(), bucket, event["model"])
    files = read_files(archive, _belongs)
    evaluation_in(files, digest)
    published, content = build(
        Settings.from_json(os.environ["SETTINGS"]).project, epoch, files, trained_at
    )
    for name, body in content.items():
        write_once(bucket, names.release(epoch, name), body)
    live = LiveRelease(epoch, published["model"]["sha256"], digest)
    state_table().make_live(live, published["labels"], int(time.time()))
    return {
        "epoch": epoch,
        "model_sha256": published["model"]["sha256"],
        "labels": published["labels"],
        "accuracy": published["metrics"]["accuracy"],
    }


def build(
    project: str, epoch: int, files: dict[str, bytes], created_at: str
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, and all files of the release in the order in which they are to be written."""
    for name in ("model.onnx", "test.csv"):
        if not files.get(name):
            raise BadArtifact(f"The model archive holds no {name}.")
    if not files["test.csv"].startswith(b"sha256,label"):
        raise BadArtifact("test.csv must begin with the line sha256,label.")
    evaluation = parsed(files, "evaluation.json")
    golden = pack_golden(evaluation, files)
    made = manifest.make(
        project,
        epoch,
        evaluation,
        _file("model.onnx", files["model.onnx"]),
        _file("golden.zip", golden),
        created_at,
    )
    content = {name: files[name] for name in ("model.onnx", "test.csv", "evaluation.json")}
    content["golden.zip"] = golden
    content["manifest.json"] = json.dumps(
        made, indent=1, sort_keys=True, ensure_ascii=False
    ).encode()
    return made, content


def pack_golden(evaluation: Any, files: dict[str, bytes]) -> bytes:
    """The pictures that a camera proves itself on,
    in one archive that is the same whenever it is made.
    """
    top = Reader(evaluation)
    wanted = {part.text("file"): part.text("sha256") for part in top.parts("golden")}
    top.check(BadArtifact, "evaluation.json")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, sha256 in sorted(wanted.items()):
            body = files.get(name)
            if body is None or hashlib.sha256(body).hexdigest() != sha256:
                raise BadArtifact(
                    f"The golden picture {name} is missing from the model archive or is another"
                    " picture."
                )
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, body)
    return packed.getvalue()


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


def _belongs(name: str) -> bool:
    return name in ("model.onnx", "evaluation.json", "test.csv") or bool(_GOLDEN.fullmatch(name))


def _file(name: str, body: bytes) -> manifest.File:
    return manifest.File(name, hashlib.sha256(body).hexdigest(), len(body))


def _type_of(key: str) -> str:
    kinds = {"json": "application/json", "csv": "text/csv", "zip": "application/zip"}
    return kinds.get(key.rpartition(".")[2], "application/octet-stream")
