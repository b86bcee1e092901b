"""What leaves the training job?
One ONNX file from the picture's bytes to a probability for each label.
"""

from collections.abc import Mapping

import numpy as np

from training.algorithms.head.backbone import FEATURES, Graph, add_backbone, pretrained
from training.algorithms.head.regression import Head
from training.algorithms.head.weights import read_weights


def embedder(weights: Mapping[str, np.ndarray]) -> bytes:
    """The backbone alone: `image` → `features`."""
    graph = Graph()
    return bytes(graph.model(add_backbone(graph, weights), FEATURES).SerializeToString())


def frozen_backbone() -> bytes:
    """The one that this algorithm's heads stand on, in every run."""
    return embedder(read_weights(pretrained()))


def classifier(weights: Mapping[str, np.ndarray], head: Head) -> bytes:
    """Backbone, head and temperature: `image` → `probabilities`."""
    graph = Graph()
    features = add_backbone(graph, weights)
    slopes = graph.constant("head.weight", (head.weights / head.temperature).astype(np.float32))
    bias = graph.constant("head.bias", (head.bias / head.temperature).astype(np.float32))
    logits = graph.node("Gemm", features, slopes, bias)
    probabilities = graph.node("Softmax", logits, output="probabilities", axis=1)
    return bytes(graph.model(probabilities, len(head.bias)).SerializeToString())
