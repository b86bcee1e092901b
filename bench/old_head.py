"""The head until issue 9: multinomial logistic regression on 256 main axes of the last layer, with
an L2 penalty that the validation pictures choose; the other side of bench/head.py.

By scipy's L-BFGS-B: the product's own, which it had then, came to the same answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.algorithms.head.backbone import LAST_LAYER, Graph, add_network, pretrained
from training.algorithms.head.calibration import balanced, log_loss, softmax
from training.algorithms.head.discriminant import Head
from training.algorithms.head.export import add_head
from training.algorithms.head.weights import read_weights

STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)  # each warms up the next
AXES = 256
Array = np.ndarray
Labelled = tuple[Array, Array]  # features and targets


@dataclass(frozen=True)
class OldHead:
    """Taught with the validation pictures as well; `asked` is what it said of them before."""

    probabilities: Callable[[Array], Array]
    asked: Array


def train(
    learn: Labelled,
    tune: Labelled,
    labels: int,
    most_axes: int = AXES,
    strengths: Sequence[float] = STRENGTHS,
) -> OldHead:
    (features, targets), (held_out, truth) = learn, tune
    mean = features.mean(axis=0, dtype=np.float64)
    axes = _main_axes(features - mean, min(most_axes, len(features)))
    seen, unseen = (features - mean) @ axes, (held_out - mean) @ axes
    heads, point = {}, np.zeros((axes.shape[1] + 1) * labels)
    for strength in strengths:
        heads[strength] = point = _fit(seen, targets, labels, strength, point)
    even = np.full(len(truth), 1 / len(truth))
    best = min(strengths, key=lambda s: log_loss(_logits(heads[s], unseen, labels), truth, even))
    before = _logits(heads[best], unseen, labels)
    divisor = min(np.geomspace(0.5, 5, 91), key=lambda t: log_loss(before / t, truth, even))
    both = np.concatenate([seen, unseen]), np.concatenate([targets, truth])
    taught = _fit(*both, labels, best, heads[best])
    return OldHead(
        lambda some: softmax(_logits(taught, (some - mean) @ axes, labels) / divisor),
        softmax(before / divisor),
    )


def backbone() -> bytes:
    """What that head saw: `image` → `features` of the last layer alone."""
    graph = Graph()
    return bytes(graph.model(_add_backbone(graph), LAST_LAYER).SerializeToString())


def classifier(labels: int) -> bytes:
    """A file like the one that cameras had, for its size and its time: the head says nothing."""
    graph, head = Graph(), Head(np.zeros((LAST_LAYER, labels)), np.zeros(labels))
    probabilities = add_head(graph, _add_backbone(graph), head)
    return bytes(graph.model(probabilities, labels).SerializeToString())


def _add_backbone(graph: Graph) -> str:
    *_, last = add_network(graph, read_weights(pretrained()))
    return graph.node("Flatten", graph.node("GlobalAveragePool", last), output="features")


def _main_axes(apart: Array, count: int) -> Array:
    """By what is smaller: how pictures are alike, or how features are."""
    if len(apart) >= apart.shape[1]:
        return np.asarray(np.linalg.eigh(apart.T @ apart).eigenvectors[:, ::-1][:, :count])
    squares, among = np.linalg.eigh(apart @ apart.T)
    kept = np.flatnonzero(squares > 1e-9 * squares[-1])[::-1][:count]
    return np.asarray(apart.T @ (among[:, kept] / np.sqrt(squares[kept])))


def _logits(point: Array, places: Array, labels: int) -> Array:
    return np.asarray(places @ point[:-labels].reshape(-1, labels) + point[-labels:])


def _fit(places: Array, targets: Array, labels: int, strength: float, start: Array) -> Array:
    from scipy.optimize import minimize

    weights, truth = balanced(targets, labels), np.eye(labels)[targets]

    def objective(point: Array) -> tuple[float, Array]:
        slopes = point[:-labels]
        logits = _logits(point, places, labels)
        error = (softmax(logits) - truth) * weights[:, None]
        downhill = (places.T @ error).ravel() + strength * slopes
        loss = log_loss(logits, targets, weights) + strength / 2 * float(slopes @ slopes)
        return loss, np.concatenate([downhill, error.sum(axis=0)])

    return np.asarray(minimize(objective, start, jac=True, method="L-BFGS-B").x)
