"""A repository's pictures come as they are at one commit, and a token goes to GitHub's API only."""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from importers import github
from importers.source import Asked, CannotRead, SourceError
from importers.sources import opened
from tests.importers.conftest import picture
from tests.importers.service import Answer, Request, Service, serving
from tests.importers.test_hostile_archives import zipped

SHA = "0123456789abcdef0123456789abcdef01234567"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345678\n"
FILES = {
    "data/glass/1.jpg": picture(1),
    "data/metal/2.jpg": POINTER,
    "README.md": b"# Bins",
}


def tarball() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for path, content in FILES.items():
            member = tarfile.TarInfo(f"owner-bins-0123456/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return made.getvalue()


class GitHub:
    """Of one repository; the tarball comes from another host, as GitHub's does."""

    def __init__(self) -> None:
        self.limited = False
        self.elsewhere = ""

    def __call__(self, request: Request) -> Answer:
        if self.limited:
            headers = (("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000000"))
            return Answer(b"{}", 403, headers)
        about = {"html_url": "https://github.com/owner/bins", "license": {"spdx_id": "MIT"}}
        answers: dict[str, Answer] = {
            "/repos/owner/bins": Answer(json.dumps(about).encode()),
            "/repos/owner/bins/commits/HEAD": Answer(json.dumps({"sha": SHA}).encode()),
            "/repos/owner/bins/commits/v1": Answer(json.dumps({"sha": SHA[::-1]}).encode()),
            f"/repos/owner/bins/tarball/{SHA}": Answer(
                status=302, headers=(("Location", f"{self.elsewhere}/tar.gz"),)
            ),
            "/repos/owner/bins/contents/data/set.zip": Answer(zipped({"glass/1.jpg": picture(1)})),
            "/repos/owner/bins/contents/data/large.zip": Answer(POINTER),
        }
        return answers.get(request.path, Answer(b"{}", 404))


@pytest.fixture
def answers() -> GitHub:
    return GitHub()


@pytest.fixture
def api(answers: GitHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with serving(answers) as service:
        monkeypatch.setattr(github, "API", service.address)
        yield service


@pytest.fixture
def codeload(answers: GitHub) -> Iterator[Service]:
    with serving(lambda request: Answer(tarball())) as service:
        # Another host's name for the same machine.
        answers.elsewhere = service.address.replace("127.0.0.1", "localhost")
        yield service


def ask(address: str, cache: Path) -> Asked:
    return Asked(address, cache, lambda service: None)


def test_a_folder_comes_as_it_is_at_one_commit(
    api: Service, codeload: Service, tmp_path: Path
) -> None:
    with opened(ask("github:owner/bins:data", tmp_path)) as source:
        assert source.origin[1:] == (SHA, "MIT", "https://github.com/owner/bins", True, "")
        found = {one.path: one for one in source.found()}
    assert set(found) == {"glass/1.jpg", "metal/2.jpg"}
    with opened(ask("github:owner/bins", tmp_path)) as source:
        for one in source.found():
            if FILES[one.path] == POINTER:
                with pytest.raises(CannotRead, match="Git LFS"):
                    one.read()
            else:
                assert one.read() == FILES[one.path]
    assert len(codeload.asked) == 1, "fetched once, however often it is asked for"


def test_an_archive_in_a_repository_is_read(api: Service, tmp_path: Path) -> None:
    with opened(ask("github:owner/bins@v1:data/set.zip", tmp_path)) as source:
        assert source.origin.version == SHA[::-1]
        assert [one.path for one in source.found()] == ["glass/1.jpg"]


def test_a_token_goes_to_the_api_and_nowhere_else(
    api: Service, codeload: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    with opened(ask("github:owner/bins", tmp_path)):
        pass
    assert {one.headers.get("authorization") for one in api.asked} == {"Bearer ghp_secret"}
    assert [one.headers.get("authorization") for one in codeload.asked] == [None]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("github:owner", "names no repository"),
        ("github:owner/none", "GitHub has no owner/none, or it is private"),
        ("github:owner/bins@gone", "GitHub has no owner/bins@gone"),
        ("github:owner/bins:none", "there is no folder none"),
        ("github:owner/bins:data/large.zip", "It lies in Git LFS"),
    ],
)
def test_what_is_not_there_is_said(
    api: Service, codeload: Service, tmp_path: Path, address: str, sentence: str
) -> None:
    with (
        pytest.raises(SourceError, match=sentence),
        opened(ask(address, tmp_path)) as source,
    ):
        list(source.found())


def test_a_limit_is_told_with_its_end(api: Service, answers: GitHub, tmp_path: Path) -> None:
    answers.limited = True
    with (
        pytest.raises(SourceError, match=r"no more questions from here until \d\d:\d\d\. With a"),
        opened(ask("github:owner/bins", tmp_path)),
    ):
        pass
