"""An archive on the web comes whole, also over a connection that breaks, and is fetched once."""

import hashlib
import itertools
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from importers import download, room
from importers.source import Asked, SourceError
from importers.sources import opened
from tests.importers.conftest import picture
from tests.importers.service import Answer, Request, Service, serving
from tests.importers.test_hostile_archives import zipped

FILES = {f"set/{label}/{n}.jpg": picture(f"{label}{n}") for label in "ab" for n in range(3)}
ARCHIVE = zipped(FILES)
CHANGED = "Fri, 27 Nov 2026 08:00:00 GMT"
PART = 512  # bytes: a break costs less


class Web:
    """`breaks`: how many answers end after a third of what they promised."""

    def __init__(self) -> None:
        self.breaks, self.sent, self.etag = 0, 0, '"one"'
        self.service: Service

    @property
    def address(self) -> str:
        return self.service.address

    @property
    def asked(self) -> list[Request]:
        return self.service.asked

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/missing"):
            return Answer(status=404)
        if request.path.startswith("/endless"):
            return Answer(itertools.repeat(bytes(PART)))
        start = 0
        if request.headers.get("if-range") == self.etag:
            start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
        body = whole = ARCHIVE[start:]
        headers = [("ETag", self.etag), ("Last-Modified", CHANGED)]
        if request.path.endswith(".tar.gz"):
            headers.append(("Content-Encoding", "x-gzip"))
        if self.breaks:
            self.breaks -= 1
            body = body[: len(ARCHIVE) // 3]
        self.sent += len(body)
        return Answer(body, 206 if start else 200, tuple(headers), promised=len(whole))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    monkeypatch.setattr(download, "_PART", PART)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    web = Web()
    with serving(web.answer) as web.service:
        yield web


def found(address: str, cache: Path) -> dict[str, bytes]:
    with opened(Asked(address, cache, lambda service: None)) as source:
        assert source.origin.public
        assert source.origin.version == hashlib.sha256(ARCHIVE).hexdigest()[:16]
        assert source.origin.stated == f'ETag "one", Last-Modified {CHANGED}'
        return {file.path: file.read() for file in source.found()}


def test_of_two_that_want_the_same_one_fetches_it(server: Web, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as together:
        wanted = [tmp_path / "cache" / "set.zip"] * 4
        made = list(
            together.map(lambda file: download.download(f"{server.address}/s", file), wanted)
        )
    assert made == wanted
    assert wanted[0].read_bytes() == ARCHIVE
    assert len(server.asked) == 1


@pytest.mark.parametrize("breaks", [0, 1, 2])
def test_what_breaks_goes_on_where_it_was(server: Web, tmp_path: Path, breaks: int) -> None:
    server.breaks = breaks
    assert found(f"{server.address}/a%20set.zip", tmp_path) == FILES
    assert len(ARCHIVE) <= server.sent <= len(ARCHIVE) + breaks * PART
    assert len(server.asked) == breaks + 1


def test_what_is_there_is_not_fetched_again(server: Web, tmp_path: Path) -> None:
    for _ in range(2):
        assert found(f"{server.address}/set.zip", tmp_path) == FILES
    assert len(server.asked) == 1


def test_another_file_at_the_address_begins_anew(server: Web, tmp_path: Path) -> None:
    address = f"{server.address}/set.zip"
    folder = tmp_path / download.cached_name(address)
    folder.mkdir()
    (folder / "set.zip.part").write_bytes(b"of the file before")
    (folder / "set.zip.etag").write_text('"before"')
    assert found(address, tmp_path) == FILES


def test_what_is_not_there_is_a_sentence(server: Web, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="could not be downloaded: 404"):
        found(f"{server.address}/missing.zip", tmp_path)
    assert len(server.asked) == 1


def test_a_signature_is_neither_in_the_record_nor_in_a_sentence(
    server: Web, tmp_path: Path
) -> None:
    secret = "X-Amz-Signature=0123abcd"
    address = f"{server.address}/set.zip?{secret}"
    with opened(Asked(address, tmp_path, lambda service: None)) as source:
        assert source.origin.source == source.origin.url == f"{server.address}/set.zip"
    with pytest.raises(SourceError) as refused:
        found(f"{server.address}/missing.zip?{secret}", tmp_path)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("name", ["..", "%00", "%2e%2e%2fset.zip", "n" * 300, ""])
def test_an_address_of_any_kind_makes_a_plain_file(server: Web, tmp_path: Path, name: str) -> None:
    assert found(f"{server.address}/{name}?{name}", tmp_path) == FILES


def test_what_a_server_calls_compressed_for_the_way_comes_as_it_was_sent(
    server: Web, tmp_path: Path
) -> None:
    assert found(f"{server.address}/set.tar.gz", tmp_path) == FILES


def test_a_server_that_never_ends_leaves_room_on_the_disk(
    server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=room.SPARE + 9 * PART)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SourceError, match="Make room"):
        found(f"{server.address}/endless.zip", tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.part")) <= 10 * PART


def test_what_is_no_address_is_a_sentence_at_once(tmp_path: Path) -> None:
    for address in ("https://[a/set.zip", "https:///set.zip"):
        with pytest.raises(SourceError):
            found(address, tmp_path)
