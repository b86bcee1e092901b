"""What does the model see in a picture? Loads a release with onnxruntime and gives each label its probability."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Tuple, Type

from lensloop.errors import BadArtifact
from lensloop.picture import RESIZE, read_input, to_input
from lensloop.release import Installed, Manifest, ManifestError, parse


class Model:
    """A loaded release. `predict` may be called from one thread at a time."""

    def __init__(self, manifest: Manifest, session: Any) -> None:
        self.manifest = manifest
        self.installed = Installed(manifest.epoch, manifest.model.sha256)
        self._session = session

    def predict(self, image: Any) -> Dict[str, float]:
        """`{label: probability}` of a PIL image, the likeliest label first."""
        return self._answer(to_input(image, self.manifest.width, self.manifest.height))

    def predict_file(self, data: bytes) -> Dict[str, float]:
        """The same for an encoded picture. Raises PictureError."""
        return self._answer(read_input(data, self.manifest.width, self.manifest.height))

    def _answer(self, array: Any) -> Dict[str, float]:
        try:
            output = self._session.run(["probabilities"], {"image": array[None]})[0]
        except _runtime_errors() as error:
            raise BadArtifact("the model fails on a picture: {}".format(error)) from error
        row = [float(value) for value in output.reshape(-1)]
        labels = self.manifest.labels
        if len(row) != len(labels) or not all(0 <= value <= 1.001 for value in row) or abs(sum(row) - 1) > 0.01:
            raise BadArtifact(
                "the model's answer {} is not one probability for each of {} labels".format(row[:4], len(labels))
            )
        return dict(sorted(zip(labels, row), key=lambda pair: -pair[1]))  # noqa: B905 - Python 3.10


def load(folder: Path) -> Model:
    """Raises BadArtifact when a file is not what the manifest says or onnxruntime cannot run it."""
    manifest = read_manifest(folder / "manifest.json")
    path = folder / manifest.model.file
    if file_sha256(path) != manifest.model.sha256:
        raise BadArtifact("{} is not the file that the manifest names".format(path.name))
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _runtime_errors() as error:
        raise BadArtifact("onnxruntime {} cannot load the model: {}".format(onnxruntime.__version__, error)) from error
    inputs, outputs = {i.name: i.type for i in session.get_inputs()}, [o.name for o in session.get_outputs()]
    if inputs != {"image": "tensor(uint8)"} or "probabilities" not in outputs:
        raise BadArtifact("the model takes {} and gives {}; this agent cannot feed it".format(inputs, outputs))
    return Model(manifest, session)


def read_manifest(path: Path) -> Manifest:
    """Raises ManifestError, also when pictures must be prepared in a way that this agent does not know."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError("The release manifest cannot be read: {}.".format(error)) from error
    manifest = parse(content)
    if manifest.resize != RESIZE:
        raise ManifestError(
            "The release wants pictures prepared by {!r} and this agent knows {!r}; update the agent.".format(
                manifest.resize, RESIZE
            )
        )
    return manifest


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with open(str(path), "rb") as file:
            for block in iter(lambda: file.read(1024 * 1024), b""):
                digest.update(block)
    except OSError as error:
        raise BadArtifact("{} cannot be read: {}".format(path.name, error)) from error
    return digest.hexdigest()


def _runtime_errors() -> Tuple[Type[BaseException], ...]:
    """onnxruntime's exceptions have no common ancestor of their own, and each version adds some."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*own, RuntimeError, ValueError, TypeError)
