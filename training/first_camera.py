"""Would a camera take this model? The cloud is the first camera: it runs a camera's own proof, in a
process with a camera's limits, on the very files that are to be published.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from camera import trial
from lensloop.model import deeplens, precision, proof, release
from lensloop.wire import manifest
from lensloop.wire.errors import BadArtifact
from training import first_deeplens
from training.paths import Paths

# All golden pictures, where a slow camera leaves some out: 2,000 at most, also of a network that
# takes half a second for each on a small machine.
_SECONDS = 1200
# Of addresses, for the stack of each of onnxruntime's threads: a camera has four cores, and the
# largest training instance has 192.
_PER_CORE = 16 * 1024**2


def proved(paths: Paths, evaluation: dict[str, Any]) -> dict[str, Any]:
    """The `proof` part of evaluation.json, of what the training left in the model's folder."""
    files = {}
    for path in paths.model.rglob("*"):
        name = path.relative_to(paths.model).as_posix()
        if path.is_file() and release.belongs(name):
            files[name] = path.read_bytes()
    try:
        # The manifest that is published names the project, the run and the time as well.
        made, content = release.draft("first-camera", 1, files, evaluation, "in training")
    except BadArtifact as problem:
        return proof.noted("", "", _refused("the model", problem))
    of = (made["model"]["sha256"], made["golden"]["sha256"])
    with TemporaryDirectory(prefix="lensloop-first-camera-") as offered:
        for name in ("model.onnx", precision.FILE, "golden.zip", manifest.FILE):
            if name in content:
                Path(offered, name).write_bytes(content[name])
        try:
            found = _prove(Path(offered))
        except BadArtifact as problem:
            return proof.noted(*of, _refused("the model", problem))
        print(f"a camera's own proof: golden pictures {found}", flush=True)
        further = _in_eight_bits(Path(offered), content) | _on_a_chip(paths, files, evaluation)
    return proof.noted(*of, further=further)


def _prove(offered: Path, int8: bool = False) -> str:
    """How many golden pictures, `12/12`. Raises BadArtifact."""
    memory = trial.MEMORY + _PER_CORE * (os.cpu_count() or 1)
    return trial.prove_apart(offered, _SECONDS, memory, int8, trying=_SECONDS).golden


def _in_eight_bits(offered: Path, content: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    if precision.FILE not in content:
        return {}
    sha256 = hashlib.sha256(content[precision.FILE]).hexdigest()
    try:
        found = _prove(offered, int8=True)
    except BadArtifact as problem:
        return {precision.FILE: proof.noted_of(sha256, _refused(precision.FILE, problem))}
    print(f"a camera's own proof in eight bits: golden pictures {found}", flush=True)
    return {precision.FILE: proof.noted_of(sha256)}


def _on_a_chip(
    paths: Paths, files: Mapping[str, bytes], evaluation: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Of a network of the built-in algorithm, which publishing packs for a DeepLens once more."""
    digest = ""
    try:
        network = first_deeplens.network_of(paths, evaluation)
        if network is None:
            return {}
        digest = network.digest
        asked = first_deeplens.prove(network, files, evaluation)
    except BadArtifact as problem:
        return {deeplens.FILE: proof.noted_of(digest, _refused(deeplens.FILE, problem))}
    print(f"the network for a DeepLens' chip: golden pictures {asked}/{asked}", flush=True)
    return {deeplens.FILE: proof.noted_of(digest)}


def _refused(what: str, problem: BadArtifact) -> str:
    reason = str(problem).rstrip(".")
    print(f"a camera's own proof: {what} is refused: {reason}", flush=True)
    return reason
