"""What `finetune` says where PyTorch is not."""

import sys

import pytest

from lensloop.wire.errors import BadArtifact
from training.algorithms.finetune.train import train
from training.algorithms.head.export import frozen_backbone
from training.features import Features, Kept
from training.paths import Paths
from training.pictures import Pictures
from training.stopwatch import Stopwatch


def test_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("training.algorithms.finetune.")]:
        if name.rpartition(".")[2] not in ("train", "cut"):
            monkeypatch.delitem(sys.modules, name)
    pictures = Pictures(Paths(tmp_path), [])
    with pytest.raises(BadArtifact, match="make finetune-deps"):
        train(pictures, Features(pictures, frozen_backbone, Kept(tmp_path)), Stopwatch())
