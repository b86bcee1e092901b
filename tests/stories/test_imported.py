"""A person brings pictures in an archive, which are trained on, and models that were trained
elsewhere: a good one becomes a release, a bad one is refused and not tried again, and new pictures
are trained on as ever.
"""

import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from lensloop.wire import names
from tests.stories.conftest import PREFIX, Person
from tests.training.made_elsewhere import model

pytestmark = pytest.mark.slow
COLOURS = {"blue": (40, 60, 200), "green": (50, 180, 60), "red": (200, 40, 50)}
IN_ITS_ORDER = ("blue", "red", "green")


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, person: Person) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(person.cloud.ca_pem.parent))


def drop(person: Person, part: int, each: int) -> None:
    s3 = person.cloud.client("s3")
    for path, content in drawn(part, each):
        s3.put_object(Bucket=person.bucket, Key=f"images/{path}", Body=content)


def drawn(part: int, each: int, quality: int = 90) -> Iterator[tuple[str, bytes]]:
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
            picture.resize((160, 120), Image.Resampling.BICUBIC).save(file, "JPEG", quality=quality)
            yield f"{name}/{part}-{number}.jpg", file.getvalue()


def archived(folder: Path, part: int, each: int, quality: int = 90) -> Path:
    """As public data sets come: split, in a folder, and with what a Mac left."""
    file = folder / "colours.zip"
    with zipfile.ZipFile(file, "w") as made:
        for number, (path, content) in enumerate(drawn(part, each, quality)):
            made.writestr(f"colours/{'test' if number % 5 == 0 else 'train'}/{path}", content)
        made.writestr("__MACOSX/colours/._train", b"")
    return file


def imports(archive: Path, *options: str) -> str:
    told = ["--yes", "--licence", "CC0 1.0", *options]
    ran = CliRunner().invoke(app, ["import", str(archive), *told])
    assert ran.exit_code == 0, ran.stderr
    return ran.stdout


def bring(folder: Path, labels: tuple[str, ...], *options: str) -> tuple[int, str, str]:
    (folder / "model.onnx").write_bytes(model(softmax=True, side=96).SerializeToString())
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    arguments = [str(folder / "model.onnx"), "--labels", str(folder / "labels.txt"), *options]
    ran = CliRunner().invoke(app, ["import-model", *arguments])
    return ran.exit_code, ran.stdout, ran.stderr


def read_json(person: Person, key: str) -> dict[str, Any]:
    answer = person.cloud.client("s3").get_object(Bucket=person.bucket, Key=key)
    found: dict[str, Any] = json.load(answer["Body"])
    return found


def test_imported_pictures_are_trained_on_and_the_report_says_where_they_came_from(
    person: Person, tmp_path: Path
) -> None:
    archive = archived(tmp_path, 1, 15)
    said = imports(archive)
    assert "Enough to train on: 3 labels, 45 pictures." in said
    assert "Uploaded 45; 0 were there already." in said
    assert "Uploaded 0; 45 were there already." in imports(archive)
    assert person.waits_for_end(1)["outcome"] == "released"
    newest = person.table.dataset()
    assert newest
    report = read_json(person, names.dataset(newest.digest, "report.json"))
    assert (report["images"], report["rejected"]) == (45, 0)
    [told] = report["imports"]
    assert (told["source"], told["licence"]) == (str(archive), "CC0 1.0")
    assert told["pictures"] == {"blue": 15, "green": 15, "red": 15}
    assert "Uploaded 0; 45 were there already." in imports(archive)  # whatever a run says of them
    again = archived(tmp_path, 1, 15, quality=60)
    assert "45 new pictures are nearly the same" in imports(again, "--dry-run")
    said = imports(again, "--skip-near-duplicates")
    assert "Left out: 45 files. It is nearly the same as" in said
    assert "Nothing was changed." in said
    sagemaker = person.cloud.client("sagemaker")
    listed = sagemaker.list_model_packages(ModelPackageGroupName=names.model_group(PREFIX))
    [version] = listed["ModelPackageSummaryList"]
    found = sagemaker.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    assert "licence CC0 1.0" in found["ModelCard"]["ModelCardContent"]


def test_a_model_that_is_as_good_as_live_is_released(person: Person, tmp_path: Path) -> None:
    code, _, question = bring(tmp_path, IN_ITS_ORDER)
    assert code == 2
    assert "does not say how they are prepared" in question
    code, said, _ = bring(tmp_path, IN_ITS_ORDER, "--scale", "255", "--bgr", "--dry-run")
    assert code == 0
    assert "takes 96 × 96 pixels as 3 × height × width" in said
    assert "each as (pixel / 255 - 0,0,0) / 1,1,1,\nin the order blue, green, red," in said
    assert "answers probabilities for blue, red, green" in said
    assert "It cannot say what is unfamiliar: its last layer is given 3 numbers" in said
    assert "Nothing was changed" in said
    code, said, complaint = bring(tmp_path, IN_ITS_ORDER, "--scale", "255")
    assert code == 0, complaint
    told = person.waits_for_end(2)
    assert told["outcome"] == "released", told["reasons"]
    assert told["reasons"][0].startswith("the model was imported")
    made = read_json(person, "releases/2/evaluation.json")
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
