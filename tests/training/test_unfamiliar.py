"""Test pictures that the candidate calls unfamiliar are counted, and none of them is golden."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from lensloop.wire.errors import BadArtifact
from training import golden
from training.embed import session
from training.evaluate import Answers
from training.features import Features, Kept
from training.golden_kept import KeptGolden
from training.model_file import ModelFile
from training.paths import Paths
from training.pictures import Picture, Pictures
from training.unfamiliar import Unfamiliarity, measure

LABELS = ["blue", "green", "red"]


def colour_model(*outputs: str) -> bytes:
    """Tells which of three colours a picture has, and of how little of one colour it is."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["features"], axes=[1, 2], keepdims=0),
        helper.make_node("Gather", ["features", "order"], ["ordered"], axis=1),
        helper.make_node("Mul", ["ordered", "scale"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        helper.make_node("ReduceMin", ["features"], ["unfamiliar"], axes=[1], keepdims=0),
    ]
    shapes: dict[str, Any] = {"probabilities": ["N", 3], "unfamiliar": ["N"]}
    answers = []
    for name in outputs:
        answers.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 224, 224, 3])
    constants = [
        numpy_helper.from_array(np.array([2, 1, 0], np.int64), "order"),
        numpy_helper.from_array(np.array(0.05, np.float32), "scale"),
    ]
    graph = helper.make_graph(nodes, "colours", [image], answers, constants)
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(graph, ir_version=8, opset_imports=[opset])
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


BOTH = ModelFile(colour_model("probabilities", "unfamiliar"))


@pytest.mark.parametrize(("threshold", "flagged"), [(30, [2]), (15, [2, 0]), (14.9, [2, 0, 1])])
def test_pictures_above_the_threshold_are_flagged_the_least_familiar_first(
    threshold: float, flagged: list[int]
) -> None:
    found = Unfamiliarity(threshold, [20, 15, 35])
    assert found.flagged == flagged
    assert found.evaluated() == {"threshold": threshold, "false_alarms": len(flagged)}


def test_the_score_is_read_from_the_file_for_the_features_of_each_picture() -> None:
    features = np.array([[230, 20, 21], [128, 128, 128]], np.float32)
    assert measure(BOTH, features, 60.0) == Unfamiliarity(60.0, [20.0, 128.0])


def test_without_a_threshold_nothing_is_unfamiliar() -> None:
    assert measure(BOTH, np.zeros((1, 3), np.float32), None) is None


@pytest.mark.parametrize("outputs", [("probabilities",)])
def test_a_threshold_without_an_answer_is_a_mistake_of_the_algorithm(
    outputs: tuple[str, ...],
) -> None:
    model = ModelFile(colour_model(*outputs))
    with pytest.raises(BadArtifact, match="does not answer that for the features"):
        measure(model, np.zeros((1, 3), np.float32), 60.0)


@pytest.mark.parametrize(
    ("threshold", "scores", "most"),
    [
        (60, [10, 20, 30], 56),  # a tenth of the way to the ordinary picture
        (-1, [-11, -21, -11], -2),
        (60, [70, 80], 60),  # where the ordinary picture is flagged, the threshold has to do
        (60, [], 54),
    ],
)
def test_golden_pictures_stay_well_below_the_threshold(
    threshold: float, scores: list[float], most: float
) -> None:
    assert Unfamiliarity(threshold, scores).most_of_golden == pytest.approx(most)


def painted(folder: Path, colours: list[tuple[int, int, int]]) -> Pictures:
    """Pictures of a job, labelled by their strongest colour."""
    paths, rows = Paths(folder), []
    for number, colour in enumerate(colours):
        file = io.BytesIO()
        Image.new("RGB", (224, 224), colour).save(file, "JPEG", quality=95)
        label = LABELS[2 - int(np.argmax(colour))]
        key = f"images/{label}/{number}.jpg"
        paths.picture(key).parent.mkdir(parents=True, exist_ok=True)
        paths.picture(key).write_bytes(file.getvalue())
        sha256 = hashlib.sha256(file.getvalue()).hexdigest()
        rows.append(Picture(key, sha256, label, "test", "0" * 16))
    return Pictures(paths, rows)


@pytest.mark.parametrize(("most", "golden_ones"), [(None, 3), (60.0, 2)])
def test_an_unfamiliar_picture_is_never_golden(
    tmp_path: Path, most: float | None, golden_ones: int
) -> None:
    """However confident the answer: a camera that proves itself on it would fail."""
    pictures = painted(tmp_path, [(230, 20, 20), (20, 230, 20), (90, 90, 250)])
    kept = Kept(tmp_path / "checkpoints")
    features = Features(pictures, lambda: b"", kept)
    rows, seen = features.by(BOTH.backbone, pictures.rows, "judged")
    answers = Answers.read(BOTH.probabilities(seen), LABELS)
    assert min(answers.confidence) > 0.9
    proof = golden.Proof(session(BOTH.data), LABELS, golden.confidence_of(rows, answers), most)
    chosen, before = golden.choose(rows, answers), KeptGolden(kept.folder)
    made = golden.write(tmp_path / "golden", chosen, pictures, proof, before)
    assert len(made) == len(list((tmp_path / "golden").iterdir())) == golden_ones
    assert ("blue" in {entry["label"] for entry in made}) is (most is None)
