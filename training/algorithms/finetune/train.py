"""How does this algorithm make a model? Teaches the network itself, late layers or all; goes back a
quarter of the way; fits discriminants to what it sees then, as `head` does; and writes it with the
writer of `head`: the same file with other weights (decision 0012).
"""

import json
from collections.abc import Sequence

import numpy as np

from lensloop.dataset.kept_features import LESSONS_FOLDER
from lensloop.wire.errors import BadArtifact
from training.algorithms.contract import Trained
from training.algorithms.finetune.cut import midway, weights_of, with_weights
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.discriminant import EVERY, Taught, teach
from training.algorithms.head.export import classifier, frozen_backbone
from training.algorithms.head.familiarity import familiarity
from training.algorithms.head.weights import read_weights
from training.features import Features
from training.model_file import frozen
from training.out_of_fold import Answered, folds
from training.pictures import Picture, Pictures, numbered
from training.shards import Array
from training.stopwatch import Stopwatch

EPOCHS = 8  # where the job is told none
# Of the way from the pretrained weights to the taught ones: a network in between still sees what
# pictures in general differ by (Wortsman et al. 2022). Between the half and this it hardly matters.
_SHARE = 0.75

MISSING = (
    "`algorithm` is finetune, which needs PyTorch, and there is none here. SageMaker's image has"
    " it; on this machine `make finetune-deps` installs it, for the local cloud as well."
)


def train(pictures: Pictures, features: Features, stopwatch: Stopwatch) -> Trained:
    try:
        from training.algorithms.finetune.course import teach as teach_network  # torch: only now
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        raise BadArtifact(MISSING) from missing
    labels, folder = pictures.labels, features.kept.folder / LESSONS_FOLDER
    with stopwatch.measure("train"):
        network = teach_network(frozen_backbone(), pictures, _epochs(pictures), folder)
    weights = midway(weights_of(frozen_backbone()), network.weights, _SHARE)
    with stopwatch.measure("embed"):
        backbone = frozen(with_weights(frozen_backbone(), weights))
        rows, seen = features.by(backbone, network.rows, "embedded")
    with stopwatch.measure("train"):
        taught, answered = learn(rows, seen, labels)
        familiar = familiarity(seen, taught)
    with stopwatch.measure("export"):
        file = classifier(read_weights(pretrained()), taught.head, familiar and familiar[0])
        model = with_weights(file, weights)
    return Trained(
        model,
        rows,
        answered,
        taught.head.temperature,
        answered.reject_threshold(labels),
        familiar[1] if familiar else None,
        network.facts | {"shrinkage": taught.shrinkage},
    )


def learn(rows: Sequence[Picture], seen: Array, labels: Sequence[str]) -> tuple[Taught, Answered]:
    """A head for what the taught network sees. Only the validation pictures are asked, each by what
    is known without its fold: the network knows the others by heart.
    """
    held_out = np.array([row.split == "validation" for row in rows])
    apart = np.where(held_out, folds(rows), EVERY)
    taught = teach(seen, numbered(rows, labels), apart, len(labels))
    asked = [row for row, was in zip(rows, taught.asked, strict=True) if was]
    return taught, Answered(asked, taught.probabilities)


def _epochs(pictures: Pictures) -> int:
    """SageMaker writes every hyperparameter as text."""
    try:
        settings = json.loads(pictures.paths.hyperparameters.read_text("utf-8"))
    except FileNotFoundError:
        return EPOCHS
    return int(settings.get("epochs", EPOCHS))
