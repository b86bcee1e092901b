"""What does a stranger's classifier see in a picture, just before it answers? What its last layer
is given, where the file shows it: a picture is unfamiliar that lies far off all others there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lensloop.wire.onnx_file import Described, Node

# Numbers a picture. In fewer there is no room off the main axes of what was learnt (of those there
# are 24); more take long and are no classifier's last look (VGG's, the widest that is used, has
# 4,096).
WIDTHS = (32, 4096)
_LAYERS = ("Gemm", "MatMul")
# What may stand between the last layer and the answers: each number becomes one number.
_PASSES = frozenset(
    {
        *("Add", "Sub", "Mul", "Div", "Softmax", "LogSoftmax", "Sigmoid", "Identity", "Cast"),
        *("Clip", "Dropout", "QuantizeLinear", "DequantizeLinear"),
    }
)
_RESHAPES = frozenset({"Flatten", "Reshape", "Squeeze"})
# Through which weights may come to a layer without being fewer or more.
_OF_WEIGHTS = frozenset({"Identity", "Transpose", "Cast", "Reshape", "DequantizeLinear"})


@dataclass(frozen=True)
class LastLayer:
    given: str = ""  # the tensor's name; empty where none is known
    width: int = 0  # numbers a picture
    why_unknown: str = ""  # in a sentence


def last_layer(model: Described, output: str, labels: int) -> LastLayer:
    """Of the model that answers with the tensor `output` for so many labels."""
    makers = {name: node for node in model.nodes for name in node.outputs}
    fixed = _fixed(model)
    node, reshaped = makers.get(output), False
    while node and node.operator in _PASSES | _RESHAPES:
        varying = [name for name in node.inputs if name and name not in fixed]
        reshaped |= node.operator in _RESHAPES
        node = makers.get(varying[0]) if len(varying) == 1 else None
    if node is None or node.operator not in _LAYERS or not _is_of_weights(node, fixed):
        return LastLayer(why_unknown="its answers do not come from one last layer of weights")
    if node.operator == "MatMul" and reshaped:  # maybe one of several places of the picture
        return LastLayer(why_unknown="its last layer may look at parts of the picture")
    low, high = WIDTHS
    width = _elements(model.weights, makers, node.inputs[1]) // labels
    if not low <= width <= high:
        numbers = f"{width} numbers" if width else "an unknown number of values"
        why = f"its last layer is given {numbers} of a picture, and must be given {low} to {high}"
        return LastLayer(why_unknown=why)
    return LastLayer(node.inputs[0], width)


def _is_of_weights(layer: Node, fixed: frozenset[str]) -> bool:
    given, *weights = layer.inputs
    return given not in fixed and bool(weights) and fixed.issuperset(weights)


def _fixed(model: Described) -> frozenset[str]:
    """The tensors that are the same for every picture; "" is one that is left out."""
    fixed = {"", *model.weights}
    for node in model.nodes:
        if fixed.issuperset(node.inputs):
            fixed.update(node.outputs)
    return frozenset(fixed)


def _elements(weights: Mapping[str, tuple[int, ...]], makers: Mapping[str, Node], name: str) -> int:
    """How many numbers a layer's weights are; 0 where the file does not show it."""
    while name not in weights:
        node = makers.get(name)
        if node is None or node.operator not in _OF_WEIGHTS or not node.inputs:
            return 0
        name = node.inputs[0]
    elements = 1
    for side in weights[name]:
        elements *= side
    return elements
