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

BATCH = 16  # pictures, of 0.6 MB each as the network takes them
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
    """The usable rows, in order, and each model's output for them;
    a picture is decoded once for all models.
    """

    def answer(batch: Sequence[Picture]) -> Answer:
        usable, inputs = pictures.load(batch)
        if not usable:
            return [], [_nothing(model) for model in models]
        image = np.stack(inputs)
        return usable, [model.run(None, {"image": image})[0] for model in models]

    used: list[Picture] = []
    outputs: list[list[np.ndarray]] = [[_nothing(model)] for model in models]
    progress = _Progress(verb, len(rows))
    batches = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    for usable, answers in _in_order(answer, batches):
        used.extend(usable)
        for output, arrays in zip(outputs, answers, strict=True):
            output.append(arrays)
        progress.report_now_and_then(len(used))
    progress.report(len(used))
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
