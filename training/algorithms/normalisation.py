"""What does a network that was made elsewhere want to see? Pixels as they are, or less their mean
and by their spread; inside the model, so that a camera gives every model the same bytes.
"""

from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from training.algorithms.head.backbone import Graph

Channels = tuple[float, float, float]  # red, green, blue


class Normalisation(NamedTuple):
    """(pixel - mean) / spread, of pixels from 0 to 255."""

    name: str
    mean: Channels = (0.0, 0.0, 0.0)
    spread: Channels = (1.0, 1.0, 1.0)


RAW = Normalisation("pixels from 0 to 255")
# Of ImageNet, as MXNet's model zoo has them for pixels up to 255.
MEAN = Normalisation("pixels less their mean", (123.68, 116.779, 103.939))
ZOO = Normalisation(
    "pixels less their mean, by their spread", (123.68, 116.779, 103.939), (58.393, 57.12, 57.375)
)


def add_input(graph: Graph, normalisation: Normalisation) -> str:
    """From `image`, uint8 [N, height, width, 3] RGB, to float32 [N, 3, height, width].

    As two operators of their own: folded into the first convolution they would be wrong at the
    border, where that one sees zeros beside the picture.
    """
    x = graph.node("Transpose", "image", perm=[0, 3, 1, 2])
    x = graph.node("Cast", x, to=TensorProto.FLOAT)
    if any(normalisation.mean):
        x = graph.node("Sub", x, graph.constant("input.mean", _by_channel(normalisation.mean)))
    if normalisation.spread != (1, 1, 1):
        scale = 1 / _by_channel(normalisation.spread)
        x = graph.node("Mul", x, graph.constant("input.scale", scale))
    return x


def _by_channel(values: Channels) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 3, 1, 1)
