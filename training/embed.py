"""What do the pictures look like to a network? Runs ONNX models over pictures on every core,
and reports how far it is.

Each core decodes and runs its own batches with one thread, instead of all cores sharing one batch:
as fast on an idle machine, and many times faster on a busy one, where threads that share a batch
wait for the slowest (bench/training.py).
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import onnxruntime

from training.pictures import Picture, Pictures

BATCH = 16
Answer = tuple[list[Picture], list[np.ndarray]]


def session(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A runnable model; several threads may run it at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def embed(
    pictures: Pictures,
    rows: Sequence[Picture],
    models: Sequence[onnxruntime.InferenceSession],
    verb: str,
) -> tuple[list[Picture], list[np.ndarray]]:
    """The usable rows, in order, and each model's output for them; a picture is decoded once for
    all models.
    """

    def answer(batch: Sequence[Picture]) -> Answer:
        usable, inputs = pictures.load(batch)
        if not usable:
            return [], [_nothing(model) for model in models]
        image = np.stack(inputs)
        return usable, [model.run(None, {"image": image})[0] for model in models]

    used: list[Picture] = []
    outputs: list[list[np.ndarray]] = [[_nothing(model)] for model in models]
    began = reported = time.monotonic()
    for usable, answers in _in_order(
        answer, [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    ):
        used.extend(usable)
        for output, arrays in zip(outputs, answers, strict=True):
            output.append(arrays)
        if time.monotonic() - reported > 2:
            reported = time.monotonic()
            _report(verb, len(used), len(rows), reported - began)
    _report(verb, len(used), len(rows), time.monotonic() - began)
    return used, [np.concatenate(output) for output in outputs]


def _in_order(
    work: Callable[[Sequence[Picture]], Answer], batches: Sequence[Sequence[Picture]]
) -> Iterator[Answer]:
    """The results in the order of the batches, only a few of which are in memory at a time."""
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        running: deque[Future[Answer]] = deque()
        for batch in batches:
            running.append(pool.submit(work, batch))
            if len(running) > 2 * cores:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _nothing(model: onnxruntime.InferenceSession) -> np.ndarray:
    return np.empty((0, model.get_outputs()[0].shape[1]), np.float32)


def _report(verb: str, done: int, total: int, seconds: float) -> None:
    print(f"{verb} {done} of {total} pictures ({done / max(seconds, 1e-3):.0f}/s)", flush=True)
