"""A classifier that PyTorch's own exporter writes, as timm's and torchvision's users call it, is
imported and answers what it answers in PyTorch.
"""

import io
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lensloop.model.imported import Preparation, understood
from lensloop.wire.onnx_file import describe
from training.algorithms.imported.train import runnable
from training.embed import session

LABELS = ("glass", "can", "paper", "carton")
IMAGENET = Preparation(255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
OPENCV = Preparation(1, (123.68, 116.78, 103.94))
_WIDTH = 48


class _Block(nn.Module):
    """As MobileNet's: widen, look around, narrow, and add what came."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 4 * channels
        self.body = nn.Sequential(
            *(nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.Hardswish()),
            *(nn.Conv2d(wide, wide, 3, padding=1, groups=wide), nn.BatchNorm2d(wide), nn.SiLU()),
            nn.Conv2d(wide, channels, 1),
        )

    def forward(self, x: Any) -> Any:
        return x + self.body(x)


class _Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 16, 3, 4, padding=1), nn.BatchNorm2d(16), nn.ReLU6(), nn.MaxPool2d(2)),
            *(_Block(16), nn.Conv2d(16, _WIDTH, 3, 2), nn.ReLU()),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(_WIDTH, len(LABELS)))

    def forward(self, x: Any) -> Any:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


def pictures() -> np.ndarray:
    rng = np.random.default_rng(4)
    flat = rng.integers(0, 256, (6, 1, 1, 3)) + rng.integers(-60, 61, (6, 224, 224, 3))
    return np.clip(flat, 0, 255).astype(np.uint8)


def prepared(how: Preparation, bgr: bool) -> torch.Tensor:
    values = (pictures() / how.scale - how.mean) / how.std
    if bgr:
        values = values[..., ::-1]
    return torch.from_numpy(values.transpose(0, 3, 1, 2).astype(np.float32).copy())


def taught(given: torch.Tensor) -> nn.Module:
    """With norms that have seen something, and answers that differ."""
    torch.manual_seed(0)
    model = _Classifier()
    with torch.no_grad():
        model.classifier[1].weight.mul_(20)
        for _ in range(5):
            model(given)
    return model.eval()


def exported(model: nn.Module, example: torch.Tensor, **options: Any) -> bytes:
    """By the exporter that needs nothing besides PyTorch."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is the older one
        torch.onnx.export(model, (example,), file, dynamo=False, **options)
    return file.getvalue()


CALLS: dict[str, tuple[dict[str, Any], Preparation, bool]] = {
    "any number of pictures, red first": (
        {"input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}},
        IMAGENET,
        False,
    ),
    "one picture, blue first": ({}, OPENCV, True),
}


@pytest.mark.parametrize(("options", "how", "bgr"), CALLS.values(), ids=CALLS.keys())
def test_it_answers_what_it_answers_in_torch(
    options: dict[str, Any], how: Preparation, bgr: bool
) -> None:
    given = prepared(how, bgr)
    model = taught(given)
    data = exported(model, given[:1], opset_version=17, **options)
    read = understood(describe(data), LABELS, how, bgr)
    assert (read.last_layer.width, read.softmax) == (_WIDTH, False)
    wrapped, file = runnable(data, read)
    with torch.inference_mode():
        logits = model(given)
        chances = logits.softmax(1).numpy()
    answers = session(wrapped.classifier([0, 1, 2, 3], temperature=1)).run(
        ["probabilities"], {"image": pictures()}
    )[0]
    np.testing.assert_allclose(answers, chances, atol=1e-3)
    seen = file.backbone.session.run(None, {"image": pictures()})[0]
    np.testing.assert_allclose(file.answers(seen)[0], logits.numpy(), atol=1e-3)
    assert len(set(chances.argmax(1))) > 1
    assert np.ptp(chances, axis=0).max() > 0.2
    other = understood(describe(data), LABELS, how, not bgr)
    turned = session(runnable(data, other)[0].classifier([0, 1, 2, 3], 1)).run(
        ["probabilities"], {"image": pictures()}
    )[0]
    assert np.abs(turned - chances).max() > 0.05
