"""One definition of the network: what torch computes is what the model file computes, whichever
part of it is taught.
"""

from functools import cache

import numpy as np
import pytest
import torch

from tests.training.test_backbone import TORCH, pattern
from training.algorithms.finetune.cut import LATE, WHOLE, Cut, cut, weights_of, with_weights
from training.algorithms.finetune.network import Network
from training.algorithms.head.export import frozen_backbone
from training.embed import session


@cache
def model() -> bytes:
    return frozen_backbone()


def image() -> np.ndarray:
    return np.concatenate([pattern(name) for name in TORCH])


def between(part: Cut) -> dict[str, np.ndarray]:
    if part.early is None:
        return {"image": image()}
    answers = session(part.early).run([*part.between], {"image": image()})
    return dict(zip(part.between, answers, strict=True))


def in_torch(part: Cut, weights: dict[str, np.ndarray]) -> np.ndarray:
    tensors = {name: torch.from_numpy(values) for name, values in between(part).items()}
    with torch.inference_mode():
        return Network(part, weights)(tensors).numpy()


@pytest.mark.parametrize("first", [WHOLE, LATE], ids=["all layers", "late layers"])
def test_torch_and_the_model_file_see_the_same(first):
    seen = session(model()).run(None, {"image": image()})[0]
    np.testing.assert_allclose(in_torch(cut(model(), first), weights_of(model())), seen, atol=1e-4)


@pytest.mark.parametrize("first", [WHOLE, LATE], ids=["all layers", "late layers"])
def test_what_was_taught_comes_into_the_file(first):
    part, weights = cut(model(), first), weights_of(model())
    rng = np.random.default_rng(3)
    taught = {
        name: values.numpy() * rng.uniform(0.9, 1.1, values.shape).astype(np.float32)
        for name, values in Network(part, weights).weights().items()
    }
    changed = with_weights(model(), taught)
    seen = session(changed).run(None, {"image": image()})[0]
    assert np.abs(seen - session(model()).run(None, {"image": image()})[0]).max() > 0.01
    np.testing.assert_allclose(in_torch(part, weights | taught), seen, atol=1e-4)


def test_late_layers_take_the_maps_of_block_ten():
    part = cut(model(), LATE)
    shapes = [values.shape[1:] for values in between(part).values()]
    assert (112, 14, 14) in shapes
    names = Network(part, weights_of(model())).weights()
    blocks = {int(name.split(".")[1]) for name in names if name.startswith("_blocks.")}
    assert blocks == {11, 12, 13, 14, 15}
    assert all(name.endswith((".weight", ".bias")) for name in names)


def test_nothing_but_what_is_taught_differs_in_the_file():
    same = with_weights(model(), {})
    assert weights_of(same).keys() == weights_of(model()).keys()
    assert same == model()
