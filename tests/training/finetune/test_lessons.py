"""Teaching: it learns, is the same each time, and goes on where it was interrupted."""

import dataclasses
import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from lensloop.dataset.fetched import SCRATCH
from lensloop.dataset.kept_features import LESSONS_FOLDER
from lensloop.wire.errors import BadArtifact
from tests.training.drawings import drawings
from tests.training.test_backbone import pattern
from training.algorithms.finetune import course, lesson, maps
from training.algorithms.finetune.checkpoint import Checkpoint
from training.algorithms.finetune.cut import LATE, WHOLE, cut, midway, weights_of
from training.algorithms.finetune.network import Network
from training.algorithms.finetune.train import _SHARE, learn, train
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.export import classifier, frozen_backbone
from training.algorithms.head.familiarity import familiarity
from training.algorithms.head.weights import read_weights
from training.embed import embed, session
from training.feature_cache import clear_lessons
from training.features import Features, Kept
from training.model_file import ModelFile, frozen
from training.paths import Paths
from training.pictures import Pictures
from training.stopwatch import Stopwatch

ALL_COPIES = maps.COPIES
COPIES = 3  # instead of more: two as they are, and a crop


def taught(root: str, epochs: int = 2):
    """The model of the pictures there, in `model.onnx`."""
    paths = Paths(Path(root))
    pictures = Pictures.read(paths)
    paths.checkpoints.mkdir(exist_ok=True)
    config = paths.hyperparameters
    config.write_text(f'{{"algorithm": "finetune", "epochs": "{epochs}"}}')
    features = Features(pictures, frozen_backbone, Kept(paths.checkpoints))
    trained = train(pictures, features, Stopwatch())
    (paths.root / "model.onnx").write_bytes(trained.model)
    return trained


@pytest.fixture(scope="module")
def prepared(new_job):
    """Thirty-two drawings of two labels."""
    torch.set_num_threads(1)
    job = new_job(dict(drawings(16, ("plum", "lime"))))
    job.prepare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "COPIES", COPIES)
        patch.setattr(lesson, "COPIES", COPIES)
        patch.setattr(lesson, "BATCH", 8)
        yield job


@pytest.fixture(scope="module")
def trained(prepared):
    return taught(str(prepared.root))


def answers(model: bytes, pictures: Pictures, *splits: str) -> tuple[np.ndarray, list[str]]:
    loaded = pictures.load(pictures.of(*splits))
    images = np.stack(loaded.inputs)
    return session(model).run(["probabilities"], {"image": images})[0], [
        row.label for row in loaded.usable
    ]


def test_it_learns_what_the_drawings_are(prepared, trained):
    pictures = Pictures.read(Paths(prepared.root))
    probabilities, truth = answers(trained.model, pictures, "test")
    predicted = [pictures.labels[i] for i in probabilities.argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(predicted, truth, strict=True)]) >= 0.9


def test_its_answers_for_validation_pictures_are_of_a_model_not_taught_with_them(trained):
    asked = trained.out_of_fold
    assert {row.split for row in asked.rows} == {"validation"}
    assert len(asked.probabilities) == len(asked.rows) > 0
    np.testing.assert_allclose(asked.probabilities.sum(axis=1), 1, atol=1e-6)


def test_the_file_answers_as_torch_does(prepared, trained):
    """From picture to probabilities, by the weights that are in the file."""
    pictures, file = Pictures.read(Paths(prepared.root)), ModelFile(trained.model)
    probabilities, _ = answers(trained.model, pictures, "test")
    backbone = file.backbone.model
    network = Network(cut(backbone, WHOLE), weights_of(backbone))
    images = np.stack(pictures.load(pictures.of("test")).inputs)
    with torch.inference_mode():
        seen = network({"image": torch.from_numpy(images)}).numpy()
    np.testing.assert_allclose(file.probabilities(seen), probabilities, atol=1e-3)


def test_its_weights_are_three_quarters_of_the_way_from_the_pretrained_to_the_taught_ones():
    pretrained = {"early": np.zeros(2, np.float32), "late": np.array([1, 2], np.float32)}
    (moved,) = midway(pretrained, {"late": np.array([5, -2], np.float32)}, _SHARE).items()
    assert moved[0] == "late"
    assert moved[1].tolist() == [4, -1]


