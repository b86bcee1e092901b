"""Does the built-in algorithm's network become a model like every other? With an artefact that the
local cloud's stand-in made of the same pictures.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lensloop.model import deeplens, release
from lensloop.wire.errors import BadArtifact
from lensloop.wire.picture import RESIZE, read_input
from local.sagemaker.image_classification import __main__ as stand_in
from local.sagemaker.image_classification import artefact
from tests.model.evaluations import evaluation as evaluation_of
from tests.model.evaluations import scores
from training import first_camera, first_deeplens
from training.algorithms.contract import Trained
from training.algorithms.image_classification.params import read_params
from training.algorithms.image_classification.train import read_artefact, train
from training.embed import session
from training.features import Features, Kept
from training.model_file import ModelFile
from training.paths import Paths
from training.pictures import Picture, Pictures
from training.stopwatch import Stopwatch

COLOURS = {"blue": (40, 60, 200), "green": (50, 180, 60), "red": (200, 40, 50)}
SPLITS = ["train"] * 6 + ["validation"] * 4


def picture(colour: tuple[int, int, int], number: int, side: int = 256) -> bytes:
    """Blotches of a colour, never twice the same."""
    chance = np.random.RandomState(number)
    small = np.clip(np.array(colour) + chance.normal(0, 45, (8, 8, 3)), 0, 255)
    file = io.BytesIO()
    Image.fromarray(small.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC).save(
        file, "JPEG"
    )
    return file.getvalue()


class BuiltIn:
    """A job of the built-in algorithm, as SageMaker would prepare it."""

    def __init__(self, root: Path, labels: int) -> None:
        self.ml, self.labels = root, labels
        self.hyperparameters = {
            "num_classes": str(labels),
            "num_layers": "18",
            "image_shape": "3,224,224",
            "resize": "256",
            "epochs": "4",
            "mini_batch_size": "4",
            "use_pretrained_model": "1",
        }
        self.instance = "ml.g4dn.xlarge"
        self.lists: dict[str, list[tuple[str, int]]] = {"train": [], "validation": []}
        (root / "model").mkdir(parents=True)

    def put(self, split: str, name: str, label: int, data: bytes) -> None:
        path = self.ml / "input" / "data" / split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.lists[split].append((name, label))

    def run(self, **different: str) -> int:
        data, config = self.ml / "input" / "data", self.ml / "input" / "config"
        samples = {"num_training_samples": str(len(self.lists["train"]))}
        channels = {}
        for split, rows in self.lists.items():
            lines = [f"{i}\t{label}\t{name}\n" for i, (name, label) in enumerate(rows)]
            (data / f"{split}_lst").mkdir(parents=True, exist_ok=True)
            (data / f"{split}_lst" / f"{split}.lst").write_text("".join(lines))
            for name in (split, f"{split}_lst"):
                channels[name] = {"ContentType": "application/x-image"}
        files = {
            "hyperparameters.json": self.hyperparameters | samples | different,
            "inputdataconfig.json": channels,
            "resourceconfig.json": {"current_instance_type": self.instance},
        }
        config.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (config / name).write_text(json.dumps(content))
        return stand_in.main(self.ml)

    @property
    def failure(self) -> str:
        return (self.ml / "output" / "failure").read_text()

    def archive(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(path, "w:gz", compresslevel=1) as tar:
            for file in sorted((self.ml / "model").iterdir()):
                tar.add(file, file.name)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Pictures:
    """Of three colours; the built-in algorithm has been taught with them."""
    folder = tmp_path_factory.mktemp("ml")
    paths, rows = Paths(folder / "ours"), []
    job = BuiltIn(folder / "built-in", len(COLOURS))
    for label, (name, colour) in enumerate(COLOURS.items()):
        for number, split in enumerate(SPLITS):
            data = picture(colour, 100 * label + number)
            row = row_of(f"images/{name}/{number}.jpg", data, name, split)
            path = paths.picture(row.key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            rows.append(row)
            job.put(split, row.key, label, data)
    assert job.run() == 0
    job.archive(paths.artefact / "model.tar.gz")
    return Pictures(paths, rows)


def row_of(key: str, data: bytes, label: str, split: str) -> Picture:
    return Picture(key, hashlib.sha256(data).hexdigest(), label, split, "0" * 16)


def no_backbone() -> bytes:
    raise AssertionError("this algorithm has a backbone of its own")


@pytest.fixture(scope="module")
def judged(pictures, tmp_path_factory) -> tuple[Features, Trained]:
    features = Features(pictures, no_backbone, Kept(tmp_path_factory.mktemp("features")))
    return features, train(pictures, features, Stopwatch())


def test_its_network_is_a_model_that_knows_the_pictures(pictures, judged):
    features, trained = judged
    file = ModelFile(trained.model)
    rows, seen = features.by(file.backbone, pictures.of("validation"), "judged")
    answers = file.probabilities(seen)
    truth = [pictures.labels.index(row.label) for row in rows]
    assert (answers.argmax(axis=1) == truth).mean() >= 0.9
    assert np.allclose(answers, trained.out_of_fold.probabilities, atol=1e-5)
    assert {row.split for row in trained.out_of_fold.rows} == {"validation"}
    assert {row.split for row in trained.learnt_from} == {"train", "validation"}
    assert trained.facts["preparation"] == "pixels from 0 to 255"
    assert trained.facts["artefact"]["file"].startswith("image-classification-00")


def test_pictures_are_looked_at_once_for_learning_and_judging(judged):
    features, trained = judged
    before = features.embedded
    features.by(ModelFile(trained.model).backbone, trained.learnt_from, "judged")
    assert features.embedded == before


@pytest.fixture(scope="module")
def proving(pictures, judged) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The golden pictures, and what the training says of them and of its network."""
    _, trained = judged
    running, files, golden = session(trained.model), {}, []
    for row in pictures.of("validation")[::2]:
        data = pictures.paths.picture(row.key).read_bytes()
        (answers,) = running.run(["probabilities"], {"image": read_input(data, 224, 224)[None]})[0]
        name = f"golden/{row.sha256}.jpg"
        files[name] = data
        if answers.argmax() == pictures.labels.index(row.label):
            said = {"label": row.label, "probability": float(answers.max())}
            golden.append({"file": name, "sha256": row.sha256, **said})
    assert {picture["label"] for picture in golden} == set(COLOURS)
    uri = {"uri": "s3://bucket/model.tar.gz"}
    return files, {
        "labels": pictures.labels,
        "input": {"width": 224, "height": 224, "resize": RESIZE},
        "temperature": trained.temperature,
        "artefact": {**trained.facts["artefact"], **uri},
        "golden": golden,
    }


