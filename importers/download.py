"""How does a file get here from the web? Into the cache, going on where it broke, whole or not at
all.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests  # type: ignore[import-untyped]
import urllib3

from importers import room
from importers.source import SourceError
from lensloop.importing.addresses import loses_encryption, without_secrets
from lensloop.one_at_a_time import one_at_a_time

_PART = 1 << 16  # bytes: what a connection that breaks may cost
_TRIES = 5
_SECONDS = 30  # for a connection, and between two parts of an answer
_PAUSE = 1.0  # doubles with each try
_PARTIAL, _WRONG_RANGE = 206, 416
_SAID, _MOST_SAID = ("ETag", "Last-Modified"), 100  # characters of each


def download(url: str, target: Path, headers: Mapping[str, str] | None = None) -> Path:
    """`target`: in the cache; what is there already is taken as it is. What a broken download left
    goes on from its end, if the server still has the same file. Of two processes the second waits.
    """
    if target.exists():
        return target
    with one_at_a_time(target.parent):
        if not target.exists():
            _fetch(url, target, headers or {})
    return target


def _fetch(url: str, target: Path, headers: Mapping[str, str]) -> None:
    problem: Exception | None = None
    for number in range(_TRIES):
        time.sleep(_PAUSE * (2**number - 1))
        try:
            _go_on(url, target, headers)
        except requests.RequestException as error:
            problem = error
            if not _may_pass(error):
                break
            continue
        return
    shown = without_secrets(url)
    raise SourceError(
        f"{shown} could not be downloaded: {_why(problem)}. The same command goes on."
    )


def _why(problem: Exception | None) -> str:
    """Without the address, which may hold a signature."""
    answer = getattr(problem, "response", None)
    if answer is not None:
        return f"{answer.status_code} {answer.reason}"
    first = problem.args[0] if problem and problem.args else problem
    return str(getattr(first, "reason", first))


def cached_name(url: str) -> str:
    """A folder of the cache for what has this address; its file keeps its own name."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def stated(file: Path) -> str:
    """What the server said of a download's version; empty where it said nothing."""
    try:
        return _notes(file).read_text("utf-8")
    except OSError:
        return ""


def _notes(file: Path) -> Path:
    return file.with_name(f"{file.name}.stated")


def _go_on(url: str, target: Path, headers: Mapping[str, str]) -> None:
    part, mark = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.etag")
    there = part.stat().st_size if part.exists() else 0
    etag = mark.read_text() if mark.exists() else ""
    asked = dict(headers)
    if there and etag:
        asked |= {"Range": f"bytes={there}-", "If-Range": etag}
    # What is compressed for the way has no range that could be told.
    asked["Accept-Encoding"] = "identity"
    with requests.get(url, headers=asked, stream=True, timeout=_SECONDS) as answer:
        if answer.status_code == _WRONG_RANGE:
            part.unlink()
            raise requests.ConnectionError("the server has another file by now")
        answer.raise_for_status()
        _check_way([*(hop.url for hop in answer.history), answer.url])
        goes_on = answer.status_code == _PARTIAL
        mark.write_text(_strong(answer.headers.get("ETag", "")))
        _write(answer, part, there if goes_on else 0)
        _notes(target).write_text(_stated(answer.headers), "utf-8")
    part.rename(target)
    mark.unlink()


def _check_way(addresses: list[str]) -> None:
    if loses_encryption(addresses):
        raise SourceError(
            f"{without_secrets(addresses[0])} leads to {without_secrets(addresses[-1])} over a way"
            " that is not encrypted, so nothing is taken from there. Download it yourself, compare"
            " its checksum, and import the file."
        )


def _write(answer: Any, part: Path, there: int) -> None:
    expected = answer.headers.get("Content-Length")
    left = room.room(part.parent)
    _check_room(part, int(expected or 0), left)
    with part.open("ab" if there else "wb") as file:
        for piece in _sent(answer):
            file.write(piece)
            # A server that states no length may send for ever.
            _check_room(part, file.tell() - there, left)
        got = file.tell() - there
    if expected is not None and got != int(expected):
        raise requests.ConnectionError(f"it ended after {got:,} of {int(expected):,} bytes")


def _sent(answer: Any) -> Iterator[bytes]:
    """As it was sent: some servers call a `.tar.gz` a tar that was compressed for the way."""
    try:
        yield from answer.raw.stream(_PART, decode_content=False)
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(str(error)) from error


def _check_room(part: Path, size: int, left: int) -> None:
    room.check("The download", size, part.parent, left, "XDG_CACHE_HOME")


def _strong(etag: str) -> str:
    return "" if etag.startswith("W/") else etag


def _stated(headers: Mapping[str, str]) -> str:
    said = [f"{name} {headers[name][:_MOST_SAID]}" for name in _SAID if headers.get(name)]
    return ", ".join(said)


def _may_pass(error: requests.RequestException) -> bool:
    if isinstance(error, ValueError):  # no address, or none of the web
        return False
    answer = error.response
    return answer is None or answer.status_code >= 500 or answer.status_code == 429
