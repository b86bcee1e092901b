"""Which test pictures does the candidate call unfamiliar, though it was taught their labels?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lensloop.wire.errors import BadArtifact
from training.model_file import UNFAMILIAR, ModelFile
from training.shards import Array

# How far below the threshold golden pictures stay, as a share of the way down to the ordinary test
# picture: so that another build of onnxruntime, off by a little, does not call one unfamiliar.
_MARGIN = 0.1


@dataclass(frozen=True)
class Unfamiliarity:
    """The test pictures' scores, by the very file; higher is less like anything it was taught."""

    threshold: float
    scores: Sequence[float]

    @property
    def flagged(self) -> list[int]:
        """The places of the pictures above the threshold, the least familiar first."""
        above = [i for i, score in enumerate(self.scores) if score > self.threshold]
        return sorted(above, key=lambda i: -self.scores[i])

    @property
    def most_of_golden(self) -> float:
        """What a golden picture's score may be."""
        ordinary = min(self.threshold, float(np.median(self.scores))) if self.scores else 0.0
        return self.threshold - _MARGIN * (self.threshold - ordinary)

    def evaluated(self) -> dict[str, Any]:
        """For evaluation.json."""
        return {"threshold": self.threshold, "false_alarms": len(self.flagged)}


def measure(model: ModelFile, features: Array, threshold: float | None) -> Unfamiliarity | None:
    """None where the algorithm names no threshold: then the model cannot tell."""
    if threshold is None:
        return None
    scores = model.unfamiliarity(features)
    if scores is None:
        raise BadArtifact(
            f"The algorithm says above which `{UNFAMILIAR}` a picture is unfamiliar, and its model"
            " file does not answer that for the features of a picture."
        )
    return Unfamiliarity(threshold, [float(score) for score in scores])
