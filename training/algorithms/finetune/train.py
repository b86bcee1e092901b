"""How does this algorithm make a model? Teaches the network itself, late layers or all, and writes
it with the writer of `head`: the same file with other weights.
"""

import json

from lensloop.wire.errors import BadArtifact
from training.algorithms.calibrated import calibrated
from training.algorithms.contract import Trained
from training.algorithms.finetune.cut import with_weights
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.discriminant import Head
from training.algorithms.head.export import plain_backbone, plain_classifier
from training.algorithms.head.weights import read_weights
from training.features import Features
from training.pictures import Pictures
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
        taught = teach(plain_backbone(), pictures, _epochs(pictures), folder)
    answers = calibrated(taught.rows, taught.logits, labels)
    with stopwatch.measure("export"):
        weights, bias = taught.head
        head = Head(weights, bias, temperature=answers.temperature)
        model = with_weights(plain_classifier(read_weights(pretrained()), head), taught.weights)
    return Trained(
        model=model,
        learnt_from=taught.rows,
        out_of_fold=answers.answered,
        temperature=answers.temperature,
        reject_threshold=answers.reject_threshold,
        unfamiliar_threshold=None,
        facts=taught.facts,
    )


def _epochs(pictures: Pictures) -> int:
    """SageMaker writes every hyperparameter as text."""
    try:
        settings = json.loads(pictures.paths.hyperparameters.read_text("utf-8"))
    except FileNotFoundError:
        return EPOCHS
    return int(settings.get("epochs", EPOCHS))
