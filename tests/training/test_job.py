"""The training job as it really runs: a bare interpreter,
the dependencies channel, files in, files out.
"""

import base64
import csv
import hashlib
import io
import json
import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime
import pytest
from PIL import Image

from lensloop.dataset.suspicious import read_doubts
from lensloop.model.evaluation import read_evaluation
from lensloop.model.floors import Floors
from lensloop.model.gate import judge
from lensloop.model.insights import read_insights
from lensloop.model.mistakes import read_mistakes
from lensloop.model.proof import Unproved
from lensloop.model.release import belongs, build, obstacle
from lensloop.settings import Settings
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import File, make, parse
from lensloop.wire.picture import RESIZE, read_input
from tests.training.drawings import drawing, drawings
from training import first_camera
from training.live import usable_live
from training.paths import Paths
from training.run import run


@pytest.fixture(scope="module")
def first(new_job):
    """A job on drawings of two labels, two in the wrong folder; besides, one is damaged, one
    changed, one missing.
    """
    job = new_job(dict(drawings(30, ("plum", "lime"))))
    for number in (800, 801):  # limes in the wrong folder
        job.put(f"images/plum/{number}.jpg", drawing("lime", number))
    job.put("images/plum/half.jpg", drawing("plum", 777)[:900], split="train")
    job.put("images/plum/changed.jpg", drawing("plum", 778), split="train", sha256="0" * 64)
    job.put("images/plum/gone.jpg", drawing("plum", 779), split="train")
    (job.root / "input/data/images/images/plum/gone.jpg").unlink()
    job.status = job.run()
    return job


@pytest.fixture(scope="module")
def release(first, tmp_path_factory):
    """The first job's model as the live release."""
    folder, model = (
        tmp_path_factory.mktemp("release"),
        (first.root / "model" / "model.onnx").read_bytes(),
    )
    (folder / "model.onnx").write_bytes(model)
    for name in ("test.csv", "learnt.csv"):
        (folder / name).write_bytes((first.root / "model" / name).read_bytes())
    (folder / "manifest.json").write_text(json.dumps(as_manifest(first.evaluation, model)))
    return folder


@pytest.fixture(scope="module")
def second(new_job, release):
    """A job with the same drawings and a new label, against that live release; one test picture is
    in the wrong folder.
    """
    job = new_job(dict(drawings(30, ("plum", "lime", "sand"))))
    job.put("images/plum/900.jpg", drawing("lime", 900), split="test")
    job.put_live(release)
    job.status = job.run()
    return job


def as_manifest(evaluation: dict, model: bytes) -> dict:
    file = File("model.onnx", hashlib.sha256(model).hexdigest(), len(model))
    return make(
        "fruit", 1, evaluation, file, File("golden.zip", "0" * 64, 1), "2026-11-22T12:00:00Z"
    )


def test_a_job_learns_and_says_how_well(first):
    assert first.status == 0, first.log
    assert first.evaluation["candidate"]["all"]["accuracy"] >= 0.9
    assert "accuracy=" in first.log
    assert "embedded " in first.log
    assert not (first.root / "output" / "failure").exists()


def test_the_evaluation_is_what_the_gate_and_the_release_read(first):
    evaluation = read_evaluation(first.evaluation)
    assert evaluation.labels == ("lime", "plum")
    assert evaluation.dataset == "d1"
    assert evaluation.live is None
    assert evaluation.candidate.known is evaluation.candidate.new is None
    assert as_manifest(first.evaluation, b"x")["input"] == {
        "width": 224,
        "height": 224,
        "resize": RESIZE,
    }


def test_pictures_that_cannot_be_used_are_left_out_with_a_reason(first):
    left_out = {
        entry["key"].rsplit("/", 1)[1]: entry["reason"] for entry in first.evaluation["left_out"]
    }
    assert sorted(left_out) == ["changed.jpg", "gone.jpg", "half.jpg"]
    assert "damaged or incomplete" in left_out["half.jpg"]
    assert "changed in between" in left_out["changed.jpg"]
    assert "did not reach" in left_out["gone.jpg"]
    assert sum(first.evaluation["images"].values()) == 62


