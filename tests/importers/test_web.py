"""An archive on the web comes whole, also over a connection that breaks, and is fetched once."""

import contextlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from importers import download
from importers.source import Asked, SourceError
from importers.sources import opened
from tests.importers.conftest import picture
from tests.importers.test_hostile_archives import zipped

FILES = {f"set/{label}/{n}.jpg": picture(f"{label}{n}") for label in "ab" for n in range(3)}
ARCHIVE = zipped(FILES)
PART = 512  # bytes: a break costs less


class Server(http.server.ThreadingHTTPServer):
    """`breaks`: how many answers end after a third of what they promised."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.breaks, self.asked, self.sent, self.etag = 0, list[str](), 0, '"one"'

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.headers.get("Range", ""))
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        if self.path.startswith("/endless"):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                while True:
                    self.wfile.write(bytes(PART))
        start = 0
        if self.headers.get("If-Range") == self.server.etag:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        body = ARCHIVE[start:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", self.server.etag)
        if self.path.endswith(".tar.gz"):
            self.send_header("Content-Encoding", "x-gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            body = body[: len(ARCHIVE) // 3]
        self.server.sent += len(body)
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    monkeypatch.setattr(download, "_PART", PART)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as made:
        # Looks often whether it shall end, which each test waits for.
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.shutdown()


def found(address: str, cache: Path) -> dict[str, bytes]:
    with opened(Asked(address, cache, lambda service: None)) as source:
        assert source.origin.public
        assert len(source.origin.version) == 16
        return {file.path: file.read() for file in source.found()}


def test_of_two_that_want_the_same_one_fetches_it(server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as together:
        wanted = [tmp_path / "cache" / "set.zip"] * 4
        made = list(
            together.map(lambda file: download.download(f"{server.address}/s", file), wanted)
        )
    assert made == wanted
    assert wanted[0].read_bytes() == ARCHIVE
    assert len(server.asked) == 1


@pytest.mark.parametrize("breaks", [0, 1, 2])
def test_what_breaks_goes_on_where_it_was(server: Server, tmp_path: Path, breaks: int) -> None:
    server.breaks = breaks
    assert found(f"{server.address}/a%20set.zip", tmp_path) == FILES
    assert len(ARCHIVE) <= server.sent <= len(ARCHIVE) + breaks * PART
    assert len(server.asked) == breaks + 1


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        assert found(f"{server.address}/set.zip", tmp_path) == FILES
    assert len(server.asked) == 1


def test_another_file_at_the_address_begins_anew(server: Server, tmp_path: Path) -> None:
    address = f"{server.address}/set.zip"
    server.etag = '"changing"'
    folder = tmp_path / download.cached_name(address)
    folder.mkdir()
    (folder / "set.zip.part").write_bytes(b"of the file before")
    (folder / "set.zip.etag").write_text('"before"')
    assert found(address, tmp_path) == FILES


def test_what_is_not_there_is_a_sentence(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="could not be downloaded: 404"):
        found(f"{server.address}/missing.zip", tmp_path)
    assert len(server.asked) == 1


def test_a_signature_is_neither_in_the_record_nor_in_a_sentence(
    server: Server, tmp_path: Path
) -> None:
    secret = "X-Amz-Signature=0123abcd"
    address = f"{server.address}/set.zip?{secret}"
    with opened(Asked(address, tmp_path, lambda service: None)) as source:
        assert source.origin.source == source.origin.url == f"{server.address}/set.zip"
    with pytest.raises(SourceError) as refused:
        found(f"{server.address}/missing.zip?{secret}", tmp_path)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("name", ["..", "%00", "%2e%2e%2fset.zip", "n" * 300, ""])
def test_an_address_of_any_kind_makes_a_plain_file(
    server: Server, tmp_path: Path, name: str
) -> None:
    assert found(f"{server.address}/{name}?{name}", tmp_path) == FILES


def test_what_a_server_calls_compressed_for_the_way_comes_as_it_was_sent(
    server: Server, tmp_path: Path
) -> None:
    assert found(f"{server.address}/set.tar.gz", tmp_path) == FILES


def test_a_server_that_never_ends_leaves_room_on_the_disk(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=download._SPARE + 9 * PART)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SourceError, match="Make room"):
        found(f"{server.address}/endless.zip", tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.part")) <= 10 * PART


def test_what_is_no_address_is_a_sentence_at_once(tmp_path: Path) -> None:
    for address in ("https://[a/set.zip", "https:///set.zip"):
        with pytest.raises(SourceError):
            found(address, tmp_path)
