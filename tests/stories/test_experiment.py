"""Does a person see another training's model beside the live one, and does the loop not notice?"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import sdk
from cli.main import app
from lensloop import record
from lensloop.wire import names
from local.sagemaker.box import IN_THE_IMAGE
from tests.stories.conftest import Person

SDK = Path(os.environ.get(sdk.ENVIRONMENT) or sdk.PYTHON)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not SDK.exists(), reason="the SageMaker SDK is not installed; `make experiments` does it"
    ),
]
# The example of docs/experiments.md; where there is no PyTorch, what is deployed.
ALGORITHM = ("--algorithm", "finetune") if IN_THE_IMAGE.is_dir() else ()
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(person: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(person.cloud.ca_pem.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: str) -> tuple[int, str, str]:
        ran = CliRunner().invoke(app, ["experiment", *arguments])
        return ran.exit_code, ran.stdout, ran.stderr

    return run


def file(person: Person, name: str) -> bytes:
    key = names.experiment("mine", name)
    body: bytes = person.cloud.client("s3").get_object(Bucket=person.bucket, Key=key)["Body"].read()
    return body


def test_an_experiment_has_a_page_beside_the_live_model_and_changes_nothing(
    person: Person, ask: Ask
) -> None:
    code, _, stderr = ask()
    assert (code, "No data set was judged yet" in stderr) == (2, True)
    person.upload("first", 20)
    assert person.waits_for_end(1)["outcome"] == "released"
    before: tuple[Any, Any] = (person.table.live(), person.table.trigger())

    asked = ("--name", "mine", *ALGORITHM, "--instance", "ml.g5.xlarge", "-p", "epochs=2")
    code, stdout, stderr = ask(*asked)
    assert code == 0, stderr
    assert "Experiment mine trains as deeplens-trash-experiment-" in stdout
    told = record.read(file(person, "run.json"))
    assert told["outcome"] == "experiment"
    assert told["reasons"][1].startswith("the live model (release 1): ")
    assert (told["scores"] or {})["live"]["epoch"] == 1
    [job] = (told["training"] or {})["jobs"]
    assert (job["instance"], job["spot"], job["status"]) == ("ml.g5.xlarge", False, "Completed")
    html = file(person, "report.html").decode()
    assert "<title>Experiment mine: experiment</title>" in html
    assert ("lensloop experiment --algorithm head" in html) is bool(ALGORITHM)
    note = json.loads(file(person, "experiment.json"))
    asked_for = note["plan"]["request"]["HyperParameters"]
    assert (asked_for["algorithm"], asked_for["epochs"]) == (
        ALGORITHM[-1] if ALGORITHM else "head",
        "2",
    )
    assert note["job"] == job["name"]

    assert (person.table.live(), person.table.trigger()) == before
    releases = person.cloud.client("s3").list_objects_v2(
        Bucket=person.bucket, Prefix="releases/", Delimiter="/"
    )
    assert [one["Prefix"] for one in releases["CommonPrefixes"]] == ["releases/1/"]


def test_its_name_is_taken_and_its_page_can_be_had_again(person: Person, ask: Ask) -> None:
    code, _, stderr = ask("--name", "mine")
    assert (code, stderr.split("\n")[-2]) == (
        2,
        "There is an experiment called mine; choose another --name.",
    )
    code, stdout, _ = ask("--page", "mine", "--json")
    answer = json.loads(stdout)
    assert (code, answer["name"], answer["outcome"]) == (0, "mine", "experiment")
    assert "Experiment mine" in Path(answer["file"]).read_text()


def test_a_training_that_fails_says_why(person: Person, ask: Ask) -> None:
    person.is_told(no_machines=["ml.m5.xlarge"])
    code, stdout, _ = ask("--name", "none")
    person.is_told()
    assert code == 4
    assert "CapacityError: Unable to provision" in stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--dataset", "nothing-such"), "There is no data set that begins with `nothing-such`"),
        (("--page", "never"), "There is no experiment called never."),
        (("-p", "epochs"), "`epochs` is no parameter; write it as `name=value`."),
        (("--name", "Mine"), "`Mine` cannot be an experiment's name"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(
    person: Person, ask: Ask, arguments: tuple[str, ...], why: str
) -> None:
    code, _, stderr = ask(*arguments)
    assert (code, why in stderr) == (2, True), stderr
