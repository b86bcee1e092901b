"""How does this algorithm make a model? Teaches the network itself, late layers or all, and writes
it with the writer of `head`: the same file with other weights.
"""

import json
from collections.abc import Sequence

import numpy as np

from lensloop.wire.errors import BadArtifact
from training.algorithms.calibrated import Calibrated, calibrated
from training.algorithms.contract import Trained
from training.algorithms.finetune.cut import Weights, with_weights
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.discriminant import Head, Taught
from training.algorithms.head.export import classifier, frozen_backbone
from training.algorithms.head.familiarity import Familiarity, familiarity
from training.algorithms.head.weights import read_weights
from training.embed import embed
from training.features import Features
from training.model_file import frozen
from training.out_of_fold import FOLDS, folds
from training.pictures import Picture, Pictures
from training.stopwatch import Stopwatch

EPOCHS = 8  # where the job is told none

MISSING = (
    "`algorithm` is finetune, which needs PyTorch, and there is none here. SageMaker's image has"
    " it; on this machine `make finetune-deps` installs it, for the local cloud as well."
)


def train(pictures: Pictures, features: Features, stopwatch: Stopwatch) -> Trained:
    try:
        from training.algorithms.finetune.course import teach  # only now: torch need not be here
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        raise BadArtifact(MISSING) from missing
    labels, folder = pictures.labels, features.kept.folder / "lessons"
    with stopwatch.measure("train"):
        taught = teach(frozen_backbone(), pictures, _epochs(pictures), folder)
    answers = calibrated(taught.rows, taught.logits, labels)
    weights, bias = taught.head
    head = Head(weights, bias, temperature=answers.temperature)
    with stopwatch.measure("embed"):
        familiar = _familiar(pictures, taught.rows, taught.weights, head, answers)
    with stopwatch.measure("export"):
        file = classifier(read_weights(pretrained()), head, familiar and familiar[0])
        model = with_weights(file, taught.weights)
    threshold = familiar[1] if familiar else None
    return answers.trained(model, taught.rows, taught.facts, threshold)


def _familiar(
    pictures: Pictures,
    rows: Sequence[Picture],
    weights: Weights,
    head: Head,
    answers: Calibrated,
) -> tuple[Familiarity, float] | None:
    """As `head` finds it, from what the taught network sees: the validation pictures are asked,
    each by what is known without its fold. Not kept among the features: a learning curve of what a
    network sees that was taught with all of them would say nothing.
    """
    backbone = frozen(with_weights(frozen_backbone(), weights))
    seen = [looked.features for looked in embed(pictures, rows, backbone.session, "embedded")]
    asked = np.array([row.split == "validation" for row in rows])
    apart = np.where(asked, folds(rows), FOLDS)
    probabilities = answers.answered.probabilities
    return familiarity(np.concatenate(seen), Taught(head, 0.0, apart, asked, probabilities))


def _epochs(pictures: Pictures) -> int:
    """SageMaker writes every hyperparameter as text."""
    try:
        settings = json.loads(pictures.paths.hyperparameters.read_text("utf-8"))
    except FileNotFoundError:
        return EPOCHS
    return int(settings.get("epochs", EPOCHS))
