"""What do the pictures look like to a network? Runs ONNX models over pictures on every core, saying how far it is."""

import time
from collections.abc import Sequence

import numpy as np
import onnxruntime

from training.pictures import Picture, Pictures


def session(model: bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """A runnable model; zero threads means all cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def embed(
    pictures: Pictures, rows: Sequence[Picture], models: Sequence[onnxruntime.InferenceSession], verb: str
) -> tuple[list[Picture], list[np.ndarray]]:
    """The usable rows, and each model's output for them; every picture is decoded once for all models."""
    used: list[Picture] = []
    outputs: list[list[np.ndarray]] = [[] for _ in models]
    began = said = time.monotonic()
    for batch, inputs in pictures.batches(rows):
        used.extend(batch)
        for model, output in zip(models, outputs, strict=True):
            output.append(model.run(None, {"image": inputs})[0])
        if time.monotonic() - said > 2:
            said = time.monotonic()
            _say(verb, len(used), len(rows), said - began)
    _say(verb, len(used), len(rows), time.monotonic() - began)
    width = [model.get_outputs()[0].shape[1] for model in models]
    return used, [np.concatenate(o) if o else np.empty((0, w), np.float32) for o, w in zip(outputs, width, strict=True)]


def _say(verb: str, done: int, total: int, seconds: float) -> None:
    print(f"{verb} {done} of {total} pictures ({done / max(seconds, 1e-3):.0f}/s)", flush=True)
