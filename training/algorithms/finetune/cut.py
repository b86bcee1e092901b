"""Which part of the network is taught, and what does it take from the part that is not? The model
file in two, so that the frozen part looks at each picture only once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.utils import Extractor

from training.model_file import IMAGE

Weights = Mapping[str, NDArray[np.float32]]
# The last five of the sixteen blocks and what follows them: their input is 14 x 14, a seventh of
# a picture's bytes, and teaching more of them on a CPU costs more than it brings.
LATE = "_blocks.11._expand_conv.weight"
WHOLE = IMAGE


@dataclass(frozen=True)
class Cut:
    late: Sequence[Any]  # nodes
    between: tuple[str, ...]  # the tensors that the early part makes and the late part takes
    early: bytes | None  # the model that makes them; None where they are the picture itself
    result: str
    width: int  # numbers of the result for each picture


def cut(model: bytes, first: str) -> Cut:
    """Late is every node that takes the tensor `first`, and all that depends on one of them."""
    whole = onnx.load_model_from_string(model)
    output = whole.graph.output[0]
    result = output.name, output.type.tensor_type.shape.dim[1].dim_value
    late, moved = [], {first}
    for node in whole.graph.node:
        if not moved.isdisjoint(node.input):
            late.append(node)
            moved.update(node.output)
    constant = {weight.name for weight in whole.graph.initializer}
    taken = {name for node in late for name in node.input}
    between = tuple(sorted(taken - moved - constant | taken & {IMAGE}))
    if between == (IMAGE,):
        return Cut(late, between, None, *result)
    early = Extractor(onnx.shape_inference.infer_shapes(whole)).extract_model([IMAGE], [*between])
    return Cut(late, between, bytes(early.SerializeToString()), *result)


def weights_of(model: bytes) -> dict[str, NDArray[np.float32]]:
    graph = onnx.load_model_from_string(model).graph
    return {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}


def with_weights(model: bytes, taught: Weights) -> bytes:
    """The same model, some of whose weights have been taught: so one writer makes every file."""
    changed = onnx.load_model_from_string(model)
    for weight in changed.graph.initializer:
        if weight.name in taught:
            values = np.ascontiguousarray(taught[weight.name], np.float32)
            weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    return bytes(changed.SerializeToString())


def midway(pretrained: Weights, taught: Weights, share: float) -> Weights:
    """Those that were taught, moved back: `share` of the way from the pretrained ones."""
    return {
        name: pretrained[name] + np.float32(share) * (values - pretrained[name])
        for name, values in taught.items()
    }


def attributes(node: Any) -> dict[str, Any]:
    return {found.name: helper.get_attribute_value(found) for found in node.attribute}
