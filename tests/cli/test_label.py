"""What does `lensloop label` ask of Ground Truth, and what does it say before it asks?"""

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from typer.testing import CliRunner

from cli import asked
from cli.main import app
from lensloop.settings import Settings
from tests.fakes.memory_cloud import MemoryS3

TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/bins"


@dataclass
class Project:
    """A place as cli.place knows it, with a bucket in memory."""

    s3: MemoryS3 = field(default_factory=MemoryS3)
    sagemaker: Any = field(
        default_factory=lambda: boto3.client(
            "sagemaker", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
    )
    labeling_jobs: bool = True
    local = None
    prefix, bucket, region_name = "deeplens-trash", "deeplens-trash-1", "us-east-1"

    def settings(self) -> Settings:
        return Settings(labeling_jobs=self.labeling_jobs)

    def client(self, service: str) -> Any:
        return {"s3": self.s3, "sagemaker": self.sagemaker}[service]

    def role(self, name: str) -> str:
        return f"arn:aws:iam::000000000000:role/{name}"


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project()
    monkeypatch.setattr(asked, "choose", lambda **_: made)
    for name in ("1-unsure-a", "2-unsure-b"):
        made.s3[f"review/deeplens_a/{name}.jpg"] = b"a picture"
    made.s3["review/deeplens_a/2-unsure-b.labelled.json"] = b"{}"
    made.s3["unlabelled/new/3.JPG"] = b"a picture"
    made.s3["unlabelled/new/notes.txt"] = b"no picture"
    return made


def ask(*arguments: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, ["label", *arguments])
    return ran.exit_code, ran.stdout, ran.stderr


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("review/", ["review/deeplens_a/1-unsure-a.jpg"]),
        ("unlabelled/new/", ["unlabelled/new/3.JPG"]),
    ],
)
def test_what_nobody_has_labelled_goes_to_the_only_private_team(
    project: Project, prefix: str, keys: list[str]
) -> None:
    team = {
        "WorkteamName": "bins",
        "WorkteamArn": TEAM,
        "MemberDefinitions": [{}],
        "Description": "d",
    }
    with Stubber(project.sagemaker) as stub:
        stub.add_response("list_workteams", {"Workteams": [team]})
        request = dict.fromkeys(_PARTS, ANY)
        stub.add_response("create_labeling_job", {"LabelingJobArn": TEAM}, request)
        code, stdout, stderr = ask("start", prefix, "--labels", "glass, metal", "--yes")
        assert code == 0, stderr
        stub.assert_no_pending_responses()
    assert "1 picture, to be labelled glass, metal" in stdout
    (manifest,) = [key for key in project.s3.objects if key.endswith("/input.manifest")]
    content = project.s3.objects[manifest]
    assert isinstance(content, bytes)
    found = [json.loads(line)["source-ref"] for line in content.decode().splitlines()]
    assert found == [f"s3://{project.bucket}/{key}" for key in keys]


_PARTS = (
    *("LabelingJobName", "LabelAttributeName", "InputConfig", "OutputConfig", "RoleArn"),
    *("LabelCategoryConfigS3Uri", "HumanTaskConfig"),
)


def test_a_dry_run_shows_the_request_and_changes_nothing(project: Project) -> None:
    before = set(project.s3.objects)
    code, stdout, _ = ask("start", "--labels", "a,b", "--workteam", TEAM, "--dry-run", "--json")
    assert code == 0
    assert json.loads(stdout)["request"]["HumanTaskConfig"]["WorkteamArn"] == TEAM
    assert set(project.s3.objects) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("start", "images/"), "Ground Truth may read review/ and unlabelled/ alone"),
        (("start", "--labels", "a/b,c", "--workteam", TEAM), "cannot be a label"),
        (("start", "--labels", "Glass,glass", "--workteam", TEAM), "looks like the label `Glass`"),
        (("start", "--labels", "a,b", "--workteam", TEAM, "--json"), "Nothing was started. Add"),
        (("start", "unlabelled/none/", "--labels", "a,b", "--workteam", TEAM), "no picture"),
    ],
)
def test_what_cannot_be_asked_is_said(
    project: Project, arguments: tuple[str, ...], sentence: str
) -> None:
    code, _, stderr = ask(*arguments)
    assert (code, sentence in stderr) == (2, True), stderr


def test_where_it_is_switched_off_that_is_said(project: Project) -> None:
    project.labeling_jobs = False
    code, _, stderr = ask("start")
    assert (code, "set `labeling_jobs` to true" in stderr) == (2, True)


def test_jobs_are_listed_with_what_was_taken(project: Project) -> None:
    name = "deeplens-trash-20261126-120000"
    at, counters = "2026-11-26T12:00:00Z", {"TotalLabeled": 3, "Unlabeled": 1}
    summary = {
        "LabelingJobName": name,
        "LabelingJobArn": "arn:x",
        "CreationTime": at,
        "LastModifiedTime": at,
        "LabelingJobStatus": "Completed",
        "LabelCounters": counters,
        "WorkteamArn": TEAM,
        "PreHumanTaskLambdaArn": "arn:x",
    }
    project.s3[f"labeling/{name}/taken.json"] = b'{"taken": 2, "left_out": {"x": 1}}'
    with Stubber(project.sagemaker) as stub:
        stub.add_response("list_labeling_jobs", {"LabelingJobSummaryList": [summary]})
        code, stdout, _ = ask("list")
    assert code == 0
    assert " ".join(stdout.split()).endswith(f"{name} Completed 3 of 4 2, 1 left out")
