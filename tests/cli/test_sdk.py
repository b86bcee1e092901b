"""Is the SageMaker SDK asked for only where it is wanted, and is its lack one sentence?"""

from pathlib import Path

import pytest

from cli import sdk
from cli.place import LocalCloud, Place
from lensloop.experiment import ExperimentError

CLOUD = LocalCloud("http://127.0.0.1:1", "us-east-1", "key", "secret", "", 0, "")


def test_without_it_there_is_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(sdk.ENVIRONMENT, str(tmp_path / "python"))
    with pytest.raises(ExperimentError, match="`make experiments` installs it"):
        sdk.python()


def test_another_environment_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.touch()
    monkeypatch.setenv(sdk.ENVIRONMENT, str(python))
    assert sdk.python() == python


def program(folder: Path, text: str) -> Path:
    """In the SDK's place: what it says, and whether it answers."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "echo first >&2; echo 'ValueError: no such image' >&2; exit 1",
            "ValueError: no such image",
        ),
        ("echo only this; exit 1", "only this"),
        ("exit 0", "it said nothing"),
    ],
)
def test_a_job_that_was_not_made_says_the_last_line_of_why(
    tmp_path: Path, text: str, why: str
) -> None:
    place = Place("trash", "", "us-east-1", CLOUD)
    with pytest.raises(ExperimentError) as failed:
        sdk.start(place, program(tmp_path, text), {})
    assert str(failed.value) == f"The SageMaker SDK could not start the job: {why}"


def test_it_is_told_the_plan_and_where_the_cloud_is(tmp_path: Path) -> None:
    says = 'printf \'{"job": "%s", "image": "%s"}\' "$AWS_ENDPOINT_URL" "$(cat "$2")" > "$3"'
    place = Place("trash", "", "us-east-1", CLOUD)
    assert sdk.start(place, program(tmp_path, says), {}) == {
        "job": "http://127.0.0.1:1",
        "image": "{}",
    }
