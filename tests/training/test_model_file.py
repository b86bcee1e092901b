"""A model's file in two parts: they answer together as the whole, and say which backbone it is."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lensloop.model.standards import BACKBONES
from lensloop.wire.errors import BadArtifact
from training.algorithms.head.backbone import FEATURES, pretrained
from training.algorithms.head.discriminant import Head
from training.algorithms.head.export import classifier, frozen_backbone
from training.algorithms.head.weights import read_weights
from training.embed import session
from training.model_file import ModelFile, frozen


def head(labels: int, seed: int) -> Head:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(FEATURES, labels))
    return Head(weights, rng.normal(size=labels), 1.5)


@pytest.fixture(scope="module")
def shipped() -> list[bytes]:
    """Two files of the same backbone, with heads of different labels."""
    weights = read_weights(pretrained())
    return [classifier(weights, head(3, 1)), classifier(weights, head(5, 2))]


def noise(count: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    return rng.integers(0, 255, (count, 224, 224, 3), dtype=np.uint8)


def test_the_head_answers_for_features_what_the_whole_file_answers_for_pictures(shipped):
    model, images = ModelFile(shipped[0]), noise(3)
    whole = session(shipped[0]).run(None, {"image": images})[0]
    features = model.backbone.session.run(None, {"image": images})[0]
    assert features.shape == (3, FEATURES)
    np.testing.assert_allclose(model.probabilities(features), whole, atol=1e-5)


def test_all_models_of_the_frozen_backbone_have_its_hash(shipped):
    hashes = {ModelFile(data).backbone.hash for data in shipped}
    assert hashes == {frozen(frozen_backbone()).hash}


def test_the_data_sets_step_knows_the_frozen_backbone_by_name():
    """It asks for what that backbone has seen. A changed backbone needs its new hash there."""
    assert BACKBONES["head"] == frozen(frozen_backbone()).hash


# Graphs made by hand


def weight(name: str, *values: float) -> Any:
    return numpy_helper.from_array(np.array(values, np.float32), name)


def graph(nodes: list[Any], output: str, scale: float = 2.0) -> bytes:
    """From `image`, float32 [N, 2], with the weights `scale` and `bias`."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 2])
    result = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 2])
    weights = [weight("scale", scale), weight("bias", 1.0)]
    made = helper.make_graph(nodes, "g", [image], [result], weights)
    opset = helper.make_opsetid("", 13)
    return bytes(helper.make_model(made, ir_version=8, opset_imports=[opset]).SerializeToString())


def plain(scale: float = 2.0, name: str = "first") -> bytes:
    nodes = [
        helper.make_node("Mul", ["image", "scale"], ["features"], name=name),
        helper.make_node("Add", ["features", "bias"], ["probabilities"], name="last"),
    ]
    return graph(nodes, "probabilities", scale)


def test_a_small_model_is_taken_apart():
    model = ModelFile(plain())
    features = model.backbone.session.run(None, {"image": np.array([[1, 2]], np.float32)})[0]
    assert features.tolist() == [[2, 4]]
    assert model.probabilities(features).tolist() == [[3, 5]]


OTHERS = {
    "another weight": plain(scale=2.5),
    "another node's name": plain(name="other"),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_another_backbone_has_another_hash(other):
    assert ModelFile(other).backbone.hash != ModelFile(plain()).backbone.hash


def test_a_head_changes_nothing_about_the_hash():
    nodes = [
        helper.make_node("Mul", ["image", "scale"], ["features"], name="first"),
        helper.make_node("Sub", ["features", "bias"], ["chances"], name="last"),
    ]
    assert ModelFile(graph(nodes, "chances")).backbone.hash == ModelFile(plain()).backbone.hash


UNDIVIDED = {
    "no tensor of that name": (
        [helper.make_node("Mul", ["image", "scale"], ["probabilities"], name="only")],
        [[2, 4]],
    ),
    "a head that looks at the picture too": (
        [
            helper.make_node("Mul", ["image", "scale"], ["features"], name="first"),
            helper.make_node("Add", ["features", "image"], ["probabilities"], name="last"),
        ],
        [[3, 6]],
    ),
}


@pytest.mark.parametrize(("nodes", "answers"), UNDIVIDED.values(), ids=UNDIVIDED.keys())
def test_a_model_that_cannot_be_divided_is_all_backbone(nodes, answers):
    model = ModelFile(graph(nodes, "probabilities"))
    features = model.backbone.session.run(None, {"image": np.array([[1, 2]], np.float32)})[0]
    assert features.tolist() == answers
    assert model.probabilities(features).tolist() == answers


def test_what_is_no_model_is_refused():
    with pytest.raises(BadArtifact, match="cannot be read"):
        ModelFile(b"half")


def test_the_parts_keep_the_versions_of_the_whole(shipped):
    backbone = onnx.load_model_from_string(ModelFile(shipped[0]).backbone.model)
    assert (backbone.ir_version, backbone.opset_import[0].version) == (8, 13)
