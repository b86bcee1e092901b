"""Models as other tools export them, small and by hand: a picture's mean colour says its label."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KINDS = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8}
# Of red, green and blue, for the labels blue, red and green.
SLOPES = np.array([[-2.0, 4.0, -2.0], [-2.0, -2.0, 4.0], [4.0, -2.0, -2.0]], np.float32)


def model(
    *,
    kind: str = "float32",
    channels_last: bool = False,
    side: int | str = 224,
    batch: int | str = "batch",
    softmax: bool = False,
    cells: int = 1,
    opset: int = 13,
    labels: int = 3,
    names: tuple[str, str] = ("image", "features"),
    extra: Any = (),
) -> onnx.ModelProto:
    """From red, green and blue to logits of as many labels; the input's and the output's names are
    those that would confuse us. The colours are looked at in so many cells a side.
    """
    x, answer = names
    nodes = []
    shape = [batch, side, side, 3] if channels_last else [batch, 3, side, side]
    current = x
    if kind == "uint8":
        nodes.append(helper.make_node("Cast", [current], ["cast"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Div", ["cast", "full"], ["part"]))
        current = "part"
    if channels_last:
        nodes.append(helper.make_node("Transpose", [current], ["turned"], perm=[0, 3, 1, 2]))
        current = "turned"
    if cells == 1:
        nodes.append(helper.make_node("GlobalAveragePool", [current], ["pooled"]))
    else:
        cell = [int(side) // cells] * 2
        nodes.append(
            helper.make_node("AveragePool", [current], ["pooled"], kernel_shape=cell, strides=cell)
        )
    nodes.append(helper.make_node("Flatten", ["pooled"], ["colour"], axis=1))
    nodes.append(helper.make_node("Gemm", ["colour", "slopes"], ["scores" if softmax else answer]))
    if softmax:
        nodes.append(helper.make_node("Softmax", ["scores"], [answer], axis=1))
    weights = [
        numpy_helper.from_array(np.repeat(SLOPES[:, :labels], cells**2, 0) / cells**2, "slopes"),
        numpy_helper.from_array(np.array(255, np.float32), "full"),
    ]
    graph = helper.make_graph(
        [*nodes, *extra],
        "theirs",
        [helper.make_tensor_value_info(x, KINDS[kind], shape)],
        [helper.make_tensor_value_info(answer, TensorProto.FLOAT, [batch, labels])],
        weights,
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])


def colours(pictures: np.ndarray) -> np.ndarray:
    """What the models look at: the mean of each colour, from 0 to 1."""
    return pictures.astype(np.float64).mean(axis=(1, 2)) / 255
