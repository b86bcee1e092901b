"""What is the model in eight bits, and what does that cost? Its backbone is calibrated on training
pictures; its answers are compared with the model's own on validation and test pictures, and it must
convince the first camera as the model itself does.

No training fails for it: without it, cameras run the model itself.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lensloop.dataset.kept_features import INT8_FOLDER, SHARD
from lensloop.model import proof
from lensloop.model.precision import FILE, LEAST_PICTURES, Compared, objection
from lensloop.reasons import counted
from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_check import check_model
from training import pace, shards
from training.algorithms.contract import Trained
from training.embed import embed, runtime_errors, session
from training.feature_cache import FeatureCache
from training.features import Features
from training.model_file import Backbone, ModelFile, frozen
from training.paths import Paths
from training.pictures import SIZE, Picture, Pictures
from training.shards import Array
from training.unfamiliar import measure

Inputs = NDArray[np.uint8]  # pictures, as a network takes them
# The ranges of a layer hardly move after some dozens of pictures; of every label some are among
# them, for they are taken by their hash.
_CALIBRATED_ON = 64
_AT_ONCE = 16
_JUDGED = 256  # pictures a split: seconds of work
# What is arithmetic on whole maps. The head's few numbers stay as they are: they cost no time, and
# it is they that decide.
_OPERATORS = ("Conv", "Clip", "Relu", "Add", "MaxPool", "GlobalAveragePool")


def made(paths: Paths, trained: Trained, pictures: Pictures, features: Features) -> dict[str, Any]:
    """The `int8` part of evaluation.json; writes the file if it may be used once it is proved."""
    model = ModelFile(trained.model)
    try:
        data, found = _made(model, trained, pictures, features)
    except BadArtifact as reason:
        data, found = b"", {"reason": str(reason)}
    if data:
        (paths.model / FILE).write_bytes(data)
    why = found.pop("reason", "")
    print(f"int8: {'not used: ' + why if why else f'{len(data)} bytes'}", flush=True)
    return {"kept": bool(data), "reason": why, **found}


def withdraw_unproved(paths: Paths, evaluation: dict[str, Any]) -> None:
    """Takes the file away that the first camera refuses, and says why in its part."""
    file = paths.model / FILE
    if not file.is_file():
        return
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    if why := proof.objection(evaluation, FILE, sha256):
        file.unlink()
        evaluation["int8"] |= {"kept": False, "reason": why}


def _made(
    model: ModelFile, trained: Trained, pictures: Pictures, features: Features
) -> tuple[bytes, dict[str, Any]]:
    if len(pictures.of("validation")) < LEAST_PICTURES:
        least = counted(LEAST_PICTURES, "validation picture", "validation pictures")
        return b"", {"reason": f"what it costs is only known with {least} or more"}
    folder = features.kept.folder / INT8_FOLDER
    small = _backbone(folder, model.backbone, pictures)
    try:
        data = model.on(small)
    except runtime_errors() as problem:
        raise BadArtifact(f"it does not fit to the rest of the model: {problem}") from problem
    check_model(data, pictures.labels, SIZE, SIZE, trained.unfamiliar_threshold is not None)
    running = session(data)
    found: dict[str, Any] = {"bytes": len(data), "milliseconds": pace.milliseconds(running)}
    judge = _Judge(model, ModelFile(data), trained.unfamiliar_threshold, pictures, features)
    for split in ("validation", "test"):
        compared = judge.compared(split, folder)
        found[split] = compared._asdict()
        why = objection(split, compared)
        if split == "validation" and compared.pictures < LEAST_PICTURES:
            why = f"only {compared.pictures} of the validation pictures could be looked at"
        if why:
            return b"", {**found, "reason": why}
    return data, found


# Making it


def _backbone(folder: Path, whole: Backbone, pictures: Pictures) -> Backbone:
    """The frozen backbone is calibrated once in a project's life: later jobs have not the pictures
    that they would need for it.
    """
    kept = folder / f"{whole.hash}.onnx"
    if kept.is_file() and kept.stat().st_size:
        return frozen(kept.read_bytes())
    data = quantised(whole.model, _inputs(pictures))
    for other in (*folder.glob("*.onnx"), *folder.glob(f"*/*{SHARD}")):
        shards.empty(other)
    folder.mkdir(parents=True, exist_ok=True)
    shards.replace(kept, data)
    return frozen(data)


def _inputs(pictures: Pictures) -> Inputs:
    """Training pictures as a network takes them; by their hash, so that they are of every kind."""
    rows = _by_hash(pictures.of("train"))
    here = [row for row in rows if pictures.paths.picture(row.key).exists()]
    inputs = pictures.load(here[:_CALIBRATED_ON]).inputs
    if len(inputs) < _AT_ONCE:
        raise BadArtifact(
            f"only {counted(len(inputs), 'training picture is', 'training pictures are')} here to"
            " calibrate it on"
        )
    return np.stack(inputs)


def quantised(model: bytes, inputs: Inputs) -> bytes:
    """In QDQ's form, which is ONNX' own operators, by onnxruntime. Raises BadArtifact."""
    # Only here: it takes a second, and most jobs find the backbone made.
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata
    from onnxruntime.quantization.quantize import quantize_static

    class Batches(CalibrationDataReader):  # type: ignore[misc] # it has no types
        def __init__(self) -> None:
            self._batches = _batches(inputs, 1 if _is_single(whole) else _AT_ONCE)

        def get_next(self) -> Any:
            return next(self._batches, None)

    whole = onnx.load_model_from_string(model)
    add_pre_process_metadata(whole)  # the norms are folded already, and this ends a warning
    with tempfile.TemporaryDirectory(prefix="lensloop-int8-") as folder:
        target = Path(folder, FILE)
        try:
            quantize_static(
                whole,
                str(target),
                Batches(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_OPERATORS),
                # Of each channel its own scale: a depthwise layer's differ a hundredfold.
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        except _not_made() as problem:
            raise BadArtifact(f"onnxruntime cannot make it: {problem}") from problem
        return target.read_bytes()


def _not_made() -> tuple[type[Exception], ...]:
    """What onnxruntime's own Python raises about networks that it did not expect."""
    return (*runtime_errors(), AssertionError, OSError)