@pytest.fixture(scope="module")
def network(pictures, proving) -> deeplens.Network:
    found = first_deeplens.network_of(pictures.paths, proving[1])
    assert found is not None
    return found


def test_what_a_deeplens_is_given_answers_as_the_release_does(network, proving):
    files, evaluation = proving
    assert network.labels == b"blue\ngreen\nred\n"
    assert first_deeplens.prove(network, files, evaluation) == len(evaluation["golden"])


def test_a_model_of_another_algorithm_has_nothing_for_a_deeplens(pictures, proving):
    _, evaluation = proving
    assert first_deeplens.network_of(pictures.paths, {**evaluation, "artefact": None}) is None


def turned(params: bytes) -> bytes:
    """The last layer's answers are those of the next label."""
    weights = {name: array.copy() for name, array in read_params(params).items()}
    for name in ("fc1_weight", "fc1_bias"):
        weights[name] = np.roll(weights[name], 1, axis=0)
    return artefact.params(weights)


def without(name: str) -> Callable[[bytes], bytes]:
    def params(data: bytes) -> bytes:
        return artefact.params({k: v for k, v in read_params(data).items() if k != name})

    return params


def narrower(data: bytes) -> bytes:
    weights = dict(read_params(data))
    weights["fc1_weight"] = weights["fc1_weight"][:, :-1]
    return artefact.params(weights)


def hotter(evaluation: dict[str, Any]) -> dict[str, Any]:
    return {**evaluation, "temperature": 20 * evaluation["temperature"]}


SPOILED = {
    "other labels": (turned, "it takes the golden picture of"),
    "weights that are missing": (without("fc1_bias"), "The weights fc1_bias of the network are"),
    "weights that do not fit": (narrower, "do not fit"),
    "no weights": (lambda _: b"text", "The weights"),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILED.values(), ids=SPOILED.keys())
def test_a_network_that_is_not_the_releases_is_refused(network, proving, spoil, reason):
    files, evaluation = proving
    with pytest.raises(BadArtifact, match=reason):
        first_deeplens.prove(network._replace(params=spoil(network.params)), files, evaluation)


def test_a_network_that_is_less_sure_than_the_release_is_refused(network, proving):
    files, evaluation = proving
    with pytest.raises(BadArtifact, match=r"is 0\.\d\d sure of the golden picture of"):
        first_deeplens.prove(network, files, hotter(evaluation))


def test_the_first_camera_proves_the_archive_that_publishing_packs(
    pictures, judged, proving, network, tmp_path
):
    _, trained = judged
    files, evaluation = proving
    paths = Paths(tmp_path)
    content = {**files, "model.onnx": trained.model, "test.csv": b"sha256,label\n"}
    for name, body in content.items():
        (paths.model / name).parent.mkdir(parents=True, exist_ok=True)
        (paths.model / name).write_bytes(body)
    paths.artefact.parent.mkdir(parents=True)
    paths.artefact.symlink_to(pictures.paths.artefact)
    right = scores(None, dict.fromkeys(sorted(COLOURS), (4, 4)))
    said = {**evaluation_of(right), **evaluation}

    def left_out(said: dict[str, Any]) -> dict[str, str]:
        packed = {deeplens.SYMBOL: network.symbol, said["artefact"]["file"]: network.params}
        bundle = deeplens.bundle(packed, said["artefact"]["file"], said["labels"])
        return release.left_out(content, said, bundle)

    found = first_camera.proved(paths, said)
    assert found["verdict"] == "passed", found["reason"]
    assert left_out({**said, "proof": found}) == {}
    found["files"] = first_camera._on_a_chip(paths, content, hotter(said))
    (why,) = left_out({**said, "proof": found}).values()
    assert why.startswith("it does not pass a camera's own proof, which the cloud ran first: shown")


