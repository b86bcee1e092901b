"""What do the pictures look like to a network? Runs an ONNX model over pictures on every core,
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
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state

from camera.model import NO_OVERFLOW, overflows
from training.pictures import Picture, Pictures
from training.shards import Array, Looked

BATCH = 16  # pictures, of 0.6 MB each as the network takes them


def session(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A runnable model; several threads may run it at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # In eight bits it answers what a camera is answered, on whatever machine this is.
    options.add_session_config_entry(NO_OVERFLOW, "1" if overflows() else "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answers(
    model: onnxruntime.InferenceSession, outputs: Sequence[str] | None, values: NDArray[Any]
) -> list[Array]:
    """What the model answers for these pictures, or whatever it takes: at once, or one by one where
    it takes no more.
    """
    given = model.get_inputs()[0]
    if given.shape[0] != 1 or len(values) == 1:
        found: list[Array] = model.run(outputs, {given.name: values})
        return found
    shapes = [one.shape for one in model.get_outputs() if not outputs or one.name in outputs]
    parts = [[np.empty((0, *shape[1:]), np.float32)] for shape in shapes]
    for row in range(len(values)):
        single = model.run(outputs, {given.name: values[row : row + 1]})
        for part, one in zip(parts, single, strict=True):
            part.append(one)
    return [np.concatenate(part) for part in parts]


def runtime_errors() -> tuple[type[Exception], ...]:
    """What reading and running a model raises; onnxruntime's own have no common ancestor."""
    found = vars(onnxruntime_pybind11_state).values()
    own = [kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*own, RuntimeError, ValueError, TypeError, LookupError)


def embed(
    pictures: Pictures, rows: Sequence[Picture], model: onnxruntime.InferenceSession, verb: str
) -> Iterator[Looked]:
    """The model's first output for each of the usable rows, in order, some at a time."""
    output = model.get_outputs()[0]

    def answer(batch: Sequence[Picture]) -> Looked:
        loaded = pictures.load(batch)
        if not loaded.usable:
            return Looked([], np.empty((0, output.shape[1]), np.float32), [])
        (features,) = answers(model, [output.name], np.stack(loaded.inputs))
        return Looked([row.content for row in loaded.usable], features, loaded.thumbnails)

    if not rows:
        return
    used, progress = 0, _Progress(verb, len(rows))
    batches = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    for looked in _in_order(answer, batches):
        yield looked
        used += len(looked.pictures)
        progress.report_now_and_then(used)
    progress.report(used)


def _in_order(
    work: Callable[[Sequence[Picture]], Looked], batches: Sequence[Sequence[Picture]]
) -> Iterator[Looked]:
    """The results in the order of the batches, only a few of which are in memory at a time."""
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        running: deque[Future[Looked]] = deque()
        for batch in batches:
            running.append(pool.submit(work, batch))
            if len(running) > 2 * cores:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


class _Progress:
    """How far the work is, in the log."""

    def __init__(self, verb: str, total: int) -> None:
        self._verb, self._total = verb, total
        self._began = self._reported = time.monotonic()

    def report_now_and_then(self, done: int) -> None:
        if time.monotonic() - self._reported > 2:
            self.report(done)

    def report(self, done: int) -> None:
        self._reported = time.monotonic()
        pace = done / max(self._reported - self._began, 1e-3)
        print(f"{self._verb} {done} of {self._total} pictures ({pace:.0f}/s)", flush=True)
