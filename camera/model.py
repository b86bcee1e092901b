"""What does the model see in a picture?
Loads a release with onnxruntime and gives each label its probability.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from pathlib import Path
from typing import Any, List, NamedTuple, Tuple, Type

from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import File, Installed, Manifest, ManifestError, parse
from lensloop.wire.onnx_check import IMAGE, PROBABILITIES, UNFAMILIAR, check_model
from lensloop.wire.picture import RESIZE, read_input, to_input
from lensloop.wire.prediction import Prediction

# Several threads wait for each other while they spin: with all cores, 86 frames a processor second
# where one thread has 198 (EfficientNet-Lite0 here; in eight bits 213 and 420), and a frame takes
# no longer on a computer that does something else as well. A camera has a few frames a second to
# answer, and a network, a view and a download to serve beside them.
THREADS = 1
# Without VNNI, x86 multiplies eight bits in pairs whose sum of sixteen can overflow: the model
# would answer something else here than where it was judged, and not on every picture. This makes
# onnxruntime take the exact and slower way; with VNNI it is exact anyway, and it would only slow
# it down (420 frames to 174).
NO_OVERFLOW = "session.x64quantprecision"
_VNNI = ("avx512_vnni", "avx_vnni")


class Checked(NamedTuple):
    """A release whose model may be loaded: its file is what the manifest names, and only data."""

    manifest: Manifest
    data: bytes
    exact: bool  # this processor must take the slower way in eight bits; see overflows()


class Model:
    """A loaded release. `predict` may be called from one thread at a time."""

    def __init__(self, manifest: Manifest, session: Any) -> None:
        self.manifest = manifest
        self.installed = Installed(manifest.epoch, manifest.model.sha256)
        self._session = session
        # Both in one run of the network; the second only where the release says what it means.
        self._outputs = wanted_outputs(manifest)
        self.seconds = 0.0  # what the last answer took, without the picture's decoding
        self.at_work = False  # seen from other threads: who hangs, the model or its camera?

    def predict(self, image: Any) -> Prediction:
        """Of a PIL image."""
        return self._answer(to_input(image, self.manifest.width, self.manifest.height))

    def predict_input(self, array: Any) -> Prediction:
        """Of what `to_input` has made for this release."""
        return self._answer(array)

    def predict_file(self, data: bytes) -> Prediction:
        """The same for an encoded picture. Raises PictureError."""
        return self._answer(read_input(data, self.manifest.width, self.manifest.height))

    def _answer(self, array: Any) -> Prediction:
        began = time.monotonic()
        self.at_work = True
        try:
            found = self._session.run(self._outputs, {IMAGE: array[None]})
        except _runtime_errors() as error:
            raise BadArtifact(f"the model fails on a picture: {error}") from error
        finally:
            self.at_work = False
        self.seconds = time.monotonic() - began
        row = [float(value) for value in found[0].reshape(-1)]
        labels = self.manifest.labels
        if (
            len(row) != len(labels)
            or not all(0 <= value <= 1.001 for value in row)
            or abs(sum(row) - 1) > 0.01
        ):
            raise BadArtifact(
                f"the model's answer {row[:4]} is not one probability for each of {len(labels)}"
                " labels"
            )
        unfamiliarity = _one_number(found[1]) if len(found) > 1 else None
        return Prediction.by(self.manifest, dict(zip(labels, row)), unfamiliarity)


def wanted_outputs(manifest: Manifest) -> List[str]:
    return [PROBABILITIES] + ([] if manifest.unfamiliar_threshold is None else [UNFAMILIAR])


def _one_number(output: Any) -> float:
    row = [float(value) for value in output.reshape(-1)]
    if len(row) != 1 or not math.isfinite(row[0]):
        raise BadArtifact(f"the model's answer {row[:4]} does not say how unfamiliar a picture is")
    return row[0]


def load(folder: Path, int8: bool = False) -> Model:
    """Raises BadArtifact when a file is not what the manifest says or onnxruntime cannot run it."""
    return opened(read_checked(folder, int8))


def read_checked(folder: Path, int8: bool = False) -> Checked:
    """What onnxruntime may see; with `int8` the release's second file. Raises BadArtifact."""
    manifest = read_manifest(folder / "manifest.json")
    wanted = manifest.int8 if int8 else manifest.model
    if wanted is None:
        raise BadArtifact("the release has no model in eight bits")
    data = read_file(folder, wanted)
    tells_unfamiliar = manifest.unfamiliar_threshold is not None
    check_model(data, manifest.labels, manifest.width, manifest.height, tells_unfamiliar)
    return Checked(manifest, data, exact=overflows())


def read_file(folder: Path, wanted: File) -> bytes:
    """One of a release's files, if it is what the manifest names. Raises BadArtifact."""
    try:
        data = (folder / wanted.file).read_bytes()
    except OSError as error:
        raise BadArtifact(f"{wanted.file} cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise BadArtifact(f"{wanted.file} is not the file that the manifest names")
    return data


def opened(checked: Checked) -> Model:
    """Of the very bytes that were checked. Opens no file."""
    return Model(checked.manifest, session(checked.data, checked.exact))


def session(data: bytes, exact: bool) -> Any:
    """onnxruntime's, on one thread. Raises BadArtifact."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = THREADS
    options.add_session_config_entry(NO_OVERFLOW, "1" if exact else "0")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _runtime_errors() as error:
        raise BadArtifact(
            f"onnxruntime {onnxruntime.__version__} cannot load the model: {error}"
        ) from error


def overflows(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor's fast multiplication of eight bits is not exact; if unknown, yes."""
    try:
        flags = cpuinfo.read_text("ascii", "replace").split()
    except OSError:
        return True
    return not any(flag in flags for flag in _VNNI)


def read_manifest(path: Path) -> Manifest:
    """Raises ManifestError, also when pictures must be prepared
    in a way that this agent does not know.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"The release manifest cannot be read: {error}.") from error
    manifest = parse(content)
    if manifest.resize != RESIZE:
        raise ManifestError(
            f"The release wants pictures prepared by {manifest.resize!r} and this agent knows"
            f" {RESIZE!r}; update the agent."
        )
    return manifest


def _runtime_errors() -> Tuple[Type[BaseException], ...]:
    """onnxruntime's exceptions have no common ancestor of their own, and each version adds some."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = []
    for kind in vars(state).values():
        if isinstance(kind, type) and issubclass(kind, Exception):
            own.append(kind)
    return (*own, RuntimeError, ValueError, TypeError, MemoryError)
