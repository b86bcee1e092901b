"""What is in a model's file? The backbone, from the picture to the tensor `features`, and the head
behind it.

A picture that was embedded once is answered by every head of the same backbone without being looked
at again, so the two are taken out of the very file that is shipped.
"""

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from onnx.utils import Extractor

from lensloop.wire.errors import BadArtifact
from lensloop.wire.picture import RESIZE
from training.embed import answers, session
from training.pictures import SIZE

IMAGE, FEATURES = "image", "features"
UNFAMILIAR = "unfamiliar"  # the second output, of models that can tell
# Hex digits of a hash in names: no two backbones of a project meet in 64 bits.
_DIGITS = 16


@dataclass(frozen=True)
class Backbone:
    """What turns pictures into features, float32 [N, D]: its first output."""

    model: bytes
    hash: str  # of all that decides what it answers

    @property
    def width(self) -> int:
        return int(self.session.get_outputs()[0].shape[1])

    @functools.cached_property
    def session(self) -> onnxruntime.InferenceSession:
        return session(self.model)


class ModelFile:
    """A model in its two parts; one without a tensor `features` is all backbone, and what it
    answers first, its probabilities, are its features.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        backbone, head = _parts(_parsed(data))
        self.backbone = Backbone(bytes(backbone.SerializeToString()), backbone_hash(backbone))
        self._head_model = head
        self._head = session(bytes(head.SerializeToString())) if head else None

    @property
    def has_head(self) -> bool:
        return self._head is not None

    def on(self, backbone: Backbone) -> bytes:
        """The file with the same head behind another backbone."""
        if self._head_model is None:
            return backbone.model
        front, head = _parsed(backbone.model), onnx.ModelProto()
        head.CopyFrom(self._head_model)
        for part in (front, head):  # both describe `features`
            del part.graph.value_info[:]
        whole = onnx.compose.merge_models(front, head, io_map=[(FEATURES, FEATURES)])
        return bytes(whole.SerializeToString())

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each picture's features, one for each label."""
        return self.answers(features)[0]

    def unfamiliarity(self, features: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """For each picture's features, how little it is like anything that the model was taught;
        None where the file does not say.
        """
        head = self._head
        if head is None or UNFAMILIAR not in [output.name for output in head.get_outputs()]:
            return None
        (scores,) = answers(head, [UNFAMILIAR], features)
        return scores.reshape(-1)

    def answers(self, features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """All that the file answers, in its own order."""
        if self._head is None:
            return [features]
        return answers(self._head, None, features)


def frozen(model: bytes) -> Backbone:
    """A network that was made to be a backbone."""
    return Backbone(model, backbone_hash(_parsed(model)))


def backbone_hash(backbone: Any) -> str:
    """Equal for two backbones, ONNX models, that see the same in every picture: of the way that
    pictures are prepared, the nodes and the weights, and nothing else.
    """
    opsets = sorted((opset.domain, opset.version) for opset in backbone.opset_import)
    digest = hashlib.sha256(json.dumps([RESIZE, SIZE, opsets]).encode())
    for node in backbone.graph.node:
        named = [node.op_type, node.domain, node.name, list(node.input), list(node.output)]
        digest.update(json.dumps(named).encode())
        for attribute in sorted(node.attribute, key=lambda attribute: attribute.name):
            digest.update(attribute.SerializeToString(deterministic=True))
    for weight in sorted(backbone.graph.initializer, key=lambda weight: weight.name):
        digest.update(json.dumps([weight.name, weight.data_type, list(weight.dims)]).encode())
        digest.update(numpy_helper.to_array(weight).tobytes())
    return digest.hexdigest()[:_DIGITS]


def _parsed(model: bytes) -> Any:
    try:
        return onnx.load_model_from_string(model)
    except DecodeError as damage:
        raise BadArtifact(f"The model file cannot be read: {damage}.") from damage


def _parts(model: Any) -> tuple[Any, Any]:
    """Backbone and head; no head where nothing but `features` should lead to it and does not."""
    names = {name for node in model.graph.node for name in node.output}
    if FEATURES not in names or FEATURES in {output.name for output in model.graph.output}:
        return model, None
    extractor = Extractor(onnx.shape_inference.infer_shapes(model))
    if not _is_a_row_of_numbers(extractor.value_infos.get(FEATURES)):
        return model, None
    head = extractor.extract_model([FEATURES], [output.name for output in model.graph.output])
    if not _stands_alone(head):
        return model, None
    return extractor.extract_model([IMAGE], [FEATURES]), head


def _is_a_row_of_numbers(tensor: Any) -> bool:
    if tensor is None:
        return False
    kind = tensor.type.tensor_type
    return kind.elem_type == TensorProto.FLOAT and len(kind.shape.dim) == 2


def _stands_alone(head: Any) -> bool:
    made = {FEATURES, ""} | {weight.name for weight in head.graph.initializer}
    for node in head.graph.node:
        if not made.issuperset(node.input):
            return False
        made.update(node.output)
    return True