def test_pictures_in_the_wrong_folder_are_told_with_a_thumbnail(first):
    doubted = json.loads((first.root / "model" / "suspicious.json").read_text("utf-8"))
    assert read_doubts(doubted) == doubted["pictures"]
    assert len(doubted["pictures"]) == first.evaluation["suspicious"]
    doubts = {doubt["key"]: doubt for doubt in doubted["pictures"]}
    assert {"images/plum/800.jpg", "images/plum/801.jpg"} <= set(doubts)
    assert len(doubts) <= 4
    for doubt in doubts.values():
        assert doubt["label"] == doubt["key"].split("/")[1] != doubt["predicted"]
        assert doubt["probability"] >= doubt["label_probability"] + 0.5
        image = Image.open(io.BytesIO(base64.b64decode(doubt["thumbnail"])))
        assert image.format == "JPEG"
        assert max(image.size) <= 96
    assert "labels may be wrong" in first.log


def test_what_the_candidate_gets_wrong_is_listed_with_a_thumbnail(second):
    listed = read_mistakes(json.loads((second.root / "model" / "mistakes.json").read_text("utf-8")))
    confusion = read_evaluation(second.evaluation).candidate.all.confusion
    assert confusion is not None
    test = {row["key"]: row["label"] for row in second.rows if row["split"] == "test"}
    wrong: Counter[tuple[str, str]] = Counter()
    for mistake in listed["pictures"]:
        assert test[mistake["key"]] == mistake["label"]
        assert mistake["live_predicted"] in ("lime", "plum")
        image = Image.open(io.BytesIO(base64.b64decode(mistake["thumbnail"])))
        assert image.format == "JPEG"
        wrong[mistake["label"], mistake["predicted"]] += 1
    assert "images/plum/900.jpg" in {mistake["key"] for mistake in listed["pictures"]}
    assert sum(wrong.values()) == listed["count"]
    for (label, predicted), count in wrong.items():
        assert confusion[label][predicted] == count
    assert sum(sum(row.values()) for row in confusion.values()) == len(test)


def test_the_same_data_set_makes_the_same_files(first, new_job):
    """All but evaluation.json, which says how long it took."""
    job = new_job(
        {
            row["key"]: (first.root / "input/data/images" / row["key"]).read_bytes()
            for row in first.rows[:62]
        }
    )
    assert job.run() == 0, job.log
    assert files(job.root / "model") == files(first.root / "model")


def files(folder: Path) -> dict[str, bytes]:
    found = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    return {name: path.read_bytes() for name, path in found.items() if name != "evaluation.json"}


def test_a_job_that_embeds_only_what_is_new_makes_the_same_files(first, new_job):
    """All pictures but two are kept by a job before it, and their files are not there."""
    pictures = {
        row["key"]: (first.root / "input/data/images" / row["key"]).read_bytes()
        for row in first.rows[:62]
    }
    before, job = new_job(dict([*pictures.items()][2:])), new_job(pictures)
    (before.root / "checkpoints").mkdir()
    assert before.run() == 0, before.log
    shutil.copytree(before.root / "checkpoints", job.root / "checkpoints")
    for row in before.rows:
        (job.root / "input/data/images" / row["key"]).unlink()
    job.settings["pictures"] = "uncached"
    assert job.run() == 0, job.log
    assert job.evaluation["features"] == {"kept": 60, "embedded": 2}
    assert "embedded 2 of 2 pictures" in job.log
    assert files(job.root / "model") == files(first.root / "model")
    assert len(first.evaluation["golden"]) == len(job.evaluation["golden"]) > 2


SCRIPTS = {
    "plum": "Mu\u0308ll (gro\u00df)",
    "lime": "燃えるごみ",
    "sand": "paper & cardboard, mixed",
}


def test_labels_of_any_script_reach_evaluation_golden_pictures_and_the_manifest(new_job):
    """With a Mac's keys, of which the data set's step makes composed labels."""
    job = new_job({})
    for key, data in drawings(30, tuple(SCRIPTS)):
        _, plain, file = key.split("/")
        label = unicodedata.normalize("NFC", SCRIPTS[plain])
        job.put(f"images/{SCRIPTS[plain]}/{file}", data, label=label)
    assert job.run() == 0, job.log
    labels = tuple(sorted(unicodedata.normalize("NFC", label) for label in SCRIPTS.values()))
    evaluation = read_evaluation(job.evaluation)
    assert evaluation.candidate.all.accuracy > 0.9
    assert not job.evaluation["left_out"]
    model = (job.root / "model" / "model.onnx").read_bytes()
    manifest = parse(json.loads(json.dumps(as_manifest(job.evaluation, model))))
    assert manifest.labels == labels
    assert {picture.label for picture in manifest.pictures} <= set(labels)
    judged = csv.DictReader((job.root / "model" / "test.csv").open(newline="", encoding="utf-8"))
    assert {row["label"] for row in judged} == set(labels)


