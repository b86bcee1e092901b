"""A training leaves the model in eight bits as well, where that costs next to nothing."""

import hashlib
import json
import shutil
from typing import Any

import numpy as np
import onnx
import pytest

from lensloop.model import release
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import File, parse
from lensloop.wire.onnx_check import check_model
from training import eight_bits, first_camera
from training.eight_bits import quantised
from training.embed import answers, session
from training.model_file import ModelFile, frozen
from training.paths import Paths

FILE = "model.int8.onnx"
LABELS = ["landfill", "recycling"]


@pytest.fixture(scope="module")
def trained(new_job, bins3) -> Any:
    """Photographs: what is drawn is so alike that eight bits make all of it unfamiliar."""
    files = [file for label in LABELS for file in sorted(bins3.glob(f"{label}/*.jpg"))[:90]]
    job = new_job({f"images/{p.parent.name}/{p.name}": p.read_bytes() for p in files})
    (job.root / "checkpoints").mkdir()
    assert job.run() == 0, job.log
    return job


@pytest.mark.slow
def test_a_training_makes_measures_and_proves_the_model_in_eight_bits(trained) -> None:
    found, folder = trained.evaluation["int8"], trained.root / "model"
    assert found["kept"], found["reason"]
    data, whole = (folder / FILE).read_bytes(), (folder / "model.onnx").read_bytes()
    assert found["bytes"] == len(data) < len(whole) / 3
    proved = trained.evaluation["proof"]["files"][FILE]
    assert proved == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "verdict": "passed",
        "reason": "",
    }
    count = len(trained.evaluation["golden"])
    assert f"a camera's own proof in eight bits: golden pictures {count}/{count}" in trained.log
    for split in ("validation", "test"):
        assert found[split]["pictures"] == trained.evaluation["images"][split]
        assert found[split]["right_int8"] >= found[split]["right"] * 0.99
    check_model(data, LABELS, 224, 224, tells_unfamiliar=True)
    assert {"QuantizeLinear", "DequantizeLinear"} <= {
        node.op_type for node in onnx.load_from_string(data).graph.node
    }
    assert "int8: " in trained.log


@pytest.mark.slow
def test_the_release_names_both_files(trained) -> None:
    folder = trained.root / "model"
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and release.belongs(path.relative_to(folder).as_posix())
    }
    made, content = release.build("fruit", 3, files, trained.evaluation, "2026-11-22")
    found = parse(json.loads(json.dumps(made)))
    assert isinstance(found.int8, File)
    assert found.int8.file == FILE
    assert content[FILE] == files[FILE]
    assert found.model.size == len(files["model.onnx"])


@pytest.mark.slow
def test_a_later_job_needs_no_old_pictures_for_it(trained, new_job) -> None:
    """The backbone is made, and what it saw is kept."""
    job = new_job({})
    job.rows = trained.rows
    shutil.copytree(trained.root / "checkpoints", job.root / "checkpoints")
    job.settings["pictures"] = "uncached"
    (job.root / "input/data/images").mkdir(parents=True)
    assert job.run() == 0, job.log
    for part in ("kept", "validation", "test"):
        assert job.evaluation["int8"][part] == trained.evaluation["int8"][part]
    assert (job.root / "model" / FILE).read_bytes() == (trained.root / "model" / FILE).read_bytes()


def network(width: int = 8, pictures: int | str = "N") -> bytes:
    """A small one with a head: a convolution and its average."""
    from training.algorithms.head.backbone import Graph

    graph, random = Graph(), np.random.default_rng(3)
    x = graph.node("Cast", graph.node("Transpose", "image", perm=[0, 3, 1, 2]), to=1)
    weights = graph.constant("w", random.normal(size=(width, 3, 3, 3)).astype(np.float32) / 100)
    x = graph.node("Relu", graph.node("Conv", x, weights, kernel_shape=[3, 3], strides=[8, 8]))
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x), output="features")
    head = graph.constant("head", random.normal(size=(width, 2)).astype(np.float32))
    x = graph.node("Softmax", graph.node("MatMul", x, head), output="probabilities", axis=1)
    return bytes(graph.model(x, 2, pictures=pictures).SerializeToString())


@pytest.mark.parametrize("pictures", ["N", 1], ids=["any number", "one by one"])
def test_a_backbone_in_eight_bits_sees_nearly_the_same_and_keeps_its_head(pictures) -> None:
    model = ModelFile(network(pictures=pictures))
    inputs = np.random.default_rng(5).integers(0, 255, (32, 224, 224, 3), dtype=np.uint8)
    small = quantised(model.backbone.model, inputs)
    whole = model.on(frozen(small))
    before, after = (answers(session(data), None, inputs)[0] for data in (model.data, whole))
    assert before.shape == after.shape
    assert np.abs(before - after).max() < 0.05
    check_model(whole, ["a", "b"], 224, 224, tells_unfamiliar=False)


def test_what_onnxruntime_cannot_make_gets_a_sentence() -> None:
    with pytest.raises(BadArtifact, match="onnxruntime cannot make it"):
        quantised(network(), np.zeros((1, 5, 5, 3), np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda data: data[:5000], "is no ONNX model", id="half a file"),
        pytest.param(
            lambda data: turned(data), "golden pictures are answered wrongly", id="another label"
        ),
    ],
)
def test_what_the_first_camera_refuses_in_eight_bits_is_withdrawn_and_costs_nothing_else(
    trained, tmp_path, spoil, reason
) -> None:
    ml = tmp_path / "ml"
    shutil.copytree(trained.root / "model", ml / "model")
    file, paths = ml / "model" / FILE, Paths(ml)
    file.write_bytes(spoil(file.read_bytes()))
    evaluation = json.loads(json.dumps(trained.evaluation))
    evaluation["proof"] = first_camera.proved(paths, evaluation)
    assert evaluation["proof"]["verdict"] == "passed"
    eight_bits.withdraw_unproved(paths, evaluation)
    assert not file.exists()
    assert not evaluation["int8"]["kept"]
    assert evaluation["int8"]["bytes"] == trained.evaluation["int8"]["bytes"]
    assert reason in evaluation["int8"]["reason"]


def turned(data: bytes) -> bytes:
    """Its last layer answers the other label."""
    model = onnx.load_from_string(data)
    answer = next(node for node in model.graph.node if "probabilities" in node.output)
    minus = onnx.helper.make_tensor("minus", onnx.TensorProto.FLOAT, [1], [-1.0])
    model.graph.initializer.append(minus)
    at = [*model.graph.node].index(answer)
    other = onnx.helper.make_node("Mul", [answer.input[0], "minus"], ["turned"])
    model.graph.node.insert(at, other)
    answer.input[0] = "turned"
    return bytes(model.SerializeToString())
