"""Would a camera take this model? The cloud is the first camera: it runs a camera's own proof, in a
process with a camera's limits, on the very files that are to be published.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from camera import trial
from lensloop.model import proof, release
from lensloop.wire import manifest
from lensloop.wire.errors import BadArtifact

# All golden pictures, where a slow camera leaves some out: 600, also of a network that takes a
# second for each on a small machine.
_SECONDS = 900
# Of addresses, for the stack of each of onnxruntime's threads: a camera has four cores, and the
# largest training instance has 192.
_PER_CORE = 16 * 1024**2


def proved(folder: Path, evaluation: dict[str, Any]) -> dict[str, Any]:
    """The `proof` part of evaluation.json, of what the training left in the folder."""
    files = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and release.belongs(name):
            files[name] = path.read_bytes()
    try:
        # The manifest that is published names the project, the run and the time as well.
        made, content = release.draft("first-camera", 1, files, evaluation, "in training")
    except BadArtifact as problem:
        return _refused("", "", problem)
    of = (made["model"]["sha256"], made["golden"]["sha256"])
    with TemporaryDirectory(prefix="lensloop-first-camera-") as offered:
        for name in ("model.onnx", "golden.zip", manifest.FILE):
            Path(offered, name).write_bytes(content[name])
        memory = trial.MEMORY + _PER_CORE * (os.cpu_count() or 1)
        try:
            found = trial.prove_apart(Path(offered), _SECONDS, memory, trying=_SECONDS)
        except BadArtifact as problem:
            return _refused(*of, problem)
    print(f"a camera's own proof: golden pictures {found.golden}", flush=True)
    return proof.noted(*of)


def _refused(model_sha256: str, golden_sha256: str, problem: BadArtifact) -> dict[str, Any]:
    reason = str(problem).rstrip(".")
    print(f"a camera's own proof: refused: {reason}", flush=True)
    return proof.noted(model_sha256, golden_sha256, reason)
