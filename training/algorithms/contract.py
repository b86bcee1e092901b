"""What must every algorithm give? `train(pictures, features, stopwatch) → Trained`; the rest
of the job is the same for all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.features import Features
from training.out_of_fold import Answered
from training.pictures import Picture, Pictures
from training.stopwatch import Stopwatch


@dataclass(frozen=True)
class Trained:
    model: bytes  # ONNX, from `image`, uint8 [N, SIZE, SIZE, 3], to `probabilities`
    learnt_from: Sequence[Picture]  # the usable ones, train and validation
    out_of_fold: Answered  # what models that were not taught with those pictures predict for them
    temperature: float
    reject_threshold: float  # the confidence below which its answers deserve a second look
    # What the output `unfamiliar` is above for a picture that is like nothing it was taught; None
    # where the model cannot tell.
    unfamiliar_threshold: float | None
    facts: Mapping[str, Any]  # the algorithm's own, for evaluation.json


# `features.of(rows)`: what the frozen backbone sees in these pictures.
Train = Callable[[Pictures, Features, Stopwatch], Trained]
