"""How does a stranger's model come to take what cameras give, and to answer what they expect? By
operators before and behind it, in the one file.
"""

from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, checker, compose, shape_inference

from lensloop.model.imported import Import
from lensloop.wire.errors import BadArtifact
from training.algorithms.calibrated import add_unfamiliar
from training.algorithms.head.backbone import Graph
from training.algorithms.head.familiarity import Familiarity
from training.model_file import FEATURES
from training.pictures import SIZE

_LEAST = 1e-12  # of a probability, before its logarithm is taken
_THEIRS = "model/"  # how their names begin, and none of ours


class Wrapped:
    """The model with what goes before it; `classifier` adds what goes behind. What its last layer
    is given, where that is known, is called `features`.
    """

    def __init__(self, model: bytes, how: Import, *, one_by_one: bool = False) -> None:
        """`one_by_one`: it takes a single picture, as it is exported when nobody says otherwise."""
        self._how, self._pictures = how, 1 if one_by_one else "N"
        # Its names and ours must not meet: it may well call something `image` or `features`.
        self._model = compose.add_prefix(_parsed(model), _THEIRS)
        if how.last_layer.given:
            _rename(self._model.graph, _THEIRS + how.last_layer.given, FEATURES)

    def logits(self) -> bytes:
        """`image`, uint8 [N, 224, 224, 3] → `logits`, the labels in the model's own order."""
        graph = self._begun()
        logits = graph.node("Identity", self._add_logits(graph), output="logits")
        return self._finished(graph, logits, len(self._how.labels))

    def classifier(
        self, order: list[int], temperature: float, familiar: Familiarity | None = None
    ) -> bytes:
        """`image` → `probabilities`, and `unfamiliar` if it can tell what is. `order`: where each
        of the data set's labels is.
        """
        graph, labels = self._begun(), len(order)
        logits = self._add_logits(graph)
        ordered = graph.node("Gather", logits, graph.constant("order", np.array(order)), axis=1)
        divisor = graph.constant("temperature", np.float32(temperature))
        soft = graph.node("Div", ordered, divisor)
        probabilities = graph.node("Softmax", soft, output="probabilities", axis=1)
        scores = []
        if familiar:
            scores.append(add_unfamiliar(graph, FEATURES, probabilities, labels, familiar))
        return self._finished(graph, probabilities, labels, *scores)

    def _begun(self) -> Graph:
        """From a camera's picture to the model's input."""
        graph, how = Graph(), self._how.preparation
        x = graph.node("Cast", "image", to=TensorProto.FLOAT)
        x = graph.node("Transpose", x, perm=[0, 3, 1, 2])
        x = self._resized(graph, x)
        if how.scale != 1:
            x = graph.node("Div", x, graph.constant("scale", np.float32(how.scale)))
        if any(how.mean):
            x = graph.node("Sub", x, graph.constant("mean", _by_channel(how.mean)))
        if how.std != (1, 1, 1):
            x = graph.node("Div", x, graph.constant("std", _by_channel(how.std)))
        if self._how.bgr:
            x = graph.node("Gather", x, graph.constant("bgr", np.array([2, 1, 0])), axis=1)
        if self._how.channels_last:
            x = graph.node("Transpose", x, perm=[0, 2, 3, 1])
        if not self._how.floats:
            x = graph.node("Cast", graph.node("Round", x), to=TensorProto.UINT8)
        graph.node("Identity", x, output=_THEIRS + self._how.input)
        return graph

    def _resized(self, graph: Graph, x: str) -> str:
        if (self._how.height, self._how.width) == (SIZE, SIZE):
            return x
        scales = np.array([1, 1, self._how.height / SIZE, self._how.width / SIZE], np.float32)
        # A little more: what is cut off to whole pixels must not be one too few.
        scales[2:] = np.nextafter(scales[2:], np.float32(np.inf))
        none = graph.constant("roi", np.zeros(0, np.float32))
        return graph.node(
            "Resize",
            x,
            none,
            graph.constant("scales", scales),
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _add_logits(self, graph: Graph) -> str:
        graph.nodes += self._model.graph.node
        graph.initializers += self._model.graph.initializer
        width = graph.constant("width", np.array([-1, len(self._how.labels)]))
        answers = graph.node("Reshape", _THEIRS + self._how.output, width)
        if not self._how.softmax:
            return answers
        least = graph.constant("least", np.float32(_LEAST))
        return graph.node("Log", graph.node("Max", answers, least))

    def _finished(self, graph: Graph, output: str, width: int, *scores: str) -> bytes:
        opsets = [one for one in self._model.opset_import if one.domain in ("", "ai.onnx")]
        try:
            made = graph.model(output, width, *scores, opsets=opsets, pictures=self._pictures)
        except (checker.ValidationError, shape_inference.InferenceError) as misfit:
            first = str(misfit).strip().splitlines()[0][:200]
            raise BadArtifact(f"The imported model is not valid: {first}") from misfit
        return bytes(made.SerializeToString())


def _parsed(model: bytes) -> Any:
    try:
        return onnx.load_model_from_string(model)
    except DecodeError as damage:
        raise BadArtifact(f"The imported model cannot be read: {damage}.") from damage


def _rename(graph: Any, before: str, after: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == before:
                    names[place] = after


def _by_channel(values: tuple[float, float, float]) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 3, 1, 1)
