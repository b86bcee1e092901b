"""Which AWS do the commands for people talk to,
and what do they say to somebody who can reach none?
"""

import os
from pathlib import Path

import boto3
import pytest

from cli import account, deployed, place
from cli.main import app

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.fixture(autouse=True)
def signed_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(place, "PROJECT", tmp_path / "without-a-local-cloud")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def _main(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ending:
        app(arguments)
    assert isinstance(ending.value.code, int)
    return ending.value.code


def _sign_in(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in (KEYS | more).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("cdk_json", "variables", "region"),
    [
        ("", {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ("", {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ("", {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ("us-east-2", {"AWS_REGION": "eu-west-1"}, "us-east-2"),
    ],
)
def test_the_region_is_the_one_that_the_cdk_deploys_to(
    monkeypatch: pytest.MonkeyPatch, cdk_json: str, variables: dict[str, str], region: str
) -> None:
    _sign_in(monkeypatch, **variables)
    assert deployed.client("iot", cdk_json).meta.region_name == region


def test_whoever_is_not_signed_in_hears_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert _main("camera", "list") == 2
    assert account.main() == 1
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 2
    assert all("Sign in first, for example with `aws configure`" in line for line in printed)


def test_whoever_chose_no_region_hears_where_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _sign_in(monkeypatch)
    assert account.main() == 1
    assert "Set `region` in cdk.json, or AWS_REGION" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ("nowhere", "AWS cannot be addressed: Invalid endpoint: nowhere."),
        ("http://127.0.0.1:1", "see `make status`."),
    ],
)
def test_a_wrong_endpoint_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    endpoint: str,
    sentence: str,
) -> None:
    _sign_in(monkeypatch, AWS_REGION="eu-west-1", AWS_ENDPOINT_URL=endpoint, AWS_MAX_ATTEMPTS="1")
    assert _main("camera", "list") in (2, 3)
    printed = capsys.readouterr().err
    assert endpoint in printed
    assert sentence in printed


def test_a_profile_that_does_not_exist_is_no_word_of_aws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert account.main() == 1
    printed = capsys.readouterr().err
    assert printed.startswith("AWS could not be asked: The config profile (nobody)")
    assert "`aws sts get-caller-identity`" in printed


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"context": {"min_recall": 5}}', "`min_recall` is 5; it must lie between 0 and 1."),
        ('{"context": {,}}', "cdk.json cannot be read: Expecting property name"),
        (None, "cdk.json cannot be read: "),
    ],
)
def test_a_mistake_in_cdk_json_is_a_sentence_for_every_command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    text: str | None,
    sentence: str,
) -> None:
    monkeypatch.setattr(deployed, "CDK_JSON", tmp_path / "cdk.json")
    if text is not None:
        deployed.CDK_JSON.write_text(text)
    assert (_main("camera", "list"), account.main()) == (2, 1)
    assert capsys.readouterr().err.count(sentence) == 2


def test_a_place_that_cannot_be_written_to_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert _main("camera", "bundle", "--output", str(tmp_path / "file" / "camera.zip")) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err
