"""Which files are in a repository of GitHub at one commit? `github:owner/name[@ref][:path]`, where
the path is a folder of it or an archive in it.

GITHUB_TOKEN, where it is set, is sent to GitHub's API and nowhere else: for private repositories,
and because GitHub answers strangers only 60 times an hour.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import requests  # type: ignore[import-untyped]

from importers import cache
from importers.archive import Archive, archive, is_archive
from importers.download import download
from importers.source import Asked, CannotRead, Found, Origin, Source, SourceError

BEGINS = "github:"
API = "https://api.github.com"
_JSON, _RAW = "application/vnd.github+json", "application/vnd.github.raw"
_SECONDS = 30
_WHOLE = "whole repository.tar.gz"  # no file that a repository is asked for has this name
_FORM = "github:owner/name[@branch, tag or commit][:folder or archive]"
_ADDRESS = re.compile(r"([\w.-]+/[\w.-]+)(?:@([^:]+))?(?::(.+))?")
# A file of these few bytes stands for a large one that lies elsewhere.
_POINTER, _POINTER_BYTES = b"version https://git-lfs.github.com/spec/", 200
_LFS = (
    "It lies in Git LFS and not in the repository itself. Clone the repository with"
    " `git lfs pull`, and import the folder."
)


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    match = _ADDRESS.fullmatch(asked.address.removeprefix(BEGINS))
    if match is None:
        raise SourceError(f"{asked.address} names no repository; one is named {_FORM}.")
    name, ref, path = match[1], match[2] or "", (match[3] or "").strip("/")
    asked.say(f"Asking GitHub about {name} …")
    about = _ask(f"/repos/{name}", name)
    commit = str(_ask(f"/repos/{name}/commits/{_quoted(ref or 'HEAD')}", f"{name}@{ref}")["sha"])
    licence = str((about.get("license") or {}).get("spdx_id") or "")
    origin = Origin(
        asked.address,
        commit,
        "" if licence == "NOASSERTION" else licence,
        str(about.get("html_url", "")),
        public=not about.get("private"),
    )
    asked.say(f"Fetching {name} at {commit[:12]} …")
    with cache.used(asked.cache, asked.cache / "github" / name / commit) as below:
        if is_archive(path):
            url = f"{API}/repos/{name}/contents/{_quoted(path)}?ref={commit}"
            file = download(url, below / PurePosixPath(path).name, _headers(_RAW))
            yield _archived(file, origin)
        else:
            url = f"{API}/repos/{name}/tarball/{commit}"
            file = download(url, below / _WHOLE, _headers(_JSON))
            yield Repository(_archived(file, origin), path)


@dataclass(frozen=True)
class Repository:
    """GitHub's tarball puts all below one folder that is named after the commit."""

    packed: Archive
    folder: str

    @property
    def origin(self) -> Origin:
        return self.packed.origin

    def found(self) -> Iterator[Found]:
        below, some = f"{self.folder}/" if self.folder else "", False
        for one in self.packed.found():
            path = one.path.partition("/")[2]
            if path and path.startswith(below):
                some = True
                yield one._replace(path=path[len(below) :], read=partial(_read, one.size, one.read))
        if not some:
            raise SourceError(f"{self.origin.source}: there is no folder {self.folder}.")


def _read(size: int, read: Callable[[], bytes]) -> bytes:
    content = read()
    if size < _POINTER_BYTES and content.startswith(_POINTER):
        raise CannotRead(_LFS)
    return content


def _archived(file: Path, origin: Origin) -> Archive:
    with file.open("rb") as content:
        if content.read(len(_POINTER)) == _POINTER:
            raise SourceError(f"{origin.source}: {_LFS}")
    return archive(file, origin)


def _quoted(path: str) -> str:
    return quote(path, safe="/")


def _headers(accept: str) -> dict[str, str]:
    token = os.environ.get("GITHUB_TOKEN", "")
    return {"Accept": accept, **({"Authorization": f"Bearer {token}"} if token else {})}


def _ask(path: str, what: str) -> Any:
    try:
        answer = requests.get(API + path, headers=_headers(_JSON), timeout=_SECONDS)
    except requests.RequestException as error:
        raise SourceError(f"GitHub cannot be reached: {error}") from error
    if answer.ok:
        return answer.json()
    raise SourceError(_why(answer, what))


def _why(answer: Any, what: str) -> str:
    told = answer.headers
    if answer.status_code in (403, 429) and told.get("x-ratelimit-remaining") == "0":
        when = datetime.fromtimestamp(int(told.get("x-ratelimit-reset") or 0), UTC).astimezone()
        return (
            f"GitHub answers no more questions from here until {when:%H:%M}. With a token in"
            " GITHUB_TOKEN it answers 5,000 an hour."
        )
    if answer.status_code in (404, 422):
        return (
            f"GitHub has no {what}, or it is private: then set GITHUB_TOKEN to a token that may"
            " read it."
        )
    return f"GitHub answers with status {answer.status_code} for {what}. Try again later."
