"""What is in a release, made of what the training left behind, and what stands in its way? The
verdict asks before the release is published.

Every byte follows from the training job's archive, so that making it again makes the same.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from lensloop.model import deeplens, precision, proof
from lensloop.wire import manifest
from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader

# The pictures that the model was judged on, and those that it learnt, each with its label: what a
# later candidate is compared on, and which of its pictures are new.
TESTED, LEARNT = "test.csv", "learnt.csv"
_WHOLE = ("model.onnx", precision.FILE, TESTED, LEARNT, "evaluation.json")
_HEADING = b"sha256,label"
_GOLDEN = re.compile(r"golden/[0-9a-f]{64}\.(jpg|png)")


def belongs(name: str) -> bool:
    """To a release, of all the files of the training's archive."""
    return name in _WHOLE or bool(_GOLDEN.fullmatch(name))


def obstacle(
    project: str, epoch: int, files: Mapping[str, bytes], evaluation: Any, created_at: str
) -> str:
    """Why no camera could take the release, as a reason of the verdict; empty when all could."""
    if not evaluation.get("golden"):
        return (
            "no test picture is recognised with enough confidence for a camera to prove the release"
            " on it; add pictures that show their labels clearly"
        )
    alone = _shown_alone(evaluation)
    if alone:
        return (
            f"of all labels only {alone} is recognised with enough confidence, so no camera could"
            " tell the model from one that always answers that; add pictures that show the other"
            " labels clearly"
        )
    try:
        build(project, epoch, files, evaluation, created_at)
    except BadArtifact as problem:
        return f"no camera could take its release: {problem}"
    return ""


def build(
    project: str,
    epoch: int,
    files: Mapping[str, bytes],
    evaluation: Any,
    created_at: str,
    for_deeplens: bytes = b"",
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, and all files of the release in the order in which they are to be written,
    without those that are left out. Raises BadArtifact, also for what the cloud, as the first
    camera, has not proved.
    """
    without = left_out(files, evaluation, for_deeplens)
    files = {name: body for name, body in files.items() if name not in without}
    for_deeplens = b"" if deeplens.FILE in without else for_deeplens
    made, content = draft(project, epoch, files, evaluation, created_at, for_deeplens)
    proof.require(evaluation, made["model"]["sha256"], made["golden"]["sha256"])
    return made, content


def left_out(
    files: Mapping[str, bytes], evaluation: Any, for_deeplens: bytes = b""
) -> dict[str, str]:
    """Which further files the cloud, as the first camera, has not proved, and why; no release is
    lost for them.
    """
    found = {}
    if precision.FILE in files:
        sha256 = hashlib.sha256(files[precision.FILE]).hexdigest()
        found[precision.FILE] = proof.objection(evaluation, precision.FILE, sha256)
    if for_deeplens:
        found[deeplens.FILE] = _objection_to_network(for_deeplens, evaluation)
    return {file: why for file, why in found.items() if why}


def _objection_to_network(bundle: bytes, evaluation: Any) -> str:
    try:
        network = deeplens.unpacked(bundle, evaluation)
    except BadArtifact as problem:
        return str(problem).rstrip(".")
    return proof.objection(evaluation, deeplens.FILE, network.digest)


def draft(
    project: str,
    epoch: int,
    files: Mapping[str, bytes],
    evaluation: Any,
    created_at: str,
    for_deeplens: bytes = b"",
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The same before it is proved."""
    for name in ("model.onnx", TESTED):
        if not files.get(name):
            raise BadArtifact(f"The model archive holds no {name}.")
    for name in (TESTED, LEARNT):
        if not files.get(name, _HEADING).startswith(_HEADING):
            raise BadArtifact(f"{name} must begin with the line {_HEADING.decode()}.")
    golden = _packed(evaluation, files)
    made = manifest.make(
        project,
        epoch,
        evaluation,
        _file("model.onnx", files["model.onnx"]),
        _file("golden.zip", golden),
        created_at,
        _file(precision.FILE, files[precision.FILE]) if precision.FILE in files else None,
        _file(deeplens.FILE, for_deeplens) if for_deeplens else None,
    )
    # A model that was trained before the last update has not all of them.
    content = {name: files[name] for name in _WHOLE if name in files}
    if for_deeplens:
        content[deeplens.FILE] = for_deeplens
    content["golden.zip"] = golden
    content["manifest.json"] = json.dumps(
        made, indent=1, sort_keys=True, ensure_ascii=False
    ).encode()
    return made, content


def _shown_alone(evaluation: Any) -> str:
    """The only label that golden pictures show; empty where they show several."""
    labels = {picture["label"] for picture in evaluation["golden"] if "label" in picture}
    return str(*labels) if len(labels) == 1 else ""


def _packed(evaluation: Any, files: Mapping[str, bytes]) -> bytes:
    """The pictures that a camera proves itself on, in one archive that is the same whenever it is
    made.
    """
    top = Reader(evaluation)
    wanted = {part.text("file"): part.text("sha256") for part in top.parts("golden")}
    top.check(BadArtifact, "evaluation.json")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # stored: pictures are compressed already
        for name, sha256 in sorted(wanted.items()):
            body = files.get(name)
            if body is None or hashlib.sha256(body).hexdigest() != sha256:
                raise BadArtifact(
                    f"The golden picture {name} is missing from the model archive or is another"
                    " picture."
                )
            # Of 1980, as zipfile has it where no time is given: the same in every retry.
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, body)
    return packed.getvalue()


def _file(name: str, body: bytes) -> manifest.File:
    return manifest.File(name, hashlib.sha256(body).hexdigest(), len(body))
