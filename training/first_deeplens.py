"""Would a DeepLens' own chip answer as the release does? What it would be given is read again, made
a model without MXNet, and asked for the golden pictures as the chip would be shown them.

What this cannot show: AWS' optimiser, the chip's sixteen bits, and in which order it takes colours.
"""

from collections.abc import Mapping
from typing import Any

from lensloop.archive import read_files
from lensloop.model import deeplens
from lensloop.model.deeplens import Network
from lensloop.wire.errors import BadArtifact
from lensloop.wire.picture import read_input
from training.algorithms.image_classification import convert
from training.algorithms.image_classification.train import ARCHIVE, text_of
from training.algorithms.normalisation import RAW
from training.embed import runtime_errors, session
from training.paths import Paths
from training.pictures import SIZE

# Of a golden picture's probability. Sixteen bits move it by less; another network, or another
# preparation of the picture, by more, and then the release's thresholds mean nothing on the chip.
_MOST_APART = 0.05


def network_of(paths: Paths, evaluation: dict[str, Any]) -> Network | None:
    """As a camera unpacks what publishing will pack; None for a model that no chip could load.
    Raises BadArtifact.
    """
    source = deeplens.source(evaluation)
    if source is None:
        return None
    _, _, params = source
    with (paths.artefact / ARCHIVE).open("rb") as archive:
        files = read_files(archive, deeplens.belongs)
    bundle = deeplens.bundle(files, params, evaluation["labels"])
    return deeplens.unpacked(bundle, evaluation)


def prove(network: Network, files: Mapping[str, bytes], evaluation: dict[str, Any]) -> int:
    """How many golden pictures it was asked for. The chip is shown pixels as they are. Raises
    BadArtifact, also where names or shapes of symbol and weights do not fit each other.
    """
    converted = convert.Network.read(text_of(network.symbol), network.params)
    model = converted.classifier(RAW, evaluation["temperature"])
    labels, golden = evaluation["labels"], evaluation["golden"]
    try:
        running = session(model)
        for picture in golden:
            shown = read_input(files[picture["file"]], SIZE, SIZE)[None]
            (answers,) = running.run(["probabilities"], {"image": shown})[0]
            if len(answers) != len(labels):
                raise BadArtifact(f"it answers for {len(answers)} of {len(labels)} labels")
            _compare(dict(zip(labels, map(float, answers), strict=True)), picture)
    except runtime_errors() as problem:
        raise BadArtifact(f"it cannot be run: {problem}") from problem
    return len(golden)


def _compare(answers: dict[str, float], picture: Mapping[str, Any]) -> None:
    label, wanted = picture["label"], picture["probability"]
    predicted = max(answers, key=lambda name: answers[name])
    if predicted != label:
        raise BadArtifact(
            f"shown pixels as they are, as a DeepLens shows them, it takes the golden picture of"
            f" {label} for {predicted}"
        )
    if abs(answers[label] - wanted) > _MOST_APART:
        raise BadArtifact(
            f"shown pixels as they are, as a DeepLens shows them, it is {answers[label]:.2f} sure"
            f" of the golden picture of {label}, and the release {wanted:.2f}"
        )
