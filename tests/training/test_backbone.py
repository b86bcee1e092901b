"""The backbone: the same numbers as the torch model
that the weights come from, and the model file that ships.
"""

from functools import cache

import numpy as np
import onnx
import pytest

from tests.oldest_runtime import answers, with_the_oldest_runtime
from training.algorithms.head.backbone import FEATURES, pretrained
from training.algorithms.head.discriminant import Head
from training.algorithms.head.export import classifier, embedder
from training.algorithms.head.familiarity import Axes, Familiarity, Rarity
from training.algorithms.head.weights import read_weights
from training.embed import session

# Every 80th feature and the mean, by torch 2.13.0 and efficientnet_lite_pytorch 0.1.0 on input (x -
# 127) / 128.
TORCH = {
    "stripes": (
        (
            0.0,
            0.0,
            0.00459,
            0.0,
            0.0,
            1.89642,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.09302,
            0.0,
            0.0,
        ),
        0.1365925669670105,
    ),
    "moire": (
        (
            0.486,
            0.0,
            0.0,
            0.0,
            0.0,
            2.63807,
            0.20991,
            0.04959,
            0.06032,
            0.0,
            0.20325,
            0.0,
            0.0,
            0.0,
            0.0,
            0.01247,
        ),
        0.23734016716480255,
    ),
}


def pattern(name: str) -> np.ndarray:
    y, x, c = np.meshgrid(np.arange(224), np.arange(224), np.arange(3), indexing="ij")
    values = x * (c + 1) + y * 2 if name == "stripes" else x * y // (7 + c) + 31 * c
    return (values % 256).astype(np.uint8)[None]


@cache
def weights() -> dict[str, np.ndarray]:
    return read_weights(pretrained())


def head(labels: int) -> Head:
    rng = np.random.default_rng(1)
    return Head(rng.normal(0, 0.1, (FEATURES, labels)), rng.normal(0, 0.1, labels), 1.7)


@pytest.mark.parametrize("name", TORCH)
def test_the_features_are_those_of_the_torch_model(name):
    features = session(embedder(weights())).run(None, {"image": pattern(name)})[0][0]
    last = features[-1280:]
    every_80th, mean = TORCH[name]
    np.testing.assert_allclose(last[::80] / last.mean(), np.array(every_80th) / mean, atol=0.01)


def test_the_features_are_what_each_block_sees_on_average_and_of_length_one():
    features = session(embedder(weights())).run(None, {"image": pattern("moire")})[0][0]
    whole = onnx.load_model_from_string(embedder(weights()))
    joined = whole.graph.node[-1]
    made = {node.output[0]: node for node in whole.graph.node}
    begin = 0
    for name in joined.input:
        pooled = made[made[made[name].input[0]].input[0]]
        width = averages(whole, pooled.input[0])
        length = np.linalg.norm(width)
        part = features[begin : begin + len(width)]
        np.testing.assert_allclose(part, width / length, atol=1e-4)
        begin += len(width)
    assert (len(joined.input), begin) == (13, FEATURES)


def averages(model: onnx.ModelProto, block: str) -> np.ndarray:
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    seen.graph.ClearField("output")
    shape = ["N", "channels", "height", "width"]
    seen.graph.output.append(
        onnx.helper.make_tensor_value_info(block, onnx.TensorProto.FLOAT, shape)
    )
    answer = session(seen.SerializeToString()).run([block], {"image": pattern("moire")})[0]
    return np.asarray(answer[0].mean(axis=(1, 2)))


@pytest.mark.parametrize("labels", [2, 3, 40])
def test_the_model_file_computes_what_numpy_computes(labels):
    image = np.concatenate([pattern(name) for name in TORCH])
    features = session(embedder(weights())).run(None, {"image": image})[0]
    probabilities = session(classifier(weights(), head(labels))).run(
        ["probabilities"], {"image": image}
    )[0]
    np.testing.assert_allclose(probabilities, head(labels).probabilities(features), atol=1e-3)


@pytest.mark.slow
@with_the_oldest_runtime
def test_the_oldest_runtime_computes_the_same():
    image = np.concatenate([pattern(name) for name in TORCH])
    model = classifier(weights(), head(3))
    newest = session(model).run(["probabilities"], {"image": image})[0]
    np.testing.assert_allclose(answers(model, image), newest, atol=1e-3)


def test_the_model_file_says_how_unfamiliar_a_picture_is_as_numpy_does():
    rng, image = np.random.default_rng(2), np.concatenate([pattern(name) for name in TORCH])
    directions = np.linalg.qr(rng.normal(size=(1280, 24))).Q.astype(np.float16)
    mean = rng.normal(0, 0.02, 1280).astype(np.float32)
    rarities = [Rarity.of(rng.exponential(size=500)) for _ in "ab"]
    familiar = Familiarity(Axes(mean, directions), *rarities)
    features = session(embedder(weights())).run(None, {"image": image})[0]
    model = session(classifier(weights(), head(3), familiar))
    assert [(o.name, o.shape) for o in model.get_outputs()] == [
        ("probabilities", ["N", 3]),
        ("unfamiliar", ["N"]),
    ]
    probabilities, unfamiliar = model.run(None, {"image": image})
    expected = familiar.unfamiliar(features, probabilities.astype(np.float64))
    np.testing.assert_allclose(unfamiliar, expected, rtol=1e-3)
    assert expected[0] != expected[1]


def test_the_model_file_has_the_contract_of_a_release():
    model = session(classifier(weights(), head(3)))
    (image,), (probabilities,) = model.get_inputs(), model.get_outputs()
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["N", 224, 224, 3])
    assert (probabilities.name, probabilities.type, probabilities.shape) == (
        "probabilities",
        "tensor(float)",
        ["N", 3],
    )


def test_the_model_file_runs_on_old_cameras():
    """onnxruntime 1.10 of 2021, which still had wheels
    for Python 3.7, reads IR 8 and opset 15 at most.
    """
    model = onnx.load_from_string(classifier(weights(), head(3)))
    assert model.ir_version <= 8
    assert [(o.domain, o.version <= 15) for o in model.opset_import] == [("", True)]


def test_the_same_head_gives_the_same_bytes():
    assert classifier(weights(), head(3)) == classifier(weights(), head(3))
