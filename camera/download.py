"""How does a file reach the camera?
No larger than announced, going on where the link broke; the sha256 of the whole decides.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import logging
import os
import re
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Optional

from camera import disk, server
from camera.line import Later, Line, Watch
from camera.server import BLOCK, DownloadError, Interrupted, PastTheEnd

# In a row, without one more byte; with their pauses they take five minutes. Then the cloud is asked
# whether the job still stands.
ATTEMPTS = 10
SETTLE_BYTES = 1024 * 1024  # as much is lost at most when the power goes
SPARE_BYTES = 32 * 1024 * 1024  # the system's own logs need room too
log = logging.getLogger(__name__)


class _Wanted(NamedTuple):
    url: str
    part: Path
    sha256: str
    limit: int
    size: Optional[int]

    @property
    def name(self) -> str:
        return self.part.name[: -len(".part")]


def check_space(folder: Path, needed: int) -> None:
    free = disk.free_bytes(folder)
    if free < needed + SPARE_BYTES:
        raise DownloadError(
            f"the disk has {free / 1e6:.0f} MB free and the release needs"
            f" {(needed + SPARE_BYTES) / 1e6:.0f} MB; make room on this camera"
        )


def fetch(
    url: str,
    target: Path,
    sha256: str,
    limit: int,
    size: Optional[int] = None,
    line: Optional[Line] = None,
) -> None:
    """Brings the file to `target`, unless it is there already.

    Raises DownloadError for good, and Later or TooLate with what has arrived kept beside `target`.
    """
    wanted = _Wanted(url, target.with_name(target.name + ".part"), sha256, limit, size)
    try:
        if _digest(target).hexdigest() == sha256:
            return
        server.check_url(url)
        _persist(wanted, line or Line())
        disk.move(wanted.part, target)
    except OSError as error:
        raise DownloadError(
            f"{target.name} cannot be written ({error}); check this camera's disk"
        ) from error
    except ValueError as error:  # the modules below say so of an address that is none
        raise DownloadError(f"the address of {target.name} is not one ({error})") from error


def arrived(target: Path) -> int:
    """Bytes of the file that are here, whole or not."""
    return max(_size(target), _size(target.with_name(target.name + ".part")))


def _persist(wanted: _Wanted, line: Line) -> None:
    """What was interrupted goes on; a file that is whole and another one stays so."""
    attempt = 0
    while True:
        line.check()
        before = _size(wanted.part)
        try:
            digest = _attempt(wanted, line)
        except Interrupted as reason:
            line.trouble = str(reason)
            attempt = attempt + 1 if _size(wanted.part) <= before else 1
            _pause_or_hand_back(attempt, reason, line)
            continue
        if digest == wanted.sha256:
            return
        disk.remove(wanted.part)
        if not before:
            raise DownloadError(
                f"{wanted.name} has sha256 {digest} and {wanted.sha256} was announced"
            )
        log.warning("what was kept of %s is damaged; fetching the whole again", wanted.name)


def _pause_or_hand_back(attempt: int, reason: Interrupted, line: Line) -> None:
    if attempt >= ATTEMPTS:
        raise Later(
            f"{ATTEMPTS} attempts in a row brought nothing, the last one because {reason}"
        ) from reason
    log.warning("download interrupted (%s); trying again", reason)
    pause(line, attempt)


def pause(line: Line, attempt: int) -> None:
    line.pause(attempt)


def _attempt(wanted: _Wanted, line: Line) -> str:
    """The sha256 of all that is here, if that is the whole."""
    if wanted.size is None or _size(wanted.part) > wanted.size:
        disk.remove(wanted.part)  # small, or nonsense: not worth going on
    have = _size(wanted.part)
    if have != wanted.size:
        with line.watched() as watch:
            try:
                _stream(wanted, have, watch, line)
            except PastTheEnd:
                disk.remove(wanted.part)
                raise
            except Interrupted:
                line.check()  # if this agent cut the connection, it knows why
                watch.check()
                raise
            finally:
                if _size(wanted.part) > have and not watch.slow:
                    line.progressed()
    return str(_digest(wanted.part).hexdigest())


def _stream(wanted: _Wanted, have: int, watch: Watch, line: Line) -> None:
    """Adds to what is here; a server that cannot go on there starts over."""
    with server.answer(wanted.url, have, watch, line) as response:
        have = have if _goes_on(response, have) else 0
        coming = response.headers.get("Content-Length")
        whole = have + int(coming) if coming else wanted.size
        _check_whole(wanted, whole)
        with open(str(wanted.part), "ab" if have else "wb") as file:
            here = have + _pour(response, file, wanted.limit - have, watch)
    if whole is not None and here < whole:
        raise Interrupted(f"{here} of {whole} bytes arrived")


def _goes_on(response: Any, have: int) -> bool:
    """Whether what comes begins where we are, and not at the beginning."""
    if response.status != http.client.PARTIAL_CONTENT:
        return False
    begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if begins is None or int(begins.group(1)) != have:
        raise PastTheEnd(f"the server goes on elsewhere than at byte {have}")
    return True


def _check_whole(wanted: _Wanted, whole: Optional[int]) -> None:
    if whole is not None and whole > wanted.limit:
        raise DownloadError(f"more than the {wanted.limit} bytes announced are coming")
    if wanted.size is not None and whole != wanted.size:
        raise DownloadError(f"the server has {whole} bytes and {wanted.size} were announced")


def _pour(response: Any, file: BinaryIO, limit: int, watch: Watch) -> int:
    """Bytes written; more than `limit` is not read."""
    received = settled = 0
    try:
        while True:
            block = server.read(response)
            if not block:
                return received
            received += len(block)
            watch.received = received
            if received > limit:
                raise DownloadError(f"{limit} bytes were announced and more are coming")
            file.write(block)
            if received - settled >= SETTLE_BYTES:
                _settle(file)
                settled = received
    finally:
        _settle(file)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _digest(path: Path) -> Any:
    digest = hashlib.sha256()
    if path.is_file():
        with open(str(path), "rb") as file:
            for block in iter(functools.partial(file.read, BLOCK), b""):
                digest.update(block)
    return digest
