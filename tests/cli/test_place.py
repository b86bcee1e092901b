"""Which cloud does a command ask: the one that was named, or the one that it finds?"""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import boto3
import pytest

from cli import place
from cli.asked import Asked
from cli.broker import Broker, broker
from cli.place import FILE, LocalCloud, Place, PlaceError, choose
from lensloop.wire.errors import SettingsError

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}
ELSEWHERE = "http://127.0.0.1:9"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Somebody who answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def leave(folder: Path, endpoint: str) -> LocalCloud:
    """As local/cloud.py leaves it."""
    cloud = LocalCloud(endpoint, "us-east-1", "test", "test", "127.0.0.1", 8883, "/ca.pem")
    (folder / place.FILE).write_text(json.dumps(cloud.__dict__))
    return cloud


@pytest.mark.parametrize(
    ("local", "elsewhere", "expected"),
    [
        (None, False, "local"),
        (None, True, ELSEWHERE),
        (True, True, "local"),
        (True, False, "local"),
        (False, True, "https://sqs.eu-west-1.amazonaws.com"),
        (False, False, "https://sqs.eu-west-1.amazonaws.com"),
    ],
)
def test_what_is_named_wins_over_the_environment_and_that_over_a_cloud_that_runs(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    endpoint: str,
    local: bool | None,
    elsewhere: bool,
    expected: str,
) -> None:
    leave(folder, endpoint)
    if elsewhere:
        monkeypatch.setenv("AWS_ENDPOINT_URL", ELSEWHERE)
    chosen = choose(None, None, None, local)
    asked = chosen.client("sqs").meta
    assert asked.endpoint_url == (endpoint if expected == "local" else expected)
    assert asked.region_name == ("us-east-1" if expected == "local" else "eu-west-1")


def test_without_a_local_cloud_it_is_aws_unless_the_local_one_was_named() -> None:
    assert choose(None, None, None, None).local is None
    with pytest.raises(PlaceError, match=r"No local cloud runs in .*; `make up` starts one"):
        choose(None, None, None, True)


def test_a_local_cloud_that_is_gone_is_never_taken_for_aws(folder: Path) -> None:
    leave(folder, ELSEWHERE)
    with pytest.raises(PlaceError, match=r"is gone .* `make down` tidies up"):
        choose(None, None, None, None)
    assert choose(None, None, None, False).local is None


@pytest.mark.parametrize("text", ["", "[]", '{"endpoint": "http://127.0.0.1:1"}', "\\xff"])
def test_a_file_that_no_cloud_left_is_a_sentence(folder: Path, text: str) -> None:
    (folder / place.FILE).write_text(text)
    with pytest.raises(PlaceError, match=r"connection.json cannot be read: .*`make up`"):
        choose(None, None, None, None)


def test_project_stage_and_region_are_those_of_cdk_json_unless_they_are_named() -> None:
    default, named = choose(None, None, None, None), choose("bins", "dev", "eu-west-2", None)
    assert (default.prefix, default.region_name) == ("deeplens-trash", "eu-west-1")
    assert (named.prefix, named.region_name) == ("deeplens-bins-dev", "eu-west-2")
    with pytest.raises(SettingsError, match="`project` is 'Bins!'"):
        choose("Bins!", None, None, None)


def test_a_camera_connects_where_its_cloud_says_unless_the_person_says_otherwise() -> None:
    cloud = LocalCloud("http://h:1", "us-east-1", "k", "s", "127.0.0.1", 18883, "/c/ca.pem")
    on_aws, locally = (
        Asked(Place("trash", "", "eu-west-1", local), as_json=False) for local in (None, cloud)
    )
    assert broker(on_aws, None, None, None) == Broker(None, None, None)
    assert broker(locally, None, None, None) == Broker("127.0.0.1", 18883, Path("/c/ca.pem"))
    assert broker(locally, "h", 1, Path("x")) == Broker("h", 1, Path("x"))
    assert broker(on_aws, "h", 1, Path("x")) == Broker("h", 1, Path("x"))


@pytest.mark.parametrize(
    ("address", "is_the_local_cloud"),
    [
        ("http://127.0.0.1:9", True),
        ("http://127.0.0.1:9/", True),
        ("http://localhost:9", True),
        ("http://127.0.0.1:10", False),
        ("http://elsewhere:9", False),
    ],
)
def test_the_address_of_the_local_cloud_is_known_to_be_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, is_the_local_cloud: bool
) -> None:
    """A shell with the variables that `make up` prints knows the broker as well."""
    cloud = LocalCloud(ELSEWHERE, "us-east-1", "k", "s", "127.0.0.1", 18883, "/c/ca.pem")
    (tmp_path / FILE).write_text(json.dumps(asdict(cloud)))
    monkeypatch.setenv("LENSLOOP_LOCAL", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    assert (choose("trash", "", None, local=None).local == cloud) is is_the_local_cloud
    assert choose("trash", "", None, local=False).local is None
