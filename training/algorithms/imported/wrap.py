"""How does a stranger's model come to take what cameras give, and to answer what they expect? By
operators before and behind it, in the one file.
"""

from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, checker, compose, helper, numpy_helper, shape_inference

from lensloop.model.imported import Import
from lensloop.wire.errors import BadArtifact
from training.pictures import SIZE

_IR_VERSION = 8  # the newest that a camera's oldest onnxruntime reads
_LEAST = 1e-12  # of a probability, before its logarithm is taken
_OURS, _THEIRS = "lensloop/", "model/"  # how names begin


class Wrapped:
    """The model with what goes before it; `classifier` adds what goes behind."""

    def __init__(self, model: bytes, how: Import) -> None:
        self._how = how
        # Its names and ours must not meet: it may well call something `image` or `features`.
        self._model = compose.add_prefix(_parsed(model), _THEIRS)
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def logits(self) -> bytes:
        """`image`, uint8 [N, 224, 224, 3] → `logits`, the labels in the model's own order."""
        self._begin()
        self._node("Identity", self._logits(), output="logits")
        return self._finished("logits", len(self._how.labels))

    def classifier(self, order: list[int], temperature: float) -> bytes:
        """`image` → `probabilities`. `order`: where each of the data set's labels is."""
        self._begin()
        logits = self._logits()
        ordered = self._node("Gather", logits, self._constant("order", np.array(order)), axis=1)
        soft = self._node("Div", ordered, self._constant("temperature", np.float32(temperature)))
        self._node("Softmax", soft, output="probabilities", axis=1)
        return self._finished("probabilities", len(order))

    def _begin(self) -> None:
        self._nodes, self._weights = [], []
        x = self._node("Cast", "image", to=TensorProto.FLOAT)
        x = self._node("Transpose", x, perm=[0, 3, 1, 2])
        x = self._resized(x)
        how = self._how.preparation
        if how.scale != 1:
            x = self._node("Div", x, self._constant("scale", np.float32(how.scale)))
        if any(how.mean):
            x = self._node("Sub", x, self._constant("mean", _by_channel(how.mean)))
        if how.std != (1, 1, 1):
            x = self._node("Div", x, self._constant("std", _by_channel(how.std)))
        if self._how.channels_last:
            x = self._node("Transpose", x, perm=[0, 2, 3, 1])
        if not self._how.floats:
            x = self._node("Cast", self._node("Round", x), to=TensorProto.UINT8)
        self._node("Identity", x, output=_THEIRS + self._how.input)

    def _resized(self, x: str) -> str:
        if (self._how.height, self._how.width) == (SIZE, SIZE):
            return x
        scales = np.array([1, 1, self._how.height / SIZE, self._how.width / SIZE], np.float32)
        # A little more: what is cut off to whole pixels must not be one too few.
        scales[2:] = np.nextafter(scales[2:], np.float32(np.inf))
        none = self._constant("roi", np.zeros(0, np.float32))
        return self._node(
            "Resize",
            x,
            none,
            self._constant("scales", scales),
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _logits(self) -> str:
        self._nodes += self._model.graph.node
        width = np.array([-1, len(self._how.labels)])
        answers = self._node("Reshape", _THEIRS + self._how.output, self._constant("width", width))
        if not self._how.softmax:
            return answers
        least = self._constant("least", np.float32(_LEAST))
        return self._node("Log", self._node("Max", answers, least))

    def _node(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{_OURS}{operator.lower()}_{len(self._nodes)}"
        name = f"{_OURS}{output}"
        self._nodes.append(
            helper.make_node(operator, list(inputs), [output], name=name, **attributes)
        )
        return output

    def _constant(self, name: str, value: Any) -> str:
        self._weights.append(numpy_helper.from_array(np.asarray(value), f"{_OURS}{name}"))
        return f"{_OURS}{name}"

    def _finished(self, output: str, width: int) -> bytes:
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", SIZE, SIZE, 3])
        answer = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", width])
        weights = [*self._model.graph.initializer, *self._weights]
        graph = helper.make_graph(self._nodes, "lensloop", [image], [answer], weights)
        graph.sparse_initializer.extend(self._model.graph.sparse_initializer)
        opsets = [one for one in self._model.opset_import if one.domain in ("", "ai.onnx")]
        made = helper.make_model(
            graph, producer_name="lensloop", ir_version=_IR_VERSION, opset_imports=opsets
        )
        try:
            checker.check_model(made, full_check=True)
        except (checker.ValidationError, shape_inference.InferenceError) as misfit:
            first = str(misfit).strip().splitlines()[0][:200]
            raise BadArtifact(f"The imported model is not valid: {first}") from misfit
        return bytes(made.SerializeToString())


def _parsed(model: bytes) -> Any:
    try:
        return onnx.load_model_from_string(model)
    except DecodeError as damage:
        raise BadArtifact(f"The imported model cannot be read: {damage}.") from damage


def _by_channel(values: tuple[float, float, float]) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 3, 1, 1)
