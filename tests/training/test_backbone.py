"""The backbone: the same numbers as the torch model
that the weights come from, and the model file that ships.
"""

from functools import cache

import numpy as np
import onnx
import pytest

from training.algorithms.head.backbone import FEATURES, pretrained
from training.algorithms.head.export import classifier, embedder
from training.algorithms.head.regression import Head
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
    return Head(rng.normal(0, 0.1, (FEATURES, labels)), rng.normal(0, 0.1, labels), 0.01, 1.7)


@pytest.mark.parametrize("name", TORCH)
def test_the_features_are_those_of_the_torch_model(name):
    features = session(embedder(weights())).run(None, {"image": pattern(name)})[0][0]
    every_80th, mean = TORCH[name]
    np.testing.assert_allclose(features[::80], every_80th, atol=1e-3)
    assert features.mean() == pytest.approx(mean, abs=1e-4)


@pytest.mark.parametrize("labels", [2, 3, 40])
def test_the_model_file_computes_what_numpy_computes(labels):
    image = np.concatenate([pattern(name) for name in TORCH])
    features = session(embedder(weights())).run(None, {"image": image})[0]
    probabilities = session(classifier(weights(), head(labels))).run(
        ["probabilities"], {"image": image}
    )[0]
    np.testing.assert_allclose(probabilities, head(labels).probabilities(features), atol=1e-5)


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
