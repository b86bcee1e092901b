"""A data set of Kaggle comes at one version, by Kaggle's own client."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from importers import members, watched
from importers.source import Asked, SourceError
from importers.sources import opened
from tests.importers.conftest import picture
from tests.importers.service import Answer, Request, Service, serving
from tests.importers.test_hostile_archives import zipped

kaggle_env = pytest.importorskip("kagglesdk.kaggle_env", reason="`make import-extras` brings it")

JSON = (("Content-Type", "text/json"),)
FILES = {f"Garbage classification/{label}/1.jpg": picture(label) for label in ("glass", "metal")}


def answer(request: Request) -> Answer:
    if b"none" in request.body:
        return Answer(b"{}", 404)
    if b"secret" in request.body:
        return Answer(b"{}", 403)
    if request.path.endswith("/GetDataset"):
        return Answer(b'{"currentVersionNumber": 3}', headers=JSON)
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
    assert asked(kaggle).count("DownloadDataset") == 1, asked(kaggle)
    assert capsys.readouterr().out == "", "what a program reads is ours alone"


def asked(kaggle: Service) -> list[str]:
    return [one.path.rpartition("/")[2] for one in kaggle.asked]


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ("CC0-1.0", "CC0-1.0"),
        ("Attribution 4.0 International (CC BY 4.0)", "Attribution 4.0 International (CC BY 4.0)"),
        ("Unknown", ""),
        ("Other (specified in description)", ""),
        ("Data files © Original Authors", ""),
        (None, ""),
    ],
)
def test_a_licence_is_taken_where_kaggle_says_one(
    kaggle: Service, said: str | None, licence: str
) -> None:
    told = json.dumps({"currentVersionNumber": 3, "licenseName": said}).encode()
    kaggle.answering = lambda request: (
        Answer(told, headers=JSON) if request.path.endswith("/GetDataset") else answer(request)
    )
    with opened(ask("kaggle:owner/bins")) as source:
        assert source.origin.licence == licence


def test_what_is_larger_than_the_disk_is_not_fetched(
    kaggle: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.dumps({"currentVersionNumber": 3, "totalBytes": 6_000_000_000}).encode()
    kaggle.answering = lambda request: (
        Answer(told, headers=JSON) if request.path.endswith("/GetDataset") else answer(request)
    )
    room = 7_000_000_000
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=room))
    with (
        pytest.raises(SourceError, match=r"has 6.0 GB or more.*KAGGLEHUB_CACHE"),
        opened(ask("kaggle:owner/bins")),
    ):
        pass
    assert asked(kaggle) == ["GetDataset"]
    room += 1024**3
    with opened(ask("kaggle:owner/bins")) as source:
        assert source.origin.version == "3"
    room = 0
    with opened(ask("kaggle:owner/bins")) as source:  # it is there, and needs no more room
        assert source.origin.version == "3"
    assert asked(kaggle).count("DownloadDataset") == 1


def left(tmp_path: Path) -> list[Path]:
    return [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]


def test_a_download_that_fills_the_disk_ends_with_a_sentence(
    kaggle: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_PAUSE", 0.01)
    usage = shutil.disk_usage("/")
    sent = iter(lambda: bytes(100_000), b"")

    def free(_: object) -> object:
        came = sum(file.stat().st_size for file in left(tmp_path))
        return usage._replace(free=1024**3 + 1_000_000 - came)

    monkeypatch.setattr(shutil, "disk_usage", free)
    kaggle.answering = lambda request: (
        answer(request) if request.path.endswith("/GetDataset") else Answer(sent)
    )
    with (
        pytest.raises(SourceError, match=r"fills the disk.*KAGGLEHUB_CACHE"),
        opened(ask("kaggle:owner/bins")),
    ):
        pass
    assert left(tmp_path) == []


def test_a_bomb_is_stopped_while_it_unpacks(
    kaggle: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_PAUSE", 0.001)
    monkeypatch.setattr(members, "ALWAYS", 1_000_000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(800):
            packed.writestr(f"glass/{number}.jpg", bytes(40_000))
    kaggle.answering = lambda request: (
        answer(request)
        if request.path.endswith("/GetDataset")
        else Answer(bomb.getvalue(), headers=(("Accept-Ranges", "bytes"),))
    )
    with pytest.raises(SourceError, match="a zip bomb"), opened(ask("kaggle:owner/bins")):
        pass
    assert left(tmp_path) == []


def test_what_is_there_needs_no_network(kaggle: Service) -> None:
    address = "kaggle:owner/bins/versions/2"
    with opened(ask(address)):
        pass
    kaggle.answering = lambda request: Answer(b"{}", 503)
    with opened(ask(address)) as source:
        assert {one.path: one.read() for one in source.found()} == FILES
    with pytest.raises(SourceError, match="status 503"), opened(ask("kaggle:owner/bins")):
        pass


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
