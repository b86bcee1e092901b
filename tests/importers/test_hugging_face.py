"""A data set of Hugging Face comes at one revision, by its own client."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from importers.source import Asked, SourceError
from importers.sources import opened
from tests.importers.conftest import picture
from tests.importers.service import Answer, Request, Service, serving

pytest.importorskip("huggingface_hub", reason="`make import-extras` brings it")

SHA = "0123456789abcdef0123456789abcdef01234567"
FILES = {f"train/{label}/a [1].jpg": picture(label) for label in ("glass", "metal")}
SETS = {
    "owner/bins": [*FILES, "README.md", ".gitattributes", "film.mp4"],
    "owner/huge": ["huge.jpg"],
    "owner/tables": ["data/train-00000.parquet", "README.md"],
    "owner/packed": ["train.zip"],
    "owner/texts": ["README.md", "labels.csv"],
}


SIZES = {path: len(body) for path, body in FILES.items()} | {"huge.jpg": 10**12, "film.mp4": 10**12}


def answer(request: Request) -> Answer:
    name = request.path.removeprefix("/api/datasets/").split("/revision/")[0]
    if name in SETS:
        said = {"id": name, "sha": SHA, "cardData": {"license": "cc-by-4.0"}}
        siblings = [{"rfilename": file, "size": SIZES.get(file, 0)} for file in SETS[name]]
        return Answer(json.dumps({**said, "siblings": siblings}).encode(), headers=_JSON)
    if "/tree/" in request.path:
        files = [
            {"type": "file", "path": path, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
            for path, body in FILES.items()
        ]
        return Answer(json.dumps(files).encode(), headers=_JSON)
    content = FILES.get(unquote(request.path).removeprefix(f"/datasets/owner/bins/resolve/{SHA}/"))
    if content is None:
        error = "RepoNotFound" if request.path.startswith("/api") else "EntryNotFound"
        return Answer(b"{}", 404, (("X-Error-Code", error),))
    etag = hashlib.sha1(content).hexdigest()
    return Answer(content, headers=(("ETag", f'"{etag}"'), ("X-Repo-Commit", SHA)))


_JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serving(answer) as service:
        monkeypatch.setenv("HF_ENDPOINT", service.address)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield service


def ask(address: str, cache: Path) -> Asked:
    return Asked(address, cache, lambda service: None)


def test_a_set_comes_at_its_revision_with_the_licence_of_its_card(
    hub: Service, tmp_path: Path
) -> None:
    with opened(ask("hf:owner/bins", tmp_path)) as source:
        assert {one.path: one.read() for one in source.found()} == FILES
        url = "https://huggingface.co/datasets/owner/bins"
        assert source.origin[1:] == (SHA, "cc-by-4.0", url, True, "")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("hf:owner/huge", "has 1000.0 GB or more, and the disk of .* has room for"),
        ("hf:owner", "names no data set of Hugging Face"),
        ("hf:owner/none", "has no data set owner/none, or it is private"),
        ("hf:owner/tables", "holds its pictures in tables"),
        ("hf:owner/packed", "holds archives. Import them one by one"),
        ("hf:owner/texts", "holds no pictures"),
    ],
)
def test_what_cannot_be_had_is_said(
    hub: Service, tmp_path: Path, address: str, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence), opened(ask(address, tmp_path)):
        pass
