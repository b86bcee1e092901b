"""What leaves the training job?
One ONNX file from the picture's bytes to a probability for each label, and how unfamiliar it is.
"""

from collections.abc import Mapping

import numpy as np

from training.algorithms.head.backbone import FEATURES, Graph, add_backbone, pretrained
from training.algorithms.head.discriminant import Head
from training.algorithms.head.familiarity import TINY, Familiarity, Rarity
from training.algorithms.head.weights import read_weights


def embedder(weights: Mapping[str, np.ndarray]) -> bytes:
    """The backbone alone: `image` → `features`."""
    graph = Graph()
    return bytes(graph.model(add_backbone(graph, weights), FEATURES).SerializeToString())


def frozen_backbone() -> bytes:
    """The one that this algorithm's heads stand on, in every run."""
    return embedder(read_weights(pretrained()))


def classifier(
    weights: Mapping[str, np.ndarray], head: Head, familiarity: Familiarity | None = None
) -> bytes:
    """Backbone, head and temperature: `image` → `probabilities`, and `unfamiliar` if it can tell
    what is.
    """
    graph = Graph()
    features = add_backbone(graph, weights)
    probabilities = add_head(graph, features, head)
    scores = []
    if familiarity:
        seen = _last_layer(graph, features, len(familiarity.axes.mean))
        scores.append(add_familiarity(graph, seen, probabilities, len(head.bias), familiarity))
    return bytes(graph.model(probabilities, len(head.bias), *scores).SerializeToString())


def add_head(graph: Graph, features: str, head: Head) -> str:
    slopes = graph.half("head.weight", head.weights / head.temperature)
    bias = graph.constant("head.bias", (head.bias / head.temperature).astype(np.float32))
    logits = graph.node("Gemm", features, slopes, bias)
    return graph.node("Softmax", logits, output="probabilities", axis=1)


def _last_layer(graph: Graph, features: str, width: int) -> str:
    """Of the features, those that are the last layer's."""
    begin, end = np.array([FEATURES - width], np.int64), np.array([FEATURES], np.int64)
    return graph.node(
        "Slice",
        features,
        graph.constant("last.begin", begin),
        graph.constant("last.end", end),
        graph.constant("columns", np.array([1], np.int64)),
    )


def add_familiarity(
    graph: Graph, seen: str, probabilities: str, labels: int, familiarity: Familiarity
) -> str:
    """As Familiarity.unfamiliar computes it; `seen` is what its axes are of. By operators that mean
    the same in every opset that a model from elsewhere may have, 11 to 18.
    """
    axes = familiarity.axes
    width, count = axes.directions.shape
    apart = graph.node("Sub", seen, graph.constant("familiar.mean", axes.mean))
    along = graph.node("MatMul", apart, graph.half("familiar.axes", axes.directions))
    off = graph.node("Sub", _squares(graph, apart, width), _squares(graph, along, count))
    tiny = graph.node("Add", probabilities, graph.constant("tiny", np.float32(TINY)))
    doubts = graph.node("Mul", probabilities, graph.node("Log", tiny))
    doubt = graph.node("Neg", _sum(graph, doubts, labels))
    both = graph.node(
        "Add",
        _add_rarity(graph, off, familiarity.strangeness, "familiar.strange"),
        _add_rarity(graph, doubt, familiarity.doubt, "familiar.doubt"),
    )
    return graph.node("Reshape", both, graph.constant("flat", np.array([-1])), output="unfamiliar")


def _squares(graph: Graph, x: str, width: int) -> str:
    return _sum(graph, graph.node("Mul", x, x), width)


def _sum(graph: Graph, x: str, width: int) -> str:
    """Of each row."""
    ones = graph.constant(f"ones_{len(graph.nodes)}", np.ones((width, 1), np.float32))
    return graph.node("MatMul", x, ones)


def _add_rarity(graph: Graph, values: str, rarity: Rarity, name: str) -> str:
    knots = graph.constant(f"{name}.knots", rarity.knots.astype(np.float32))
    bends = graph.constant(f"{name}.bends", rarity.bends.astype(np.float32)[:, None])
    return graph.node("MatMul", graph.node("Relu", graph.node("Sub", values, knots)), bends)
