"""The whole job with `algorithm: finetune`, as SageMaker would start it: on a bare Python, with the
torch of its image; judged, proved by a camera, and taken away in between.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lensloop.experiment import result
from lensloop.model.evaluation import read_evaluation
from lensloop.model.floors import Floors
from lensloop.model.gate import judge
from lensloop.model.insights import read_insights
from lensloop.model.mistakes import read_mistakes
from lensloop.model.release import belongs, build
from lensloop.pages.run import page
from lensloop.record import Findings
from lensloop.settings import Settings
from lensloop.wire.manifest import parse
from lensloop.wire.picture import read_input
from tests.training.conftest import Job
from tests.training.drawings import drawing, drawings
from tests.training.finetune.conftest import PACKAGES
from tests.training.test_interrupted import files, without_times
from training.embed import session

NewJob = Callable[[dict[str, bytes]], Job]


def prepared(new_job: NewJob) -> Job:
    """Of each of two labels nine drawings to learn from and five for the test; and one more for
    the test that is in the wrong folder.
    """
    job = new_job({})
    for key, data in drawings(14, ("plum", "lime")):
        number = int(Path(key).stem)
        job.put(key, data, split="test" if number > 8 else ("train", "validation")[number % 3 // 2])
    job.put("images/plum/900.jpg", drawing("lime", 900), split="test")
    job.settings |= {"algorithm": "finetune", "epochs": "2"}
    job.image = (PACKAGES,)
    (job.root / "checkpoints").mkdir()
    job.prepare()
    return job


@pytest.fixture(scope="module")
def undisturbed(new_job: NewJob) -> Job:
    job = prepared(new_job)
    assert job.finish() == 0, job.log
    return job


def read(job: Job, name: str) -> Any:
    return json.loads((job.root / "model" / name).read_text("utf-8"))


def test_its_evaluation_is_what_the_gate_reads(undisturbed: Job) -> None:
    found = read_evaluation(undisturbed.evaluation)
    assert (found.labels, found.dataset) == (("lime", "plum"), "d1")
    assert found.candidate.all.accuracy == pytest.approx(10 / 11)
    assert undisturbed.evaluation["algorithm"] == "finetune"
    assert undisturbed.evaluation["images"] == {"train": 12, "validation": 6, "test": 11}
    (late,) = undisturbed.evaluation["lessons"]
    assert (late["name"], len(late["surprise"])) == ("late layers", 2)
    verdict = judge(found, Floors.from_settings(Settings()))
    assert verdict.ship, verdict.reasons


def test_what_it_gets_wrong_is_shown(undisturbed: Job) -> None:
    (mistake,) = read_mistakes(read(undisturbed, "mistakes.json"))["pictures"]
    assert (mistake["key"], mistake["predicted"]) == ("images/plum/900.jpg", "lime")
    assert mistake["thumbnail"]
    insights = read_insights(read(undisturbed, "insights.json"))
    assert sum(group["images"] for group in insights["reliability"]["candidate"]) == 11
    near = insights["neighbours"][mistake["sha256"]]
    assert near[0]["label"] == "lime"
    assert all(picture["thumbnail"] for picture in near)
    assert len(near) == 3


def test_its_page_says_why_there_is_no_learning_curve(undisturbed: Job) -> None:
    insights = read(undisturbed, "insights.json")
    assert insights["curve"] is None
    found = Findings(evaluation=undisturbed.evaluation, insights=read_insights(insights))
    described = {
        "TrainingJobName": "fruit-1-1",
        "TrainingJobStatus": "Completed",
        "TrainingJobArn": "arn",
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge"},
    }
    told = result("fruit", "d1", described, found, "2026-11-27T12:00:00Z")
    html = page(told, None, None, found.insights, found.evaluation)
    assert "That is not measured where the network\n    itself is taught" in html
    assert "lensloop experiment --algorithm head" in html


def test_a_camera_takes_its_release(undisturbed: Job) -> None:
    folder, evaluation = undisturbed.root / "model", undisturbed.evaluation
    golden = evaluation["golden"]
    shown = Counter(entry["label"] for entry in golden)
    assert set(shown) == {"lime", "plum"}
    assert f"a camera's own proof: golden pictures {len(golden)}/{len(golden)}" in undisturbed.log
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")]
    content = {name: (folder / name).read_bytes() for name in names if belongs(name)}
    manifest, _ = build("fruit", 1, content, evaluation, "2026-11-27T12:00:00Z")
    assert parse(json.loads(json.dumps(manifest))).labels == ("lime", "plum")
    runnable = session(content["model.onnx"])
    for entry in golden:
        image = read_input((folder / entry["file"]).read_bytes(), 224, 224)[None]
        answer = runnable.run(["probabilities"], {"image": image})[0][0]
        assert evaluation["labels"][answer.argmax()] == entry["label"]
        assert answer.max() == pytest.approx(entry["probability"], abs=1e-3)


def test_without_a_model_in_eight_bits_there_is_a_reason(undisturbed: Job) -> None:
    int8 = undisturbed.evaluation["int8"]
    assert (int8["kept"], bool(int8["reason"])) == (False, True)
    assert not (undisturbed.root / "model" / "model.int8.onnx").exists()


def test_killed_at_any_moment_it_ends_as_undisturbed(new_job: NewJob, undisturbed: Job) -> None:
    """After any line that it logs: those stand between all that it does."""
    job, lines = prepared(new_job), undisturbed.log.splitlines()
    last = random.randrange(1, 1 + next(i for i, line in enumerate(lines) if "accuracy=" in line))
    process = job.start()
    assert process.stdout is not None
    for _ in range(last):
        said = process.stdout.readline()
    time.sleep(random.uniform(0, 0.5))
    process.kill()
    process.wait()
    assert job.finish() == 0, job.log
    assert files(job.root / "model") == files(undisturbed.root / "model"), said
    assert without_times(job.evaluation) == without_times(undisturbed.evaluation), said
    kept = [path.stat().st_size for path in (job.root / "checkpoints" / "lessons").iterdir()]
    assert {*kept} == {0}
