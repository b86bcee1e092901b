"""Which network does the built-in algorithm train? ResNet with pre-activation (He et al. 2016), in
the names that MXNet's example of it gives its layers. Here its weights are random, always the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

UNITS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
_BOTTLENECK = 50  # from this many layers on
_SEED = 20171129  # the day SageMaker was announced; any would do


@dataclass(frozen=True)
class Layer:
    operator: str
    name: str
    inputs: tuple[int, ...]
    attributes: Mapping[str, str]


@dataclass
class Network:
    layers: list[Layer] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    _chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(_SEED))

    def add(self, operator: str, name: str, *inputs: int, **attributes: object) -> int:
        written = {key: str(value) for key, value in attributes.items()}
        self.layers.append(Layer(operator, name, inputs, written))
        return len(self.layers) - 1

    def weight(self, name: str, value: np.ndarray) -> int:
        self.weights[name] = value.astype(np.float32)
        return self.add("null", name)

    def convolution(
        self, x: int, name: str, channels: tuple[int, int], kernel: int, stride: int = 1
    ) -> int:
        given, filters = channels
        shape = (filters, given, kernel, kernel)
        spread = np.sqrt(2 / (given * kernel * kernel))
        weight = self.weight(f"{name}_weight", self._chance.normal(0, spread, shape))
        return self.add(
            "Convolution",
            name,
            x,
            weight,
            kernel=(kernel, kernel),
            no_bias=True,
            num_filter=filters,
            pad=(kernel // 2, kernel // 2),
            stride=(stride, stride),
            workspace=256,
        )

    def norm(self, x: int, name: str, channels: int, fix_gamma: bool = False) -> int:
        ones, zeros = np.ones(channels), np.zeros(channels)
        start = {"gamma": ones, "beta": zeros, "moving_mean": zeros, "moving_var": ones}
        inputs = [self.weight(f"{name}_{part}", value) for part, value in start.items()]
        return self.add("BatchNorm", name, x, *inputs, eps=2e-05, fix_gamma=fix_gamma, momentum=0.9)

    def relu(self, x: int, name: str) -> int:
        return self.add("Activation", name, x, act_type="relu")


def resnet(layers: int, labels: int) -> Network:
    deep = layers >= _BOTTLENECK
    filters = (256, 512, 1024, 2048) if deep else (64, 128, 256, 512)
    network = Network()
    x = network.add("identity", "id", network.add("null", "data"))
    x = network.norm(x, "bn_data", 3, fix_gamma=True)
    x = network.convolution(x, "conv0", (3, 64), 7, 2)
    x = network.relu(network.norm(x, "bn0", 64), "relu0")
    x = network.add(
        "Pooling", "pooling0", x, kernel=(3, 3), pad=(1, 1), pool_type="max", stride=(2, 2)
    )
    channels, sums = 64, 0
    for stage, (units, wide) in enumerate(zip(UNITS[layers], filters, strict=True), 1):
        for unit in range(1, units + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            name = f"stage{stage}_unit{unit}"
            branch, shortcut = _unit(network, x, name, (channels, wide), stride, deep, unit == 1)
            x = network.add("elemwise_add", f"_plus{sums}", branch, shortcut)
            channels, sums = wide, sums + 1
    x = network.relu(network.norm(x, "bn1", channels), "relu1")
    x = network.add("Pooling", "pool1", x, global_pool=True, kernel=(7, 7), pool_type="avg")
    x = network.add("Flatten", "flatten0", x)
    weight = network.weight("fc1_weight", np.zeros((labels, channels)))
    bias = network.weight("fc1_bias", np.zeros(labels))
    x = network.add("FullyConnected", "fc1", x, weight, bias, num_hidden=labels)
    network.add("SoftmaxOutput", "softmax", x, network.add("null", "softmax_label"))
    return network


def _unit(
    network: Network,
    x: int,
    name: str,
    channels: tuple[int, int],
    stride: int,
    deep: bool,
    first: bool,
) -> tuple[int, int]:
    """What a residual unit adds, and to what."""
    given, wide = channels
    inner = wide // 4 if deep else wide
    start = act = network.relu(network.norm(x, f"{name}_bn1", given), f"{name}_relu1")
    steps = [(given, inner, 1, 1), (inner, inner, 3, stride), (inner, wide, 1, 1)]
    if not deep:
        steps = [(given, wide, 3, stride), (wide, wide, 3, 1)]
    for number, (narrow, broad, kernel, step) in enumerate(steps, 1):
        if number > 1:
            normed = network.norm(act, f"{name}_bn{number}", narrow)
            act = network.relu(normed, f"{name}_relu{number}")
        act = network.convolution(act, f"{name}_conv{number}", (narrow, broad), kernel, step)
    if not first:
        return act, x
    return act, network.convolution(start, f"{name}_sc", (given, wide), 1, stride)