def test_early_layers_stay_as_they_were(trained):
    """So the frozen part of the file is the frozen backbone's."""
    before, after = (early_weights(model) for model in (frozen_backbone(), _to_features(trained)))
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)


def early_weights(model: bytes) -> dict[str, np.ndarray]:
    early = cut(model, LATE).early
    assert early is not None
    return weights_of(early)


def _to_features(trained) -> bytes:
    return ModelFile(trained.model).backbone.model


def test_taught_twice_it_makes_the_same_file_and_what_is_interrupted_later_is_not_taught_again(
    prepared, trained, capsys
):
    shutil.rmtree(prepared.root / "checkpoints")
    for epochs in (2, 0):
        capsys.readouterr()
        assert taught(str(prepared.root)).model == trained.model
        assert capsys.readouterr().out.count("late layers: epoch") == epochs


def test_what_only_a_gpu_does_by_itself_runs_here_as_well(prepared, monkeypatch):
    """All layers, after the late ones."""
    late, every = course.lessons(1, gpu=True)
    assert (late.first, every.first) == (LATE, WHOLE)
    monkeypatch.setattr(course, "lessons", lambda epochs, gpu: [late, every])
    trained = taught(str(prepared.root), epochs=1)
    assert [part["name"] for part in trained.facts["lessons"]] == ["late layers", "all layers"]
    before, after = (early_weights(model) for model in (frozen_backbone(), _to_features(trained)))
    assert (before["_conv_stem.weight"] != after["_conv_stem.weight"]).any()


def test_it_stops_when_the_validation_pictures_gain_no_more(prepared, monkeypatch):
    surprises = iter([0.5, 0.3, 0.4, 0.4, 0.4, 0.1, 0.1, 0.1])
    monkeypatch.setattr(lesson, "surprise", lambda logits, truth: next(surprises))
    trained = taught(str(prepared.root), epochs=8)
    (only,) = trained.facts["lessons"]
    assert only == {"name": "late layers", "epochs": 2, "surprise": [0.5, 0.3, 0.4, 0.4, 0.4]}


def test_the_disk_is_made_for_what_is_written_there(monkeypatch):
    """Both parts, as on a GPU; not more than a tenth too large."""
    monkeypatch.setattr(maps, "COPIES", ALL_COPIES)
    written = 0
    for first in (LATE, WHOLE):
        ones = maps._seeing(cut(frozen_backbone(), first))(maps._blank())
        written += maps.bytes_each(ones)
    assert written <= SCRATCH["finetune"] <= 1.1 * written


def test_without_room_for_them_a_sentence_says_so(prepared, monkeypatch, tmp_path):
    pictures = Pictures.read(Paths(prepared.root))
    usage = shutil.disk_usage(tmp_path)._replace(free=2_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(BadArtifact, match=r"has 0\.0 GB left, .* of 32 pictures takes 0\.0 GB"):
        maps.look(tmp_path, pictures, pictures.rows, cut(frozen_backbone(), LATE))
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("roomier", ["the root", "elsewhere"])
def test_they_lie_where_there_is_more_room_and_are_gone_afterwards(tmp_path, monkeypatch, roomier):
    root, elsewhere = tmp_path / "the root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: usage._replace(free=1 + (folder.name == roomier))
    )
    with course._scratch(root) as folder:
        assert folder.parent == tmp_path / roomier
        (folder / "0.npy").write_bytes(b"seen")
    assert not folder.exists()


def test_copies_are_the_same_whenever_they_are_asked_for(prepared):
    row = Pictures.read(Paths(prepared.root)).rows[0]
    other = dataclasses.replace(row, sha256="f" * 64)
    image = np.random.default_rng(1).integers(0, 255, (224, 224, 3), dtype=np.uint8)
    copies = [maps.altered(image, row, copy) for copy in range(maps.COPIES)]
    assert (copies[0] == image).all()
    assert (copies[1] == image[:, ::-1]).all()
    assert len({copy.tobytes() for copy in copies}) == maps.COPIES
    assert all((maps.altered(image, row, i) == copy).all() for i, copy in enumerate(copies))
    assert (maps.altered(image, other, 2) != copies[2]).any()


