"""Networks that were taught elsewhere, by SageMaker's built-in algorithm or by anybody, say what is
not like the pictures of their labels.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lensloop.model import imported
from lensloop.model.imported import Preparation, understood
from lensloop.wire.onnx_check import check_model
from lensloop.wire.onnx_file import describe
from local.sagemaker.image_classification import artefact
from local.sagemaker.image_classification.forward import features as features_of
from local.sagemaker.image_classification.last_layer import LastLayer, Seen, taught
from local.sagemaker.image_classification.resnet import Network
from tests.training.made_elsewhere import model
from tests.training.test_image_classification import COLOURS, no_backbone, row_of
from training.algorithms.calibrated import familiarity, of_length_one
from training.algorithms.contract import Train, Trained
from training.algorithms.image_classification import train as built_in
from training.algorithms.imported import train as brought
from training.algorithms.imported.wrap import Wrapped
from training.embed import session
from training.features import Features, Kept
from training.model_file import ModelFile
from training.out_of_fold import Answered
from training.paths import Paths
from training.pictures import SIZE, Picture, Pictures
from training.stopwatch import Stopwatch
from training.unfamiliar import measure

SPLITS = ["train"] * 6 + ["validation"] * 14 + ["test"] * 6
LABELS = sorted(COLOURS)
FULL = Preparation(scale=255)


def blotched(colour: tuple[int, int, int], chance: np.random.Generator) -> np.ndarray:
    small = np.clip(np.array(colour) + chance.normal(0, 9, (4, 4, 3)), 0, 255)
    return small.astype(np.uint8).repeat(SIZE // 4, 0).repeat(SIZE // 4, 1)


def striped(colour: tuple[int, int, int]) -> np.ndarray:
    """Of a label's colour, as no picture was."""
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[SIZE // 4 : SIZE // 2] = image[3 * SIZE // 4 :] = colour
    return image


def put(paths: Paths, label: str, split: str, image: np.ndarray) -> Picture:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    data = file.getvalue()
    row = row_of(f"images/{label}/{hashlib.sha256(data).hexdigest()}.png", data, label, split)
    paths.picture(row.key).parent.mkdir(parents=True, exist_ok=True)
    paths.picture(row.key).write_bytes(data)
    return row


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    chance, paths = np.random.default_rng(1), Paths(tmp_path_factory.mktemp("ml"))
    rows = []
    for label in LABELS:
        for split in SPLITS:
            rows.append(put(paths, label, split, blotched(COLOURS[label], chance)))
    paths.artefact.mkdir(parents=True)
    return Pictures(paths, rows)


@pytest.fixture(scope="module")
def strange(pictures: Pictures) -> list[Picture]:
    """They are not among the rows."""
    return [put(pictures.paths, label, "test", striped(COLOURS[label])) for label in LABELS]


def inputs(pictures: Pictures, rows: Iterable[Picture]) -> np.ndarray:
    return np.stack(pictures.load(rows).inputs)


def write_built_in(pictures: Pictures) -> None:
    """A network of one random layer, whose last one is taught as the stand-in teaches it."""
    network, width, rows = Network(), 48, pictures.of("train")
    x = network.norm(network.add("null", "data"), "bn_data", 3, fix_gamma=True)
    x = network.relu(network.convolution(x, "conv0", (3, width), 31, 16), "relu0")
    x = network.add("Pooling", "pool1", x, global_pool=True, kernel=(7, 7), pool_type="avg")
    x = network.add("Flatten", "flatten0", x)
    start = LastLayer(np.zeros((len(LABELS), width)), np.zeros(len(LABELS)))
    weight, bias = (network.weight(f"fc1_{name}", value) for name, value in vars(start).items())
    x = network.add("FullyConnected", "fc1", x, weight, bias, num_hidden=len(LABELS))
    network.add("SoftmaxOutput", "softmax", x, network.add("null", "softmax_label"))
    shown = inputs(pictures, rows).transpose(0, 3, 1, 2).astype(np.float32)
    seen = Seen(
        features_of(network, shown, calibrate=True),
        np.array([LABELS.index(row.label) for row in rows]),
    )
    *_, layer = taught(seen, start, 4)
    network.weights["fc1_weight"] = layer.weights.astype(np.float32)
    network.weights["fc1_bias"] = layer.bias.astype(np.float32)
    folder = pictures.paths.artefact
    artefact.write(folder, network, 4)
    with tarfile.open(folder / "model.tar.gz", "w:gz", compresslevel=1) as tar:
        for file in sorted(folder.glob("image-classification-*")):
            tar.add(file, file.name)


def write_import(pictures: Pictures) -> None:
    data = model(cells=4, softmax=True, side=96, opset=17).SerializeToString()
    (pictures.paths.artefact / "model.onnx").write_bytes(data)
    said = imported.said(("blue", "red", "green"), FULL)
    (pictures.paths.artefact / "import.json").write_bytes(said)


@pytest.fixture(scope="module", params=["image-classification", "imported"])
def judged(
    request: pytest.FixtureRequest, pictures: Pictures, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Features, Trained]:
    algorithms: dict[str, Train] = {
        "image-classification": built_in.train,
        "imported": brought.train,
    }
    write_built_in(pictures)
    write_import(pictures)
    features = Features(pictures, no_backbone, Kept(tmp_path_factory.mktemp("kept")))
    return features, algorithms[request.param](pictures, features, Stopwatch())


def test_what_is_like_nothing_it_was_taught_is_unfamiliar_and_other_pictures_seldom_are(
    pictures: Pictures, strange: list[Picture], judged: tuple[Features, Trained]
) -> None:
    features, trained = judged
    file = ModelFile(trained.model)
    _, seen = features.by(file.backbone, strange, "asked")
    found = measure(file, seen, trained.unfamiliar_threshold)
    assert found
    assert len(found.flagged) == len(strange)
    _, seen = features.by(file.backbone, pictures.of("test"), "judged")
    known = measure(file, seen, trained.unfamiliar_threshold)
    assert known
    assert len(known.flagged) <= 4  # of 18


def test_a_camera_takes_the_file_and_answers_as_the_training_did(
    strange: list[Picture], pictures: Pictures, judged: tuple[Features, Trained]
) -> None:
    features, trained = judged
    check_model(trained.model, LABELS, SIZE, SIZE, tells_unfamiliar=True)
    file = ModelFile(trained.model)
    rows, seen = features.by(file.backbone, [*strange, *pictures.of("test")], "asked")
    whole = session(trained.model).run(
        ["probabilities", "unfamiliar"], {"image": inputs(pictures, rows)}
    )
    np.testing.assert_allclose(file.probabilities(seen), whole[0], atol=1e-4)
    scores = file.unfamiliarity(seen)
    assert scores is not None
    np.testing.assert_allclose(scores, whole[1], atol=1e-2)


def test_pictures_are_looked_at_once_for_learning_and_judging(
    judged: tuple[Features, Trained],
) -> None:
    features, trained = judged
    before = features.embedded
    features.by(ModelFile(trained.model).backbone, trained.learnt_from, "judged")
    assert features.embedded == before


def test_the_threshold_is_what_one_in_twenty_of_the_validation_pictures_is_above(
    judged: tuple[Features, Trained],
) -> None:
    features, trained = judged
    file = ModelFile(trained.model)
    _, seen = features.by(file.backbone, trained.out_of_fold.rows, "asked")
    found = measure(file, seen, trained.unfamiliar_threshold)
    assert found
    assert len(found.flagged) == 3  # of 42


@pytest.mark.parametrize("opset", [11, 12, 13, 17, 18])
def test_it_says_so_in_every_opset_that_a_camera_runs(opset: int) -> None:
    chance = np.random.default_rng(2)
    made = model(cells=4, opset=opset).SerializeToString()
    wrapped = Wrapped(made, understood(describe(made), LABELS, FULL))
    images = np.stack([blotched(COLOURS[label], chance) for label in LABELS * 20])
    file = ModelFile(wrapped.logits())
    seen = file.backbone.session.run(None, {"image": images})[0]
    probabilities = chance.dirichlet(np.ones(3), 60)
    rows = [Picture("", "", "", ["train", "validation"][i % 4 > 0], "") for i in range(60)]
    held_out = np.arange(60) % 4 > 0
    found = familiarity(rows, seen, Answered([], probabilities[held_out]))
    assert found
    whole = session(wrapped.classifier([0, 1, 2], 1.0, found[0]))
    images[0] = striped(COLOURS["red"])
    ours, scores = whole.run(["probabilities", "unfamiliar"], {"image": images[:3]})
    seen = file.backbone.session.run(None, {"image": images[:3]})[0]
    by_hand = found[0].unfamiliar(of_length_one(seen), ours)
    np.testing.assert_allclose(scores, by_hand, rtol=1e-3)
    assert scores[0] > found[1]


def test_with_few_validation_pictures_nobody_can_tell(pictures: Pictures, tmp_path: Path) -> None:
    write_import(pictures)
    few = [row for row in pictures.rows if row.split == "train"]
    few += pictures.of("validation")[:39]
    some = Pictures(pictures.paths, few)
    trained = brought.train(some, Features(some, no_backbone, Kept(tmp_path)), Stopwatch())
    assert trained.unfamiliar_threshold is None
    check_model(trained.model, LABELS, SIZE, SIZE, tells_unfamiliar=False)


def test_a_model_whose_last_layer_sees_too_little_is_imported_all_the_same(
    pictures: Pictures, tmp_path: Path
) -> None:
    data = model(softmax=True).SerializeToString()
    why = understood(describe(data), LABELS, FULL).last_layer.why_unknown
    assert why.startswith("its last layer is given 3 numbers")
    (pictures.paths.artefact / "model.onnx").write_bytes(data)
    trained = brought.train(pictures, Features(pictures, no_backbone, Kept(tmp_path)), Stopwatch())
    assert trained.unfamiliar_threshold is None


def test_a_picture_of_nothing_has_no_length_and_does_no_harm() -> None:
    made = of_length_one(np.array([[0.0, 0.0], [3.0, 4.0]], np.float32))
    np.testing.assert_allclose(made, np.array([[0, 0], [0.6, 0.8]]))
