"""camera.json is read, or a sentence says what is wrong with it and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from camera import broker
from camera.config import read
from camera.connection import ConfigError


def test_a_registered_camera_is_read(home: Path) -> None:
    config = read(home)
    assert (config.thing, config.project, config.connection.port) == ("deeplens_test", "trash", 9)
    assert config.connection.ca == home / "camera.pem"


def test_without_a_ca_the_system_is_trusted(home: Path) -> None:
    change(home, "ca", None)
    config = read(home)
    assert config.connection.ca is None
    assert broker.tls_context(config.connection).check_hostname


def test_results_go_where_deeplens_sent_them_unless_the_other_topic_is_chosen(home: Path) -> None:
    assert read(home).results_topic == "$aws/things/deeplens_test/infer"
    change(home, "results_topic", "deeplens/deeplens_test/infer")
    assert read(home).results_topic == "deeplens/deeplens_test/infer"


def change(home: Path, field: str, value: Any) -> None:
    path = home / "camera.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("thing", "kitchen", "deeplens_<id>"),
        ("thing", None, "`thing` is missing"),
        ("port", "8883", "a whole number from 1 to 65535"),
        ("port", 0, "a whole number from 1 to 65535"),
        ("port", 65536, "a whole number from 1 to 65535"),
        ("key", "gone.key", "this camera's private key"),
        ("ca", "gone.pem", "the broker's CA"),
        ("endpoint", "", "`endpoint` is ''"),
        ("results_topic", "$aws/things/deeplens_other/infer", "deeplens/deeplens_test/infer"),
    ],
)
def test_each_mistake_gets_a_sentence(home: Path, field: str, value: Any, sentence: str) -> None:
    change(home, field, value)
    with pytest.raises(ConfigError) as caught:
        read(home)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith("Register this camera again.")


def test_all_mistakes_are_named_at_once(home: Path) -> None:
    change(home, "thing", "kitchen")
    change(home, "key", None)
    with pytest.raises(ConfigError, match=r"`thing` is 'kitchen'; .*; `key` is missing"):
        read(home)


@pytest.mark.parametrize("text", ["{half", "[]"])
def test_a_damaged_file_asks_for_a_new_registration(home: Path, text: str) -> None:
    (home / "camera.json").write_text(text)
    with pytest.raises(ConfigError, match="Register this camera again"):
        read(home)


def test_a_folder_that_is_no_camera_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="camera add"):
        read(tmp_path)


def test_a_damaged_certificate_is_said(home: Path) -> None:
    (home / "camera.pem").write_text("not a certificate")
    with pytest.raises(ConfigError, match="cannot be used"):
        broker.tls_context(read(home).connection)
