"""What does a part of the model file compute, in torch? Its very nodes, one after the other: there
is one definition of the network, and this reads it.

Batch normalisation is folded into the convolutions there, and so it is taught: nothing has to be
converted at the end (docs/decisions/0012 says what little was compared).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lensloop.wire.errors import BadArtifact
from training.algorithms.finetune.cut import Cut, Weights, attributes

Step = Callable[[list[Tensor]], Tensor]


class Network(nn.Module):
    """From the tensors between the two parts to `result`."""

    def __init__(self, part: Cut, weights: Weights) -> None:
        super().__init__()
        self._result, self.width = part.result, part.width
        self._steps = [(_step(node), list(node.input), node.output[0]) for node in part.late]
        used = {name for _, inputs, _ in self._steps for name in inputs} & weights.keys()
        self._names = sorted(used & _of_convolutions(part))
        # Names have dots, which torch does not allow: so the parameters are a list.
        self._weights = nn.ParameterList(_tensor(weights[name]) for name in self._names)
        self._constants = sorted(used - set(self._names))
        for name in self._constants:
            self.register_buffer(_buffer(name), _tensor(weights[name]))

    def forward(self, between: Mapping[str, Tensor]) -> Tensor:
        values = dict(between)
        values.update(zip(self._names, self._weights, strict=True))
        for name in self._constants:
            values[name] = self.get_buffer(_buffer(name))
        for step, inputs, output in self._steps:
            values[output] = step([values[name] for name in inputs])
        return values[self._result]

    def weights(self) -> dict[str, Tensor]:
        """By their names in the model file."""
        pairs = zip(self._names, self._weights, strict=True)
        return {name: weight.detach() for name, weight in pairs}


def _of_convolutions(part: Cut) -> set[str]:
    """All else in the file is a constant, such as the six of ReLU6."""
    kernels = [node.input[1:] for node in part.late if node.op_type == "Conv"]
    return {name for names in kernels for name in names}


def _buffer(name: str) -> str:
    return f"constant {name}".replace(".", " ")


def _tensor(values: NDArray[np.float32]) -> Tensor:
    tensor = torch.from_numpy(values.copy())
    # What torch's convolutions on a CPU like better; by how much was not measured apart.
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _step(node: Any) -> Step:
    try:
        make = _OPERATORS[node.op_type]
    except KeyError:
        raise BadArtifact(
            f"The network has an operator {node.op_type}, which cannot be taught here."
        ) from None
    return make(attributes(node))


def _convolution(about: Mapping[str, Any]) -> Step:
    top, left, bottom, right = about["pads"]
    stride, groups = about["strides"], about.get("group", 1)
    even = (top, left) == (bottom, right)

    def convolve(inputs: list[Tensor]) -> Tensor:
        x, weight, bias = inputs
        if even:
            return functional.conv2d(x, weight, bias, stride, (top, left), 1, groups)
        x = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(x, weight, bias, stride, 0, 1, groups)

    return convolve


def _transpose(about: Mapping[str, Any]) -> Step:
    order = list(about["perm"])
    return lambda inputs: inputs[0].permute(order)


def _pool(_: Mapping[str, Any]) -> Step:
    return lambda inputs: inputs[0].mean((2, 3), keepdim=True)


def _length_one(about: Mapping[str, Any]) -> Step:
    axis, power = about.get("axis", -1), about.get("p", 2)
    return lambda inputs: functional.normalize(inputs[0], p=float(power), dim=axis)


def _concatenated(about: Mapping[str, Any]) -> Step:
    axis = about["axis"]
    return lambda inputs: torch.cat(inputs, axis)


# What the network is made of; `Cast` occurs only from the picture's bytes to numbers.
_OPERATORS: Mapping[str, Callable[[Mapping[str, Any]], Step]] = {
    "Add": lambda _: lambda inputs: inputs[0] + inputs[1],
    "Cast": lambda _: lambda inputs: inputs[0].float(),
    "Clip": lambda _: lambda inputs: torch.clamp(*inputs),
    "Concat": _concatenated,
    "Conv": _convolution,
    "Flatten": lambda _: lambda inputs: inputs[0].flatten(1),
    "GlobalAveragePool": _pool,
    "LpNormalization": _length_one,
    "Mul": lambda _: lambda inputs: inputs[0] * inputs[1],
    "Sub": lambda _: lambda inputs: inputs[0] - inputs[1],
    "Transpose": _transpose,
}
