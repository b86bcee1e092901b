"""How long does the model take for one picture? In this job, on one thread."""

import statistics
import time

import numpy as np
import onnxruntime

from training.pictures import SIZE

_WARM_UP, _TIMES = 3, 15  # what an accident of the machine delays is not the median


def milliseconds(model: onnxruntime.InferenceSession) -> float:
    image = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    times = []
    for _ in range(_WARM_UP + _TIMES):
        begun = time.perf_counter()
        model.run(None, {"image": image})
        times.append(time.perf_counter() - begun)
    return round(1000 * statistics.median(times[_WARM_UP:]), 2)
