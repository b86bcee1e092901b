"""How does this algorithm make a model? Embeds the pictures with the frozen backbone, teaches a
head on what comes out, and puts both into one file.
"""

from collections.abc import Sequence

import numpy as np

from lensloop.model.scores import reject_threshold
from training.algorithms.contract import Trained
from training.algorithms.head import regression
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.export import classifier
from training.algorithms.head.regression import Head
from training.algorithms.head.weights import read_weights
from training.features import Features
from training.out_of_fold import out_of_fold
from training.pictures import Picture, Pictures, check_trainable
from training.stopwatch import Stopwatch


def train(pictures: Pictures, features: Features, stopwatch: Stopwatch) -> Trained:
    labels = pictures.labels
    with stopwatch.measure("embed"):
        rows, seen = features.of(pictures.of("train", "validation"))
    check_trainable(rows, labels)
    with stopwatch.measure("train"):
        head, threshold = _teach(rows, seen, labels)
    with stopwatch.measure("doubt"):
        answered = out_of_fold(rows, seen, labels)
    with stopwatch.measure("export"):
        model = classifier(read_weights(pretrained()), head)
    facts = {"strength": head.strength}
    return Trained(model, rows, answered, head.temperature, threshold, None, facts)


def _teach(
    rows: Sequence[Picture], features: np.ndarray, labels: Sequence[str]
) -> tuple[Head, float]:
    """The head, and the confidence below which its answers deserve a second look."""
    targets = np.array([labels.index(row.label) for row in rows], np.int64)
    learn = np.array([row.split == "train" for row in rows])
    validation = features[~learn], targets[~learn]
    head, before = regression.train(features[learn], targets[learn], validation, len(labels))
    probabilities = before.probabilities(features[~learn])
    right = probabilities.argmax(axis=1) == targets[~learn]
    return head, reject_threshold(right.tolist(), probabilities.max(axis=1).tolist())
