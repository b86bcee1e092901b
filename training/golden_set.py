"""How does the model do on the golden set? Pictures that only the project's owners can put there;
they are neither learnt nor shown.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from lensloop.dataset.labels import composed
from lensloop.model.scores import score
from lensloop.wire.errors import PictureError
from lensloop.wire.picture import read_input
from training.evaluate import Answers
from training.paths import Paths
from training.pictures import SIZE

# A picture at a time, as a camera has them: there are a few hundred at most.
_ONE = np.newaxis


def scored(
    paths: Paths, model: onnxruntime.InferenceSession, labels: Sequence[str]
) -> dict[str, Any] | None:
    """The `golden_set` part of evaluation.json; None where nobody asked for it."""
    if not paths.golden_set.is_dir():
        return None
    truth, probabilities = [], [np.empty((0, len(labels)), np.float32)]
    for label, file in _pictures(paths.golden_set, labels):
        try:
            image = read_input(file.read_bytes(), SIZE, SIZE)
        except PictureError as reason:
            print(f"golden set: {file.name} of {label} is left out: {reason}", flush=True)
            continue
        truth.append(label)
        probabilities.append(model.run(None, {"image": image[_ONE]})[0])
    answers = Answers.read(np.concatenate(probabilities), labels)
    return score(truth, answers.predicted, answers.confidence, labels)


def _pictures(folder: Path, labels: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Those of labels that the model has not are passed over."""
    for file in sorted(folder.rglob("*")):
        label = composed(file.relative_to(folder).parts[0])
        if file.is_file() and label in labels:
            yield label, file