def _is_single(model: Any) -> bool:
    """Whether it takes one picture and no more."""
    return bool(model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1)


def _batches(inputs: Inputs, at_once: int) -> Iterator[dict[str, Inputs]]:
    for start in range(0, len(inputs), at_once):
        yield {"image": inputs[start : start + at_once]}


# Judging it


class _Judge:
    def __init__(
        self,
        model: ModelFile,
        small: ModelFile,
        threshold: float | None,
        pictures: Pictures,
        features: Features,
    ) -> None:
        self._model, self._small, self._threshold = model, small, threshold
        self._pictures, self._features = pictures, features

    def compared(self, split: str, folder: Path) -> Compared:
        rows, seen = self._seen(split, folder)
        rows_of_model, seen_by_model = self._features.by(self._model.backbone, rows, "judged")
        places = {row.content: place for place, row in enumerate(rows)}
        seen = seen[[places[row.content] for row in rows_of_model]]
        truth = np.array([self._pictures.labels.index(row.label) for row in rows_of_model], int)
        ours = self._model.probabilities(seen_by_model).argmax(axis=1)
        small = self._small.probabilities(seen).argmax(axis=1)
        return Compared(
            len(truth),
            int((ours == truth).sum()),
            int((small == truth).sum()),
            int((ours == small).sum()),
            self._unfamiliar(self._model, seen_by_model),
            self._unfamiliar(self._small, seen),
        )

    def _seen(self, split: str, folder: Path) -> tuple[list[Picture], Array]:
        """What the backbone in eight bits sees in pictures that are here, or were in an earlier
        job.
        """
        backbone = self._small.backbone
        cache = FeatureCache(folder, backbone.hash, backbone.width)
        rows = []
        for row in _by_hash(self._pictures.of(split)):
            if row.content in cache or self._pictures.paths.picture(row.key).exists():
                rows.append(row)
        unseen = [row for row in rows[:_JUDGED] if row.content not in cache]
        for looked in embed(self._pictures, unseen, backbone.session, "judged in eight bits"):
            cache.put(looked)
        cache.flush()
        usable = [row for row in rows[:_JUDGED] if row.content in cache]
        found = cache.features([row.content for row in usable])
        cache.tidy([row.content for row in self._pictures.rows])
        return usable, found

    def _unfamiliar(self, model: ModelFile, seen: Array) -> int:
        found = measure(model, seen, self._threshold)
        return len(found.flagged) if found else 0


def _by_hash(rows: Sequence[Picture]) -> list[Picture]:
    return sorted(rows, key=lambda row: row.sha256)
