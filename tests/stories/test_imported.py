"""A person brings models that were trained elsewhere: a good one becomes a release, a bad one is
refused and not tried again, and new pictures are trained on as ever.
"""

import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from tests.stories.conftest import Person
from tests.training.made_elsewhere import model

pytestmark = pytest.mark.slow
COLOURS = {"blue": (40, 60, 200), "green": (50, 180, 60), "red": (200, 40, 50)}
IN_ITS_ORDER = ("blue", "red", "green")


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, person: Person) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(person.cloud.ca_pem.parent))


def drop(person: Person, part: int, each: int) -> None:
    s3 = person.cloud.client("s3")
    for place, (name, colour) in enumerate(COLOURS.items()):
        for number in range(each):
            chance = random.Random(f"{part} {place} {number}")
            tiles = bytes(
                max(0, min(255, round(value + chance.gauss(0, 40))))
                for _ in range(64)
                for value in colour
            )
            file = io.BytesIO()
            picture = Image.frombytes("RGB", (8, 8), tiles)
            picture.resize((160, 120), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
            key = f"images/{name}/{part}-{number}.jpg"
            s3.put_object(Bucket=person.bucket, Key=key, Body=file.getvalue())


def bring(folder: Path, labels: tuple[str, ...], *options: str) -> tuple[int, str, str]:
    (folder / "model.onnx").write_bytes(model(softmax=True, side=96).SerializeToString())
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    arguments = [str(folder / "model.onnx"), "--labels", str(folder / "labels.txt"), *options]
    ran = CliRunner().invoke(app, ["import-model", *arguments])
    return ran.exit_code, ran.stdout, ran.stderr


def evaluation(person: Person, key: str) -> dict[str, Any]:
    answer = person.cloud.client("s3").get_object(Bucket=person.bucket, Key=key)
    found: dict[str, Any] = json.load(answer["Body"])
    return found


def test_a_model_that_is_as_good_as_live_is_released(person: Person, tmp_path: Path) -> None:
    drop(person, 1, 15)
    assert person.waits_for_end(1)["outcome"] == "released"
    code, _, question = bring(tmp_path, IN_ITS_ORDER)
    assert code == 2
    assert "does not say how they are prepared" in question
    code, said, _ = bring(tmp_path, IN_ITS_ORDER, "--scale", "255", "--dry-run")
    assert code == 0
    assert "takes 96 × 96 pixels as 3 × height × width" in said
    assert "answers probabilities for blue, red, green" in said
    assert "Nothing was changed" in said
    code, said, complaint = bring(tmp_path, IN_ITS_ORDER, "--scale", "255")
    assert code == 0, complaint
    told = person.waits_for_end(2)
    assert told["outcome"] == "released", told["reasons"]
    assert told["reasons"][0].startswith("the model was imported")
    made = evaluation(person, "releases/2/evaluation.json")
    assert made["algorithm"] == "imported"
    assert made["candidate"]["all"]["accuracy"] == 1
    [job] = (told["training"] or {})["jobs"]
    assert job["status"] == "Completed"


def test_a_model_that_is_worse_is_refused_once_and_new_pictures_are_trained_on(
    person: Person, tmp_path: Path
) -> None:
    code, _, complaint = bring(tmp_path, ("red", "green", "blue"), "--scale", "255")
    assert code == 0, complaint
    told = person.waits_for_end(3)
    assert told["outcome"] == "refused"
    live = person.table.live()
    assert live is not None
    assert live.epoch == 2
    drop(person, 2, 4)
    told = person.waits_for_end(4)
    assert told["outcome"] in ("released", "refused")
    assert not told["reasons"][0].startswith("the model was imported")
    [job] = (told["training"] or {})["jobs"]
    assert job["name"] == "deeplens-trash-4-1"


def test_labels_that_are_not_the_projects_are_named_before_anything_is_uploaded(
    person: Person, tmp_path: Path
) -> None:
    code, _, complaint = bring(tmp_path, ("blue", "red", "teal"), "--scale", "255")
    assert code == 2
    assert "it does not know green; the project has no teal" in complaint
