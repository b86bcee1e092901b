"""What are a network's features of some pictures? Its layers one by one, with numpy."""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from local.sagemaker.image_classification.resnet import Layer, Network

Values = np.ndarray  # float32 [pictures, channels, height, width]


def features(network: Network, pictures: Values, *, calibrate: bool = False) -> Values:
    """What the last layer is given: float32 [pictures, channels]. With `calibrate` every batch
    normalisation learns from these pictures what it has to even out.
    """
    values: dict[int, Values] = {}
    for place, layer in enumerate(network.layers):
        if layer.operator == "FullyConnected":
            return values[layer.inputs[0]]
        if layer.operator == "null":
            values[place] = network.weights.get(layer.name, pictures)
            continue
        given = [values[source] for source in layer.inputs]
        if calibrate and layer.operator == "BatchNorm":
            given = _calibrated(network, layer, given)
        values[place] = _OPERATORS[layer.operator](layer, given)
    raise ValueError("the network has no last layer")


def _calibrated(network: Network, layer: Layer, given: list[Values]) -> list[Values]:
    x, gamma, beta, *_ = given
    mean, spread = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    network.weights[f"{layer.name}_moving_mean"] = mean
    network.weights[f"{layer.name}_moving_var"] = spread
    return [x, gamma, beta, mean, spread]


def _norm(layer: Layer, given: list[Values]) -> Values:
    x, gamma, beta, mean, spread = given
    if layer.attributes["fix_gamma"] == "True":
        gamma = np.ones_like(gamma)
    scale = gamma / np.sqrt(spread + np.float32(layer.attributes["eps"]))
    return x * scale[:, None, None] + (beta - mean * scale)[:, None, None]


def _convolution(layer: Layer, given: list[Values]) -> Values:
    x, weights = given
    windows = _windows(x, layer, 0)
    batch, _, height, width = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(batch * height * width, -1)
    out = columns @ weights.reshape(len(weights), -1).T
    return np.asarray(out.reshape(batch, height, width, -1).transpose(0, 3, 1, 2))


def _pooling(layer: Layer, given: list[Values]) -> Values:
    if layer.attributes.get("global_pool") == "True":
        return np.asarray(given[0].mean(axis=(2, 3), keepdims=True))
    return np.asarray(_windows(given[0], layer, -np.inf).max(axis=(4, 5)))


def _windows(x: Values, layer: Layer, border: float) -> Values:
    kernel, _ = _pair(layer, "kernel")
    stride, _ = _pair(layer, "stride")
    pad, _ = _pair(layer, "pad")
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=border)
    return sliding_window_view(padded, (kernel, kernel), (2, 3))[:, :, ::stride, ::stride]


def _pair(layer: Layer, name: str) -> tuple[int, int]:
    first, second = layer.attributes[name].strip("()").split(",")
    return int(first), int(second)


_OPERATORS: dict[str, Callable[[Layer, list[Values]], Values]] = {
    "identity": lambda _, given: given[0],
    "BatchNorm": _norm,
    "Convolution": _convolution,
    "Activation": lambda _, given: np.maximum(given[0], 0),
    "Pooling": _pooling,
    "elemwise_add": lambda _, given: given[0] + given[1],
    "Flatten": lambda _, given: given[0].reshape(len(given[0]), -1),
}