def test_the_insights_are_what_the_page_reads(second):
    """Of the wrongly filed lime the nearest taught pictures are limes."""
    found = read_insights(json.loads((second.root / "model" / "insights.json").read_text("utf-8")))
    images = second.evaluation["candidate"]["all"]["images"]
    for model in ("candidate", "live"):
        assert sum(group["images"] for group in found["reliability"][model]) == images
    live = second.evaluation["live"]
    assert (found["fixed"]["count"], found["broken"]["count"]) == (live["gains"], live["losses"])
    lime = next(row["sha256"] for row in second.rows if row["key"] == "images/plum/900.jpg")
    near = found["neighbours"][lime]
    assert [picture["label"] for picture in near] == ["lime"] * 3
    assert all(picture["thumbnail"] for picture in near)
    taught = sum(row["split"] == "train" for row in second.rows)
    assert found["curve"]["points"][-1]["pictures"] == taught


def test_the_list_of_test_pictures_is_written(first):
    with (first.root / "model" / "test.csv").open() as file:
        judged = {row["sha256"]: row["label"] for row in csv.DictReader(file)}
    assert judged == {row["sha256"]: row["label"] for row in first.rows if row["split"] == "test"}


def test_the_file_is_measured_and_no_golden_set_was_asked_for(first):
    assert first.evaluation["model_bytes"] == (first.root / "model" / "model.onnx").stat().st_size
    assert 0 < first.evaluation["milliseconds"] < 10_000
    assert first.evaluation["golden_set"] is None


def test_the_list_of_learnt_pictures_is_written(first):
    with (first.root / "model" / "learnt.csv").open() as file:
        learnt = [row["sha256"] for row in csv.DictReader(file)]
    used = {row["sha256"] for row in first.rows if row["split"] != "test"}
    assert len(learnt) == sum(
        first.evaluation["images"][split] for split in ("train", "validation")
    )
    assert set(learnt) < used  # three of them could not be used
    assert learnt == sorted(learnt)


def test_what_live_had_and_what_is_new_is_told_apart_in_what_was_learnt(first, second):
    assert learnt_parts(first.evaluation)[1:] == [None, None]
    whole, known, new = learnt_parts(second.evaluation)
    assert known["images"] + new["images"] == whole["images"]
    assert new["labels"]["sand"]["images"] == whole["labels"]["sand"]["images"] > 0
    assert known["labels"]["lime"]["images"] == whole["labels"]["lime"]["images"] > 0


def learnt_parts(evaluation: dict) -> list:
    assert read_evaluation(evaluation).out_of_fold
    names = ("out_of_fold", "out_of_fold_known", "out_of_fold_new")
    return [evaluation[name] for name in names]


def test_a_live_release_that_does_not_say_what_it_learnt_tells_nothing_apart(
    new_job, release, tmp_path
):
    old = tmp_path / "release"
    shutil.copytree(release, old)
    (old / "learnt.csv").unlink()
    job = new_job(dict(drawings(10, ("plum", "lime"))))
    job.put_live(old)
    job.prepare()
    run(Paths(job.root))
    whole, *parts = learnt_parts(json.loads((job.root / "model/evaluation.json").read_text()))
    assert whole["images"] > 0
    assert parts == [None, None]


def test_what_changed_since_live_adds_up_by_label(second):
    live = second.evaluation["live"]
    for name in ("losses", "gains"):
        assert sum(change[name] for change in live["changes"].values()) == live[name]
    # Live knows no sand, so every new picture of it that is right now is gained.
    assert live["change_of_new"]["gains"] > 0


def test_each_of_three_labels_is_left_out_in_turn(first, second):
    assert first.evaluation["untaught"] == {}, "of two labels one would be left"
    found = read_evaluation(second.evaluation).untaught
    assert set(found) == {"lime", "plum", "sand"}
    counts = second.evaluation["images"]
    assert sum(one.images for one in found.values()) == sum(counts.values())
    assert sum(one.known for one in found.values()) == 2 * counts["test"]
    assert "leave out" in second.evaluation["seconds"]


