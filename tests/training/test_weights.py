"""The pretrained weights: read without torch, and nothing in the file is ever run."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from lensloop.wire.errors import BadArtifact
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.weights import read_weights


class _Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def legacy(path: Path, payload: object) -> Path:
    path.write_bytes(
        b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {}, payload, []))
    )
    return path


def test_the_pretrained_weights_are_read():
    weights = read_weights(pretrained())
    assert weights["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert weights["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(array).all() for array in weights.values())


@pytest.mark.parametrize("function", ["os.system", "builtins.eval", "builtins.open", "torch.load"])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, function):
    """The name is enough: what it would do is never looked up."""
    module, name = function.split(".")
    marker = tmp_path / "ran"
    payload = f"c{module}\n{name}\n(S'touch {marker}'\ntR.".encode()
    parts: tuple[object, ...] = (0x1950A86A20F9469CFC6C, 1001, {})
    start = b"".join(pickle.dumps(part, 2) for part in parts)
    path = tmp_path / "evil.pth"
    path.write_bytes(start + payload)
    with pytest.raises(BadArtifact, match=rf"name {module}\.{name}"):
        read_weights(path)
    assert not marker.exists()


def test_the_same_pickle_would_run_in_an_ordinary_unpickler(tmp_path):
    """So that the test above cannot pass for a payload that is harmless anyway."""
    marker = tmp_path / "ran"
    pickle.loads(pickle.dumps(_Evil(Path.touch, marker)))
    assert marker.exists()
    marker.unlink()
    with pytest.raises(BadArtifact):
        read_weights(legacy(tmp_path / "evil.pth", {"w": _Evil(Path.touch, marker)}))
    assert not marker.exists()


def test_a_cut_off_file_is_a_bad_artifact(tmp_path):
    path = tmp_path / "half.pth"
    path.write_bytes(pretrained().read_bytes()[:1_000_000])
    with pytest.raises(BadArtifact, match="cannot be read"):
        read_weights(path)


def test_another_kind_of_file_is_a_bad_artifact(tmp_path):
    path = tmp_path / "zip.pth"
    path.write_bytes(b"PK\x03\x04 torch's newer format is a zip")
    with pytest.raises(BadArtifact):
        read_weights(path)