def test_a_symbol_that_is_no_text_is_refused(network, proving):
    files, evaluation = proving
    with pytest.raises(BadArtifact, match="is no text"):
        first_deeplens.prove(network._replace(symbol=b"\xff"), files, evaluation)


def test_a_network_of_other_labels_is_refused(pictures, tmp_path):
    fewer = Pictures(pictures.paths, [row for row in pictures.rows if row.label != "red"])
    with pytest.raises(BadArtifact, match=r"answers for 3 labels, .* has 2: blue, green"):
        train(fewer, Features(fewer, no_backbone, Kept(tmp_path)), Stopwatch())


def test_an_archive_without_a_network_is_refused(tmp_path):
    paths = Paths(tmp_path)
    with pytest.raises(BadArtifact, match=r"holds no model\.tar\.gz"):
        read_artefact(paths)
    paths.artefact.mkdir(parents=True)
    with tarfile.open(paths.artefact / "model.tar.gz", "w:gz") as tar:
        tar.add(__file__, "model.py")
    with pytest.raises(BadArtifact, match=r"holds no image-classification-symbol\.json"):
        read_artefact(paths)


def test_the_stand_in_goes_on_from_an_earlier_model(pictures, tmp_path):
    job = BuiltIn(tmp_path, len(COLOURS))
    for label, (name, colour) in enumerate(COLOURS.items()):
        for number in range(2):
            job.put("train", f"{name}{number}.jpg", label, picture(colour, 7 * label + number))
        job.put("validation", f"{name}9.jpg", label, picture(colour, 90 + label))
    (tmp_path / "input" / "data" / "model").mkdir(parents=True)
    earlier = tmp_path / "input" / "data" / "model" / "model.tar.gz"
    earlier.write_bytes((pictures.paths.artefact / "model.tar.gz").read_bytes())
    before = artefact.read(earlier)
    assert job.run(epochs="1") == 0
    job.archive(tmp_path / "after.tar.gz")
    after = artefact.read(tmp_path / "after.tar.gz")
    assert np.array_equal(before["conv0_weight"], after["conv0_weight"])
    assert np.array_equal(before["bn0_moving_var"], after["bn0_moving_var"])
    assert job.run(num_layers="34") == 1
    assert "must be those of the model" in job.failure


REFUSED = {
    "samples": ({"num_training_samples": "99"}, "num_training_samples is 99, and train.lst has 2"),
    "a class too many": ({"num_classes": "2"}, "has the class '2'; classes are 0 to 1"),
    "depth": ({"num_layers": "20"}, "num_layers is 20"),
    "batch": ({"mini_batch_size": "32"}, "mini_batch_size 32 is above num_training_samples"),
    "resize": ({"resize": "128"}, "resize is '128'; it must be a whole number from 224 on"),
    "unknown": ({"algorithm": "head"}, "Additional hyperparameters are not allowed: algorithm"),
}


@pytest.mark.parametrize(("different", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_the_stand_in_refuses_what_the_built_in_algorithm_refuses(tmp_path, different, sentence):
    job = small_job(tmp_path)
    assert job.run(**different) == 1
    assert sentence in job.failure


def small_job(folder: Path, data: bytes | None = None, name: str = "a.jpg") -> BuiltIn:
    job = BuiltIn(folder, 3)
    job.hyperparameters["mini_batch_size"] = "2"
    for label in (0, 2):
        job.put("train", f"{label}{name}", label, data or picture((9, 9, 9), label))
    return job


PICTURES = {
    "too small": (picture((1, 2, 3), 1, side=200), "a.jpg", "less than the image_shape"),
    "no JPEG": (b"RIFF0000WEBP", "a.jpg", "is no JPEG or PNG"),
    "a WebP": (b"RIFF0000WEBP", "a.webp", "only .jpg and .png files are read"),
}


@pytest.mark.parametrize(("data", "name", "sentence"), PICTURES.values(), ids=PICTURES.keys())
def test_the_stand_in_refuses_pictures_that_the_built_in_algorithm_cannot_read(
    tmp_path, data, name, sentence
):
    job = small_job(tmp_path, data, name)
    assert job.run() == 1
    assert sentence in job.failure


def test_the_stand_in_has_no_code_for_a_processor(tmp_path):
    job = small_job(tmp_path)
    job.instance = "ml.m5.xlarge"
    assert job.run() == 1
    assert "GPU instances are needed" in job.failure