def test_a_camera_can_prove_the_model_on_its_golden_pictures(first):
    """The shipped bytes, the shipped model, one picture at a time."""
    session = onnxruntime.InferenceSession(str(first.root / "model" / "model.onnx"))
    golden = first.evaluation["golden"]
    shown = Counter(entry["label"] for entry in golden)
    assert set(shown) == {"lime", "plum"}
    assert max(shown.values()) <= 6
    for entry in golden:
        data = (first.root / "model" / entry["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert data.startswith(b"\xff\xd8")
        predicted = session.run(["probabilities"], {"image": read_input(data, 224, 224)[None]})[0][
            0
        ]
        assert first.evaluation["labels"][predicted.argmax()] == entry["label"]
        assert predicted.max() == pytest.approx(entry["probability"], abs=1e-3)


def test_the_cloud_is_the_first_camera_that_the_release_convinces(first):
    """The files that are published are the files that were proved."""
    folder = first.root / "model"
    assert first.evaluation["proof"]["verdict"] == "passed", first.log
    count = len(first.evaluation["golden"])
    assert f"a camera's own proof: golden pictures {count}/{count}" in first.log
    assert first.evaluation["seconds"]["prove"] > 0
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")]
    files = {name: (folder / name).read_bytes() for name in names if belongs(name)}
    made, _ = build("fruit", 1, files, first.evaluation, "now")
    proved = first.evaluation["proof"]
    assert proved["model_sha256"] == made["model"]["sha256"]
    assert proved["golden_sha256"] == made["golden"]["sha256"]
    with pytest.raises(Unproved, match="on other files than these"):
        build("fruit", 1, files | {"model.onnx": b"another"}, first.evaluation, "now")


def shrugging(model):
    """The same answer, whatever the picture."""
    head = next(node for node in model.graph.node if node.output[0] == "probabilities")
    head.op_type = "Softmax"
    zero = onnx.helper.make_tensor("zero", onnx.TensorProto.FLOAT, [1], [0.0])
    model.graph.initializer.append(zero)
    at = [*model.graph.node].index(head)
    nothing = onnx.helper.make_node("Mul", [head.input[0], "zero"], ["nothing"])
    model.graph.node.insert(at, nothing)
    head.input[0] = "nothing"


def elsewhere(model):
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL


def strangers(model):
    """It cannot be run."""
    model.graph.node[-1].op_type = "Imagine"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (shrugging, "golden pictures are answered wrongly"),
        (elsewhere, "in other files"),
        (strangers, "cannot load the model"),
    ],
)
def test_a_model_that_fails_a_cameras_proof_is_refused_in_the_cloud(
    first, tmp_path, change, reason
):
    folder = tmp_path / "model"
    shutil.copytree(first.root / "model", folder)
    model = onnx.load(folder / "model.onnx")
    change(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    found = first_camera.proved(Paths(tmp_path), first.evaluation)
    assert found["verdict"] == "refused"
    assert reason in found["reason"]
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")]
    files = {name: (folder / name).read_bytes() for name in names if belongs(name)}
    why = obstacle("fruit", 1, files, first.evaluation | {"proof": found}, "now")
    assert why == (
        "no camera could take its release: It does not pass a camera's own proof, which the cloud"
        f" ran first: {found['reason']}."
    )


def test_the_live_model_is_judged_on_the_same_pictures(second):
    assert second.status == 0, second.log
    evaluation = read_evaluation(second.evaluation)
    live, candidate = evaluation.live, evaluation.candidate
    assert live is not None
    assert live.scores.known is not None
    assert live.scores.new is not None
    assert candidate.known is not None
    assert live.epoch == 1
    assert live.judged_on == live.scores.known.images
    assert live.labels == ("lime", "plum")
    assert live.scores.all.images == candidate.all.images
    assert live.scores.known.images == candidate.known.images > 0
    assert live.scores.known.images + live.scores.new.images == live.scores.all.images


def test_a_label_that_live_never_heard_of_is_new_and_not_known(second):
    evaluation = second.evaluation
    sand = sum(row["split"] == "test" for row in second.rows if row["label"] == "sand")
    assert evaluation["candidate"]["new"]["labels"]["sand"]["images"] == sand > 0
    assert evaluation["candidate"]["known"]["labels"]["sand"]["images"] == 0
    assert evaluation["live"]["all"]["labels"]["sand"]["recall"] == 0.0
    assert evaluation["candidate"]["all"]["labels"]["sand"]["recall"] > 0.8


def test_a_renamed_label_is_the_label_that_it_was(new_job, release):
    """Live still answers `plum`, which is what people call `damson` now: that is right."""
    drawn = dict(drawings(30, ("plum", "lime")))
    job = new_job({key.replace("/plum/", "/damson/"): data for key, data in drawn.items()})
    job.put_live(release)
    assert job.run() == 0, job.log
    evaluation = read_evaluation(job.evaluation)
    live = evaluation.live
    assert live is not None
    assert (live.renamed, set(live.labels)) == ({"plum": "damson"}, {"damson", "lime"})
    assert evaluation.candidate.new is None
    assert evaluation.candidate.known == evaluation.candidate.all
    assert live.scores.known is not None
    assert live.scores.known.accuracy >= 0.9
    assert judge(evaluation, Floors.from_settings(Settings())).ship
    for mistake in json.loads((job.root / "model" / "mistakes.json").read_text())["pictures"]:
        assert mistake["live_predicted"] != "plum"


FAILURES: dict[str, tuple[Callable[[], dict[str, bytes]], str]] = {
    "an empty data set": (dict, "no pictures at all"),
    "one label": (lambda: dict(drawings(6, ("plum",))), "only the label plum"),
    "a label of damaged pictures": (
        lambda: (
            dict(drawings(6, ("plum",)))
            | {f"images/sand/{n}.jpg": b"\xff\xd8 no" + bytes([n]) for n in range(9)}
        ),
        "No usable training pictures of sand",
    ),
}


@pytest.mark.parametrize(("make", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_a_data_set_that_cannot_be_trained_on_is_refused_with_a_reason(new_job, make, sentence):
    job = new_job(make())
    job.prepare()
    with pytest.raises(BadArtifact, match=sentence):
        run(Paths(job.root))
    assert not (job.root / "model" / "evaluation.json").exists()


@pytest.mark.parametrize(
    ("file", "content"), [("manifest.json", b"{"), ("model.onnx", b"half"), ("test.csv", b"x\n1")]
)
def test_a_live_release_that_cannot_be_read_is_told_and_passed_over(
    release, tmp_path, file, content
):
    damaged = tmp_path / "input" / "data" / "live"
    shutil.copytree(release, damaged)
    (damaged / file).write_bytes(content)
    live, sentence = usable_live(Paths(tmp_path))
    assert live is None
    assert sentence


@pytest.mark.parametrize("name", ["it keeps weights elsewhere", "it cannot be run"])
def test_a_live_model_that_no_camera_could_run_never_blocks_a_training(
    new_job, release, tmp_path, name
):
    damaged, model = tmp_path / "release", onnx.load(release / "model.onnx")
    if name == "it keeps weights elsewhere":
        model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    else:
        model.graph.node[-1].op_type = "Imagine"
    content = model.SerializeToString()
    shutil.copytree(release, damaged)
    (damaged / "model.onnx").write_bytes(content)
    manifest = json.loads((release / "manifest.json").read_text())
    manifest["model"] |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (damaged / "manifest.json").write_text(json.dumps(manifest))
    job = new_job(dict(drawings(30, ("plum", "lime"))))
    job.put_live(damaged)
    assert job.run() == 0, job.log
    assert job.evaluation["live"] is None
    assert job.evaluation["live_unreadable"]
    assert job.evaluation["live_unreadable"] in job.log
    assert read_evaluation(job.evaluation).live is None


def test_a_job_that_cannot_train_leaves_one_sentence_for_sagemaker(new_job):
    job = new_job({})
    assert job.run() == 1
    assert (
        job.failure
        == "The data set has no pictures at all; training needs pictures of at least two labels."
    )


def test_an_accident_nobody_foresaw_still_leaves_a_sentence_and_a_traceback(new_job):
    job = new_job(dict(drawings(10, ("plum", "lime"))))
    (job.root / "model").write_text("a file where a folder must be")
    assert job.run() == 1
    assert "unexpected" in job.failure
    assert "Traceback" in job.log


@pytest.mark.slow
def test_real_photographs_are_sorted_well_and_quickly(new_job, bins3):
    """The bars of the demo on the user's own pictures.

    Sixty seconds of processor time, unpacking included: one idle core would do it in a minute, and
    a busy machine does not fail the test as a wall clock would. bench/training.py holds the wall
    clock against the same bar.
    """
    pictures = {
        f"images/{p.parent.name}/{p.name}": p.read_bytes() for p in sorted(bins3.glob("*/*.jpg"))
    }
    job = new_job(pictures)
    assert job.run() == 0, job.log
    score = job.evaluation["candidate"]["all"]
    assert score["accuracy"] >= 0.93
    assert {name: s["recall"] for name, s in score["labels"].items() if s["recall"] < 0.6} == {}
    assert job.cpu_seconds <= 60
