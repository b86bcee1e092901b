"""Is a model that was trained elsewhere understood, checked and made one of ours?"""

import hashlib
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lensloop.model import imported
from lensloop.model.imported import Preparation, Question, understood
from lensloop.model.insights import read_insights
from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_check import check_model
from lensloop.wire.onnx_file import describe
from tests.training.made_elsewhere import SLOPES, colours, model
from tests.training.test_image_classification import COLOURS, no_backbone, picture
from training.algorithms.imported.train import read_import, train
from training.algorithms.imported.wrap import Wrapped
from training.embed import session
from training.features import Features, Kept
from training.model_file import ModelFile
from training.paths import Paths
from training.pictures import Picture, Pictures
from training.run import run
from training.stopwatch import Stopwatch

LABELS = ("blue", "red", "green")  # in the order of their model
FULL = Preparation(scale=255)
IMAGENET = Preparation(255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def pictures(count: int = 2) -> np.ndarray:
    chance = np.random.RandomState(3)
    flat = chance.randint(0, 256, (count, 1, 1, 3)) + chance.randint(-9, 9, (count, 224, 224, 3))
    return np.clip(flat, 0, 255).astype(np.uint8)


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


KINDS = {
    "as torch exports it": ({}, FULL),
    "with a layer that sees enough": ({"cells": 4}, FULL),
    "with ImageNet's mean and spread": ({}, IMAGENET),
    "with a softmax": ({"softmax": True}, FULL),
    "colours last": ({"channels_last": True}, FULL),
    "pixels": ({"kind": "uint8", "channels_last": True}, None),
    "pixels, colours first": ({"kind": "uint8"}, None),
    "larger pictures": ({"side": 299}, FULL),
    "smaller pixels": ({"side": 96, "kind": "uint8"}, None),
    "of any size": ({"side": "height"}, FULL),
    "one picture at a time": ({"batch": 1}, FULL),
    "an older opset": ({"opset": 11}, FULL),
    "the newest opset": ({"opset": 18}, FULL),
    "names of ours": ({"names": ("probabilities", "image")}, FULL),
}


@pytest.mark.parametrize(("made", "preparation"), KINDS.values(), ids=KINDS.keys())
def test_whatever_a_model_takes_it_answers_for_a_cameras_picture(made, preparation):
    data = model(**made).SerializeToString()
    how = understood(describe(data), LABELS, preparation)
    order = [0, 2, 1]  # blue, green, red
    answers = session(Wrapped(data, how).classifier(order, temperature=2)).run(
        None, {"image": pictures()}
    )[0]
    seen = colours(pictures())
    if preparation == IMAGENET:
        seen = (seen - IMAGENET.mean) / IMAGENET.std
    by_hand = softmax((seen @ SLOPES)[:, order] / 2)
    assert np.abs(answers - by_hand).max() < 2e-3
    assert by_hand.max() > 0.5


@pytest.mark.parametrize(
    ("made", "preparation"),
    [
        ({}, IMAGENET),
        ({"channels_last": True, "side": 96}, FULL),
        ({"kind": "uint8", "channels_last": True}, None),
    ],
)
def test_a_model_that_takes_blue_first_is_given_it_and_answers_otherwise(made, preparation):
    """Mean and spread are those of red, green and blue all the same."""
    data = model(**made).SerializeToString()
    red_first, blue_first = (
        session(
            Wrapped(data, understood(describe(data), LABELS, preparation, bgr)).classifier(
                [0, 1, 2], temperature=1
            )
        ).run(None, {"image": pictures()})[0]
        for bgr in (False, True)
    )
    seen = colours(pictures())
    if preparation == IMAGENET:
        seen = (seen - IMAGENET.mean) / IMAGENET.std
    assert np.abs(blue_first - softmax(seen[:, ::-1] @ SLOPES)).max() < 2e-3
    assert np.abs(red_first - blue_first).max() > 0.1


def test_the_file_says_what_it_takes_and_answers():
    how = understood(describe(model(side=299).SerializeToString()), LABELS, FULL)
    assert (how.input, how.output, how.softmax) == ("image", "features", False)
    assert (how.height, how.width, how.channels_last, how.floats) == (299, 299, False, True)
    last = understood(
        describe(model(kind="uint8", channels_last=True, softmax=True).SerializeToString()),
        LABELS,
        None,
    )
    assert (last.channels_last, last.floats, last.softmax) == (True, False, True)


def test_how_float_pictures_are_prepared_is_asked_with_the_usual_answers():
    with pytest.raises(Question) as asked:
        understood(describe(model().SerializeToString()), LABELS, None)
    assert "does not say how they are prepared" in str(asked.value)
    assert "--scale 255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225" in str(asked.value)
    assert "--scale 1 --mean 123.68,116.78,103.94 --bgr" in str(asked.value)


def outside() -> bytes:
    made = model()
    weight = made.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    return made.SerializeToString()


def with_nodes(*nodes: onnx.NodeProto) -> bytes:
    return model(extra=nodes).SerializeToString()


def branch() -> onnx.NodeProto:
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    body = helper.make_graph([], "body", [], [value])
    return helper.make_node("If", ["c"], ["z"], then_branch=body, else_branch=body)


def two_inputs() -> bytes:
    made = model()
    made.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    return made.SerializeToString()


def of_ir(version: int) -> bytes:
    made = model()
    made.ir_version = version
    return made.SerializeToString()


REFUSED = {
    "no model": (b"no model at all", "no ONNX model"),
    "empty": (b"", "no ONNX model"),
    "cut off": (model().SerializeToString()[:-9], "no ONNX model"),
    "weights elsewhere": (outside(), "weights in other files"),
    "an operator of others": (
        with_nodes(helper.make_node("FusedConv", ["image"], ["q"], domain="com.microsoft")),
        r"not ONNX's own \(com.microsoft\)",
    ),
    "a branch": (with_nodes(branch()), r"loops or branches \(If\)"),
    "by chance": (
        with_nodes(helper.make_node("RandomNormal", [], ["r"], shape=[1])),
        r"by chance \(RandomNormal\)",
    ),
    "too new": (
        model(opset=21).SerializeToString(),
        r"opset 21 .* torch.onnx.export\(…, opset_version=17, external_data=False\)",
    ),
    "too old": (model(opset=9).SerializeToString(), "opset 9"),
    "a newer format": (of_ir(99), "IR 99"),
    "two inputs": (two_inputs(), "its inputs: image, more"),
    "no picture": (model(channels_last=True, side=3).SerializeToString(), "3 × 3 pixels"),
    "other labels": (model(labels=2).SerializeToString(), "answers for 2 labels, .* names 3"),
}


@pytest.mark.parametrize(("data", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_no_camera_should_run_is_refused_with_a_reason(data, sentence):
    with pytest.raises(BadArtifact, match=sentence):
        understood(describe(data), LABELS, FULL)


def test_bytes_that_mean_nothing_are_refused_and_never_crash():
    data, chance = model().SerializeToString(), np.random.RandomState(5)
    for _ in range(400):
        damaged = bytearray(data)
        for place in chance.randint(0, len(data), 3):
            damaged[place] = chance.randint(0, 256)
        try:
            understood(describe(bytes(damaged)), LABELS, FULL)
        except BadArtifact:
            continue


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a", "b"], ""),
        (["b", "a"], ""),
        (["a"], "it does not know b"),
        (["a", "b", "c"], "the project has no c"),
        (["a", "c"], "it does not know b; the project has no c"),
    ],
)
def test_labels_are_the_projects_own(labels, sentence):
    found = imported.misnamed(labels, ["a", "b"])
    assert sentence in found
    assert bool(found) == bool(sentence)


def test_what_a_person_said_is_kept_and_read_again():
    for preparation in (None, FULL, IMAGENET):
        for bgr in (False, True):
            said = imported.said(LABELS, preparation, bgr)
            assert imported.read_said(said) == (LABELS, preparation, bgr)
    with pytest.raises(BadArtifact, match="`bgr` is 'no'; it must be true"):
        imported.read_said(b'{"format": 1, "labels": ["a"], "bgr": "no"}')
    with pytest.raises(BadArtifact, match=r"import\.json"):
        imported.read_said(b'{"format": 1, "labels": ["a"], "preparation": {"scale": "x"}}')
    with pytest.raises(BadArtifact, match=r"import\.json cannot be read"):
        imported.read_said(b"{")


def test_another_word_about_a_model_makes_it_another_import():
    one, other = imported.said(LABELS, FULL), imported.said(LABELS, IMAGENET)
    assert imported.digest(b"model", one) != imported.digest(b"model", other)
    assert imported.digest(b"model", one) != imported.digest(b"other", one)
    assert imported.digest(b"model", one) != imported.digest(
        b"model", imported.said(LABELS, FULL, True)
    )


def test_what_was_said_before_anybody_could_say_blue_first_is_the_same_import_still():
    assert imported.said(LABELS, None) == (
        b'{"format": 1, "labels": ["blue", "red", "green"], "preparation": null}'
    )


@pytest.mark.parametrize(
    ("text", "values"), [("0.5", (0.5, 0.5, 0.5)), ("0.1, 0.2,0.3", (0.1, 0.2, 0.3))]
)
def test_three_numbers_are_read(text, values):
    assert imported.channels(text, "--mean", -1) == values


@pytest.mark.parametrize("text", ["", "1,2", "a,b,c", "1,2,3,4", "nan,1,1", "-2"])
def test_what_are_not_three_numbers_is_said(text):
    with pytest.raises(BadArtifact, match=r"`--mean` is .*; it must be three numbers"):
        imported.channels(text, "--mean", -1)


def taught(root, data: bytes, labels=LABELS, preparation=FULL) -> Pictures:
    """A job's folder with the import and some pictures of each colour."""
    paths, rows = Paths(root), []
    paths.artefact.mkdir(parents=True)
    (paths.artefact / "model.onnx").write_bytes(data)
    (paths.artefact / "import.json").write_bytes(imported.said(labels, preparation))
    for place, (name, colour) in enumerate(COLOURS.items()):
        for number, split in enumerate(["train", "validation", "validation"]):
            body = picture(colour, 10 * place + number)
            row = Picture(
                f"{name}{number}.jpg", hashlib.sha256(body).hexdigest(), name, split, "0" * 16
            )
            path = paths.picture(row.key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            rows.append(row)
    return Pictures(paths, rows)


def test_an_imported_model_is_calibrated_and_answers_in_the_data_sets_order(tmp_path):
    data = model(softmax=True).SerializeToString()
    given = taught(tmp_path, data)
    features = Features(given, no_backbone, Kept(tmp_path / "kept"))
    trained = train(given, features, Stopwatch())
    file = ModelFile(trained.model)
    rows, seen = features.by(file.backbone, given.of("validation"), "judged")
    answers = file.probabilities(seen)
    truth = [given.labels.index(row.label) for row in rows]
    assert (answers.argmax(axis=1) == truth).all()
    assert np.allclose(answers, trained.out_of_fold.probabilities, atol=1e-4)
    said = imported.said(LABELS, FULL)
    assert trained.facts["artefact"] == {"sha256": imported.digest(data, said)}
    assert trained.facts["preparation"] == "224 × 224, (pixel / 255 - 0/0/0) / 1/1/1"
    assert json.dumps(trained.facts)


def test_its_mistakes_have_neighbours_as_the_frozen_network_sees_them(new_job):
    """By its own answers all pictures of a label would be alike."""
    job = new_job({})
    for place, (name, colour) in enumerate(COLOURS.items()):
        for number, split in enumerate(["train", "validation", "validation", "test", "test"]):
            job.put(
                f"images/{name}/{number}.webp", picture(colour, 10 * place + number), split=split
            )
    job.put("images/red/9.webp", picture(COLOURS["blue"], 99), split="test")
    job.settings |= {"algorithm": "imported"}
    job.prepare()
    paths = Paths(job.root)
    paths.artefact.mkdir()
    (paths.artefact / "model.onnx").write_bytes(model(softmax=True).SerializeToString())
    (paths.artefact / "import.json").write_bytes(imported.said(LABELS, FULL))
    run(paths)
    found = read_insights(json.loads((paths.model / "insights.json").read_text("utf-8")))
    [(wrong, near)] = found["neighbours"].items()
    assert wrong == job.rows[-1]["sha256"]
    assert [like["label"] for like in near] == ["blue"] * 3
    assert len({like["similarity"] for like in near}) == 3
    assert found["curve"] is None


def test_a_model_of_other_labels_is_refused_by_their_names(tmp_path):
    given = taught(tmp_path, model().SerializeToString(), ("blue", "red", "teal"))
    with pytest.raises(BadArtifact, match="does not know green; the project has no teal"):
        train(given, Features(given, no_backbone, Kept(tmp_path / "kept")), Stopwatch())


def of_one_picture(cells: int, *, shape: tuple[int, int]) -> bytes:
    """It answers for one picture, or for several by the mean of them all."""
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Reshape", ["mean", "one"], ["fixed"]),
    ]
    made = model(cells=cells, batch=1, extra=nodes)
    made.graph.initializer.append(helper.make_tensor("one", TensorProto.INT64, [2], shape))
    made.graph.output[0].name = "fixed"
    return bytes(made.SerializeToString())


def seeing_one_picture(cells: int) -> bytes:
    """As PyTorch exports a network when it is not told otherwise: one row, whatever comes in."""
    made = model(cells=cells, batch=1)
    made.graph.initializer.append(helper.make_tensor("row", TensorProto.INT64, [2], [1, 48]))
    (flatten,) = (node for node in made.graph.node if node.op_type == "Flatten")
    flatten.CopyFrom(helper.make_node("Reshape", ["pooled", "row"], ["colour"]))
    return bytes(made.SerializeToString())


@pytest.mark.parametrize(
    ("data", "has_head"),
    [
        (seeing_one_picture(4), True),
        (of_one_picture(1, shape=(1, 3)), False),
        (of_one_picture(1, shape=(-1, 3)), False),
    ],
    ids=["its layer has one row", "its answers are one row", "several are mixed"],
)
def test_a_model_for_one_picture_at_a_time_is_given_one_at_a_time(tmp_path, data, has_head):
    given = taught(tmp_path, data)
    features = Features(given, no_backbone, Kept(tmp_path / "kept"))
    trained = train(given, features, Stopwatch())
    file = ModelFile(trained.model)
    assert file.has_head == has_head
    rows, seen = features.by(file.backbone, given.of("validation"), "judged")
    found = file.probabilities(seen)
    assert [given.labels[place] for place in found.argmax(axis=1)] == [row.label for row in rows]
    assert np.allclose(found, trained.out_of_fold.probabilities, atol=1e-4)
    assert file.probabilities(seen[:0]).shape == (0, 3)
    check_model(trained.model, given.labels, 224, 224, tells_unfamiliar=False)


def test_a_model_that_does_not_run_at_all_is_refused(tmp_path):
    made = model(batch=1)
    made.graph.initializer.append(helper.make_tensor("row", TensorProto.INT64, [2], [1, 7]))
    (flatten,) = (node for node in made.graph.node if node.op_type == "Flatten")
    flatten.CopyFrom(helper.make_node("Reshape", ["pooled", "row"], ["colour"]))
    given = taught(tmp_path, made.SerializeToString())
    with pytest.raises(BadArtifact, match=r"imported model (is not valid|does not run)"):
        train(given, Features(given, no_backbone, Kept(tmp_path / "kept")), Stopwatch())


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(BadArtifact, match=r"model\.onnx"):
        read_import(Paths(tmp_path))