def test_a_checkpoint_is_read_as_it_was_written_until_the_job_is_over(tmp_path):
    folder = tmp_path / LESSONS_FOLDER
    checkpoint = Checkpoint(folder, "key")
    assert checkpoint.read() is None
    checkpoint.write({"step": 1}, 0, 1)
    checkpoint.write({"step": 2}, 0, 2)
    assert Checkpoint(folder, "key").read() == {"step": 2}
    clear_lessons(tmp_path)
    assert Checkpoint(folder, "key").read() is None
    assert [path.stat().st_size for path in folder.iterdir()] == [0, 0]


def test_a_checkpoint_of_other_pictures_is_none(tmp_path):
    Checkpoint(tmp_path, "key").write({"step": 1}, 0, 1)
    assert Checkpoint(tmp_path, "other").read() is None


@pytest.mark.parametrize("damage", ["half", "flipped"])
def test_of_a_damaged_checkpoint_the_one_before_is_read(tmp_path, damage):
    checkpoint = Checkpoint(tmp_path, "key")
    checkpoint.write({"step": 1}, 0, 1)
    checkpoint.write({"step": 2}, 0, 2)
    path = tmp_path / "finetune-1.pt"
    data = path.read_bytes()
    path.write_bytes(
        data[: len(data) // 2] if damage == "half" else data[:-1] + bytes([data[-1] ^ 1])
    )
    assert Checkpoint(tmp_path, "key").read() == {"step": 1}


@pytest.mark.slow
def test_killed_at_ten_points_it_ends_as_undisturbed(prepared, trained, monkeypatch):
    """In processes that begin with all that is imported here, so that they are killed at work."""
    monkeypatch.setattr(lesson, "_KEEP_SECONDS", 0.1)
    root, rng, survived = prepared.root, random.Random(5), 0
    shutil.rmtree(root / "checkpoints", ignore_errors=True)
    began = time.monotonic()
    assert ended(started(root)) == 0
    whole = time.monotonic() - began
    for _ in range(10):
        if (root / "model.onnx").exists():  # it was not killed, or too late to matter
            (root / "model.onnx").unlink()
            shutil.rmtree(root / "checkpoints")
        process = started(root)
        time.sleep(rng.uniform(0.2, 1) * whole)
        os.kill(process, signal.SIGKILL)
        ended(process)
        kept = [*(root / "checkpoints" / "lessons").glob("*.pt")]
        survived += any(path.stat().st_size for path in kept)
    assert survived > 0
    assert ended(started(root)) == 0
    assert (root / "model.onnx").read_bytes() == trained.model


def started(root: Path) -> int:
    process = os.fork()
    if process == 0:
        code = 1
        try:
            taught(str(root))
            code = 0
        finally:
            os._exit(code)
    return process


def ended(process: int) -> int:
    return os.waitpid(process, 0)[1]


def test_its_file_tells_what_is_unfamiliar_by_what_the_taught_network_sees(new_job):
    job = new_job(dict(drawings(30, ("plum", "lime"))))
    job.prepare()
    pictures = Pictures.read(Paths(job.root))
    rows = [
        dataclasses.replace(row, split="validation" if place % 4 else "train")
        for place, row in enumerate(pictures.rows)
    ]
    backbone = frozen(frozen_backbone())
    seen = np.concatenate(
        [part.features for part in embed(pictures, rows, backbone.session, "embedded")]
    )
    head, _ = learn(rows, seen, pictures.labels)
    found = familiarity(seen, head)
    assert found is not None
    familiar, threshold = found
    model = session(classifier(read_weights(pretrained()), head.head, familiar))
    images = np.stack(pictures.load(rows).inputs)
    known = model.run(["unfamiliar"], {"image": images})[0]
    stripes = model.run(["unfamiliar"], {"image": pattern("stripes")})[0]
    assert np.median(known) < threshold < stripes[0]
