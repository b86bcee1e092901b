"""How does an MXNet classifier become ONNX? Operator by operator, without MXNet (decision 0013).

What is not in the tables here is refused by its name: a network that is converted nearly right
would be worse than none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import checker, shape_inference

from lensloop.wire.errors import BadArtifact
from training.algorithms.calibrated import add_unfamiliar
from training.algorithms.head.backbone import Graph
from training.algorithms.head.familiarity import Familiarity
from training.algorithms.image_classification.params import Weights, read_params
from training.algorithms.image_classification.symbol import Layer, read_symbol
from training.algorithms.normalisation import RAW, ZOO, Normalisation, add_input

_SOFTMAX = ("SoftmaxOutput", "softmax", "Softmax")
_PASSES = ("identity", "_copy", "Dropout", "BlockGrad", "Cast")  # all of them nothing at inference
_ADDITIONS = ("elemwise_add", "_Plus", "_plus", "_add", "broadcast_add")
_ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softrelu": "Softplus"}
_VARIABLE = "null"
_EPSILON = 1e-3  # of MXNet's batch normalisation, when a layer does not say


@dataclass(frozen=True)
class Network:
    """A classifier in two parts: the graph from the picture to its features, and the last layer's
    weights, which a temperature is still to be put into.
    """

    layers: Sequence[Layer]
    params: Weights

    @classmethod
    def read(cls, symbol: str, params: bytes) -> "Network":
        """Raises BadArtifact."""
        return cls(read_symbol(symbol), read_params(params))

    @property
    def normalisation(self) -> Normalisation:
        """What it most likely learnt with. A network whose first layer is a batch normalisation, as
        the built-in algorithm trains them, is given pixels as they are.
        """
        return RAW if self._first().operator == "BatchNorm" else ZOO

    def embedder(self, normalisation: Normalisation) -> bytes:
        """`image` → `features`."""
        graph = Graph()
        features = self._add_features(graph, normalisation)
        return _finished(graph, features, len(self.last_layer()[0]))

    def classifier(
        self,
        normalisation: Normalisation,
        temperature: float,
        familiar: Familiarity | None = None,
    ) -> bytes:
        """`image` → `probabilities`, and `unfamiliar` if it can tell what is."""
        graph = Graph()
        features = self._add_features(graph, normalisation)
        weights, bias = self.last_layer()
        slopes = graph.constant("head.weight", weights / np.float32(temperature))
        offset = graph.constant("head.bias", bias / np.float32(temperature))
        logits = graph.node("Gemm", features, slopes, offset)
        probabilities = graph.node("Softmax", logits, output="probabilities", axis=1)
        scores = []
        if familiar:
            scores.append(add_unfamiliar(graph, features, probabilities, len(bias), familiar))
        return _finished(graph, probabilities, len(bias), *scores)

    def _add_features(self, graph: Graph, normalisation: Normalisation) -> str:
        """From `image`, uint8 [N, 224, 224, 3], to the features' name."""
        converter = _Converter(graph, self.params, add_input(graph, normalisation))
        wanted = _through(self._answer().inputs[0]).inputs[0]
        for layer in self.layers[: self.layers.index(wanted) + 1]:
            converter.add(layer)
        return graph.node("Flatten", converter.names[wanted], output="features", axis=1)

    def last_layer(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """logits = features @ weights + bias."""
        layer = _through(self._answer().inputs[0])
        weights = _weights(self.params, layer, 1)
        if weights.ndim != 2:
            raise _misfit(layer)
        if layer.flag("no_bias"):
            return weights.T, np.zeros(len(weights), np.float32)
        bias = _weights(self.params, layer, 2)
        if bias.shape != weights.shape[:1]:
            raise _misfit(layer)
        return weights.T, bias

    def _answer(self) -> Layer:
        answer = self.layers[-1]
        if answer.operator not in _SOFTMAX or not answer.inputs:
            raise BadArtifact(
                f"The network ends with {answer.operator}; a classifier ends with a softmax."
            )
        last = _through(answer.inputs[0])
        if last.operator != "FullyConnected":
            raise BadArtifact(
                f"The network's answers come from {last.operator} ({last.name}); a classifier's"
                " come from a FullyConnected layer."
            )
        return answer

    def _first(self) -> Layer:
        """The layer that is given the picture."""
        for layer in self.layers:
            if layer.operator not in (_VARIABLE, *_PASSES) and layer.inputs:
                return layer
        raise BadArtifact("The network has no layers.")


class _Converter:
    """Adds one layer after another to the graph, and remembers what each is called there."""

    def __init__(self, graph: Graph, params: Weights, image: str) -> None:
        self.graph, self._params, self._image = graph, params, image
        self.names: dict[Layer, str] = {}

    def add(self, layer: Layer) -> None:
        if layer.operator == _VARIABLE:
            if layer.name not in self._params:
                self._be_the_picture(layer)
            return
        convert = _OPERATORS.get(layer.operator)
        if convert is None:
            raise BadArtifact(
                f"The network uses the operator {layer.operator} ({layer.name}), which cannot be"
                " converted."
            )
        self.names[layer] = convert(self, layer)

    def _be_the_picture(self, variable: Layer) -> None:
        """Whatever has no weights is what the network is given."""
        if self._image in self.names.values():
            raise BadArtifact(f"The weights {variable.name} of the network are missing.")
        self.names[variable] = self._image

    def input(self, layer: Layer, place: int = 0) -> str:
        try:
            return self.names[layer.inputs[place]]
        except (IndexError, KeyError):
            raise _misfit(layer) from None

    def weights(self, layer: Layer, place: int) -> NDArray[np.float32]:
        return _weights(self._params, layer, place)

    def constant(self, layer: Layer, place: int) -> str:
        return self.graph.constant(f"{layer.name}.{place}", self.weights(layer, place))


def _convolution(to: _Converter, layer: Layer) -> str:
    kernel, groups = layer.pair("kernel", (0, 0)), layer.whole("num_group", 1)
    weights = to.weights(layer, 1)
    if list(weights.shape[2:]) != kernel or layer.text("layout", "NCHW") not in ("NCHW", "None"):
        raise _misfit(layer)
    padding = layer.pair("pad", (0, 0))
    inputs = [to.input(layer), to.constant(layer, 1)]
    if not layer.flag("no_bias"):
        inputs.append(to.constant(layer, 2))
    return to.graph.node(
        "Conv",
        *inputs,
        kernel_shape=kernel,
        strides=layer.pair("stride", (1, 1)),
        pads=padding * 2,
        dilations=layer.pair("dilate", (1, 1)),
        group=groups,
    )


def _batch_norm(to: _Converter, layer: Layer) -> str:
    if layer.text("axis", "1") != "1":
        raise layer.odd("axis")
    scale = to.weights(layer, 1)
    if layer.flag("fix_gamma", True):
        scale = np.ones_like(scale)
    return to.graph.node(
        "BatchNormalization",
        to.input(layer),
        to.graph.constant(f"{layer.name}.1", scale),
        *(to.constant(layer, place) for place in (2, 3, 4)),
        epsilon=layer.number("eps", _EPSILON),
    )


def _activation(to: _Converter, layer: Layer) -> str:
    operator = _ACTIVATIONS.get(layer.text("act_type"))
    if operator is None:
        raise layer.odd("act_type")
    return to.graph.node(operator, to.input(layer))


def _pooling(to: _Converter, layer: Layer) -> str:
    kind = {"max": "Max", "avg": "Average"}.get(layer.text("pool_type", "max"))
    if kind is None:
        raise layer.odd("pool_type")
    if layer.flag("global_pool"):
        return to.graph.node(f"Global{kind}Pool", to.input(layer))
    whole = layer.text("pooling_convention", "valid")
    # Whether the border counts in an average that goes over it is not agreed upon.
    if whole not in ("valid", "full") or (whole == "full" and kind == "Average"):
        raise layer.odd("pooling_convention")
    counted: dict[str, Any] = {"count_include_pad": int(layer.flag("count_include_pad", True))}
    return to.graph.node(
        f"{kind}Pool",
        to.input(layer),
        kernel_shape=layer.pair("kernel", (0, 0)),
        strides=layer.pair("stride", (1, 1)),
        pads=layer.pair("pad", (0, 0)) * 2,
        ceil_mode=int(whole == "full"),
        **(counted if kind == "Average" else {}),
    )


def _flatten(to: _Converter, layer: Layer) -> str:
    return to.graph.node("Flatten", to.input(layer), axis=1)


def _fully_connected(to: _Converter, layer: Layer) -> str:
    inputs = [_flatten(to, layer), to.constant(layer, 1)]
    if not layer.flag("no_bias"):
        inputs.append(to.constant(layer, 2))
    return to.graph.node("Gemm", *inputs, transB=1)


def _addition(to: _Converter, layer: Layer) -> str:
    return to.graph.node("Add", to.input(layer, 0), to.input(layer, 1))


def _pass(to: _Converter, layer: Layer) -> str:
    return to.input(layer)


_OPERATORS: Mapping[str, Callable[[_Converter, Layer], str]] = {
    "Convolution": _convolution,
    "BatchNorm": _batch_norm,
    "Activation": _activation,
    "Pooling": _pooling,
    "Flatten": _flatten,
    "flatten": _flatten,
    "FullyConnected": _fully_connected,
    **dict.fromkeys(_ADDITIONS, _addition),
    **dict.fromkeys(_PASSES, _pass),
}


def _finished(graph: Graph, output: str, width: int, *scores: str) -> bytes:
    try:
        return bytes(graph.model(output, width, *scores).SerializeToString())
    except (checker.ValidationError, shape_inference.InferenceError) as misfit:
        first = str(misfit).strip().splitlines()[0][:200]
        raise BadArtifact(f"The network's layers do not fit each other: {first}") from misfit


def _through(layer: Layer) -> Layer:
    """The layer behind those that pass on what they are given."""
    while layer.operator in _PASSES and layer.inputs:
        layer = layer.inputs[0]
    return layer


def _weights(params: Weights, layer: Layer, place: int) -> NDArray[np.float32]:
    try:
        return params[layer.inputs[place].name]
    except IndexError:
        raise _misfit(layer) from None
    except KeyError:
        raise BadArtifact(
            f"The weights {layer.inputs[place].name} of the network are missing."
        ) from None


def _misfit(layer: Layer) -> BadArtifact:
    return BadArtifact(f"The network's layer {layer.name} and its weights do not fit.")
