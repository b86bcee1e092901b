"""How does this algorithm make a model? SageMaker's built-in one has trained in a job of its own;
here its network becomes a model like every other, calibrated on the validation pictures.

The classes of the network are the labels in their order: the `.lst` files that it was taught with
number them so (lensloop/dataset/lists.py).
"""

import hashlib
import io
from collections.abc import Sequence
from typing import Any

from lensloop.archive import read_files
from lensloop.model import deeplens
from lensloop.model.deeplens import SYMBOL
from lensloop.wire.errors import BadArtifact
from training.algorithms.calibrated import (
    calibrated,
    check_labels,
    familiarity,
    logits_of,
    surprise,
)
from training.algorithms.contract import Trained
from training.algorithms.image_classification.convert import Network
from training.algorithms.normalisation import MEAN, RAW, ZOO, Normalisation
from training.features import Features
from training.model_file import Backbone, frozen
from training.paths import Paths
from training.pictures import Picture, Pictures, check_trainable, numbered
from training.stopwatch import Stopwatch

ARCHIVE = "model.tar.gz"
# Pictures that are asked how the network wants to see them: enough to tell, and few to look at.
_ASKED = 64
# Of the likely preparation's surprise: another one must be clearly better, and not by luck.
_CLEARLY = 0.8


def train(pictures: Pictures, features: Features, stopwatch: Stopwatch) -> Trained:
    labels = pictures.labels
    with stopwatch.measure("convert"):
        network, facts = read_artefact(pictures.paths)
        check_labels(len(network.last_layer()[1]), labels, "The network of the built-in algorithm")
    with stopwatch.measure("embed"):
        how, backbone = _preparation(network, pictures, features)
        rows, seen = features.by(backbone, pictures.of("train", "validation"), "embedded")
    check_trainable(rows, labels)
    with stopwatch.measure("calibrate"):
        answers = calibrated(rows, logits_of(seen, network.last_layer()), labels)
        familiar = familiarity(rows, seen, answers.answered)
    with stopwatch.measure("export"):
        model = network.classifier(how, answers.temperature, familiar and familiar[0])
    facts |= {"preparation": how.name}
    return answers.trained(model, rows, facts, familiar[1] if familiar else None)


def read_artefact(paths: Paths) -> tuple[Network, dict[str, Any]]:
    """The network that the built-in algorithm left, and what it was read from."""
    try:
        data = (paths.artefact / ARCHIVE).read_bytes()
    except OSError as missing:
        raise BadArtifact(f"The channel `artefact` holds no {ARCHIVE}.") from missing
    files = read_files(io.BytesIO(data), deeplens.belongs)
    if SYMBOL not in files:
        raise BadArtifact(f"The built-in algorithm's archive holds no {SYMBOL}.")
    # The newest epoch that was kept: without checkpoints it keeps the best one only.
    epochs = sorted(name for name in files if name != SYMBOL)
    if not epochs:
        raise BadArtifact("The built-in algorithm's archive holds no weights (*.params).")
    network = Network.read(text_of(files[SYMBOL]), files[epochs[-1]])
    return network, {"artefact": {"sha256": hashlib.sha256(data).hexdigest(), "file": epochs[-1]}}


def text_of(symbol: bytes) -> str:
    """Raises BadArtifact."""
    try:
        return symbol.decode("utf-8")
    except UnicodeDecodeError as damage:
        raise BadArtifact(f"{SYMBOL} is no text.") from damage


def _preparation(
    network: Network, pictures: Pictures, features: Features
) -> tuple[Normalisation, Backbone]:
    """How the network is best shown pictures, and what then sees them: what its first layer says,
    or what surprises some validation pictures clearly less.
    """
    likely = network.normalisation
    others = [how for how in (RAW, MEAN, ZOO) if how != likely]
    asked = sorted(pictures.of("validation"), key=lambda row: row.sha256)[:_ASKED]
    backbones = {how: frozen(network.embedder(how)) for how in (likely, *others)}
    losses = {}
    for how, backbone in backbones.items():
        rows, seen = features.by(backbone, asked, "tried")
        losses[how] = _loss(network, rows, seen, pictures.labels)
    best = min(others, key=lambda how: losses[how])
    if losses[best] < _CLEARLY * losses[likely]:
        return best, backbones[best]
    return likely, backbones[likely]


def _loss(network: Network, rows: Sequence[Picture], seen: Any, labels: Sequence[str]) -> float:
    if not rows:
        return 0.0
    return surprise(logits_of(seen, network.last_layer()), numbered(rows, labels))
