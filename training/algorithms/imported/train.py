"""How does a model that was trained elsewhere become one of ours? It is checked as the command
checked it, wrapped, and calibrated on the validation pictures.
"""

from collections.abc import Sequence

import numpy as np
from onnxruntime import RunOptions
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from lensloop.model import imported
from lensloop.model.imported import MODEL, SAID, Import
from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_file import describe
from training.algorithms.calibrated import calibrated, familiarity
from training.algorithms.contract import Trained
from training.algorithms.imported.wrap import Wrapped
from training.embed import answers, session
from training.features import Features
from training.model_file import ModelFile
from training.paths import Paths
from training.pictures import SIZE, Pictures, check_trainable
from training.stopwatch import Stopwatch

# onnxruntime's own words for a model that it cannot load or run.
_REFUSALS = (
    *(runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf),
    *(runtime.NotImplemented, runtime.RuntimeException, RuntimeError, ValueError),
)
_DIFFERENT = 1e-3  # of two logits for the same picture, in two batches
_FATAL = 4  # of onnxruntime's levels of a log
_NOISE = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)


def train(pictures: Pictures, features: Features, stopwatch: Stopwatch) -> Trained:
    labels = pictures.labels
    with stopwatch.measure("import"):
        model, how, digest = read_import(pictures.paths)
        if wrong := imported.misnamed(how.labels, labels):
            raise BadArtifact(wrong)
        order = [how.labels.index(label) for label in labels]
        wrapped, file = runnable(model, how)
    with stopwatch.measure("embed"):
        rows, seen = features.by(file.backbone, pictures.of("train", "validation"), "answered")
    check_trainable(rows, labels)
    with stopwatch.measure("calibrate"):
        logits = file.answers(seen)[0]
        found = calibrated(rows, logits[:, order].astype(np.float64), labels)
        familiar = familiarity(rows, seen, found.answered) if _is_seen(file, how) else None
    with stopwatch.measure("export"):
        exported = wrapped.classifier(order, found.temperature, familiar and familiar[0])
    facts = {"artefact": {"sha256": digest}, "preparation": _told(how)}
    return found.trained(exported, rows, facts, familiar[1] if familiar else None)


def read_import(paths: Paths) -> tuple[bytes, Import, str]:
    """The model, how it is used, and the digest of both."""
    try:
        model = (paths.artefact / MODEL).read_bytes()
        said = (paths.artefact / SAID).read_bytes()
    except OSError as missing:
        raise BadArtifact(f"The channel `artefact` lacks a file: {missing}.") from missing
    how = imported.understood(describe(model), *imported.read_said(said))
    return model, how, imported.digest(model, said)


def _is_seen(file: ModelFile, how: Import) -> bool:
    """Whether the features are what the last layer is given, and all that it is given: the file's
    graph has said so, and its shapes agree.
    """
    return file.has_head and file.backbone.width == how.last_layer.width


def runnable(model: bytes, how: Import) -> tuple[Wrapped, ModelFile]:
    """The model and its logits' file. Where it cannot answer for several pictures at once as for
    each alone, as many cannot that were exported without a word about it, it is asked one by one.
    """
    together = Wrapped(model, how)
    alone = Wrapped(model, how, one_by_one=True)
    file, single = together.logits(), alone.logits()
    try:
        expected = answers(session(single), None, _NOISE)[0]
    except _REFUSALS as fault:
        first = str(fault).strip().splitlines()[0][:200]
        raise BadArtifact(f"The imported model does not run: {first}") from fault
    try:
        found = session(file).run(None, {"image": _NOISE}, _quiet())[0]
    except _REFUSALS:
        return alone, ModelFile(single)
    if np.abs(found - expected).max() > _DIFFERENT:
        return alone, ModelFile(single)
    return together, ModelFile(file)


def _quiet() -> RunOptions:
    """It may well fail, and that is no news."""
    options = RunOptions()
    options.log_severity_level = _FATAL
    return options


def _told(how: Import) -> str:
    parts = [f"{how.height} × {how.width}"]
    if how.floats:
        told = how.preparation
        parts.append(f"(pixel / {told.scale:g} - {_short(told.mean)}) / {_short(told.std)}")
    if how.bgr:
        parts.append("blue, green, red")
    return ", ".join(parts)


def _short(values: Sequence[float]) -> str:
    return "/".join(f"{value:g}" for value in values)
