"""A data set of Kaggle comes at one version, by Kaggle's own client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from importers.source import Asked, SourceError
from importers.sources import opened
from tests.importers.conftest import picture
from tests.importers.service import Answer, Request, Service, serving
from tests.importers.test_hostile_archives import zipped

kaggle_env = pytest.importorskip("kagglesdk.kaggle_env", reason="`make import-extras` brings it")

FILES = {f"Garbage classification/{label}/1.jpg": picture(label) for label in ("glass", "metal")}


def answer(request: Request) -> Answer:
    if b"none" in request.body:
        return Answer(b"{}", 404)
    if b"secret" in request.body:
        return Answer(b"{}", 403)
    if request.path.endswith("/GetDataset"):
        return Answer(b'{"currentVersionNumber": 3}', headers=(("Content-Type", "text/json"),))
    return Answer(zipped(FILES), headers=(("Accept-Ranges", "bytes"),))


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "nobody"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    with serving(answer) as service:
        endpoints: Any = kaggle_env._env_to_endpoint
        monkeypatch.setitem(endpoints, kaggle_env.KaggleEnv.PROD, service.address)
        yield service


def ask(address: str) -> Asked:
    return Asked(address, Path("unused"), lambda service: None)


@pytest.mark.parametrize(
    ("address", "version"),
    [("kaggle:owner/bins", "3"), ("kaggle:owner/bins/versions/2", "2")],
)
def test_a_set_comes_at_its_newest_version_or_the_one_that_is_named(
    kaggle: Service, capsys: pytest.CaptureFixture[str], address: str, version: str
) -> None:
    for _ in range(2):
        with opened(ask(address)) as source:
            assert {one.path: one.read() for one in source.found()} == FILES
            assert source.origin.version == version
            assert source.origin.url == "https://www.kaggle.com/datasets/owner/bins"
            assert (source.origin.public, source.origin.licence) == (True, ""), "it is asked for"
    asked = [one.path.rpartition("/")[2] for one in kaggle.asked]
    assert asked.count("DownloadDataset") == 1, asked
    assert capsys.readouterr().out == "", "what a program reads is ours alone"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("kaggle:owner", "names no data set of Kaggle"),
        ("kaggle:owner/none/versions/1", "Kaggle has no data set owner/none/versions/1"),
        ("kaggle:owner/secret/versions/1", "Private sets need a sign-in"),
    ],
)
def test_what_cannot_be_had_is_said(kaggle: Service, address: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence), opened(ask(address)):
        pass
