"""May a training go on from the live model? SageMaker's built-in algorithm can, as long as the
network keeps its shape: a label more or another depth begin anew.
"""

from collections.abc import Sequence
from typing import Any

ALGORITHM = "image-classification"


def goes_on_from(evaluation: Any, labels: Sequence[str], layers: int) -> str | None:
    """The archive of the built-in algorithm that the live release came from. `evaluation`: the
    live release's own; `labels` and `layers`: those of the network to be trained.
    """
    if not isinstance(evaluation, dict) or not isinstance(evaluation.get("artefact"), dict):
        return None
    artefact = evaluation["artefact"]
    same = (
        evaluation.get("algorithm") == ALGORITHM
        and evaluation.get("labels") == list(labels)
        and artefact.get("layers") == layers
    )
    return artefact.get("uri") if same else None
