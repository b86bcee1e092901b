"""How does a file reach the camera?
Over https, no larger than announced, its sha256 checked as it arrives.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import logging
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Optional, Tuple

from camera import disk
from camera.trust import trusting
from lensloop.wire.errors import LensloopError

ATTEMPTS = 5
TIMEOUT_SECONDS = 30.0
BLOCK = 64 * 1024
SPARE_BYTES = 32 * 1024 * 1024  # the system's own logs need room too
log = logging.getLogger(__name__)


class DownloadError(LensloopError):
    """A file could not be brought here whole and unchanged."""


class _Interrupted(Exception):
    """Worth another attempt."""


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
) -> None:
    """Brings the file to `target`, or raises DownloadError and leaves nothing there."""
    part = target.with_name(target.name + ".part")
    try:
        check_url(url)
        _persist(url, part, sha256, limit, size)
        disk.move(part, target)
    except OSError as error:
        raise DownloadError(
            f"{target.name} cannot be written ({error}); check this camera's disk"
        ) from error
    except ValueError as error:  # the modules below say so of an address that is none
        raise DownloadError(f"the address of {target.name} is not one ({error})") from error
    finally:
        if part.exists():
            part.unlink()


def check_url(url: str) -> None:
    """Only https, except to this very machine, where the local cloud lives. Never shows the URL: it
    is a secret.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise DownloadError(
        f"a {parts.scheme} address on {parts.hostname} is not taken; releases come by https"
    )


def _persist(url: str, part: Path, sha256: str, limit: int, size: Optional[int]) -> None:
    """What was interrupted is tried again; a file that is whole and another one stays so."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            digest = _whole(url, part, limit, size)
        except _Interrupted as reason:
            _pause_or_give_up(attempt, reason)
            continue
        if digest != sha256:
            name = part.name[: -len(".part")]
            raise DownloadError(f"{name} has sha256 {digest} and {sha256} was announced")
        return


def _pause_or_give_up(attempt: int, reason: _Interrupted) -> None:
    if attempt == ATTEMPTS:
        raise DownloadError(
            f"{ATTEMPTS} attempts failed, the last one because {reason}"
        ) from reason
    log.warning(
        "download interrupted (%s); attempt %d of %d follows", reason, attempt + 1, ATTEMPTS
    )
    pause(attempt)


def _whole(url: str, part: Path, limit: int, size: Optional[int]) -> str:
    """The sha256 of what arrived, if that is all of it."""
    digest, received = _stream(url, part, limit)
    if size is not None and received != size:
        raise _Interrupted(f"{received} bytes arrived and {size} were announced")
    return digest


def pause(attempt: int) -> None:
    """2, 4, 8, 16 seconds."""
    time.sleep(2.0**attempt)


def _stream(url: str, part: Path, limit: int) -> Tuple[str, int]:
    """(sha256, bytes) of what the server sent; more than `limit` is not read."""
    digest, received = hashlib.sha256(), 0
    with _open(url) as response, open(str(part), "wb") as file:
        announced = int(response.headers.get("Content-Length") or 0)
        while True:
            block = _read(response)
            if not block:
                break
            received += len(block)
            if received > limit:
                raise DownloadError(f"more than the {limit} bytes announced are coming")
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if announced and received < announced:
        raise _Interrupted(f"{received} of {announced} bytes arrived")
    return digest.hexdigest(), received


def _open(url: str) -> Any:
    local = _is_loopback(urllib.parse.urlsplit(url).hostname or "")
    way: Any = (
        urllib.request.ProxyHandler({})
        if local
        else urllib.request.HTTPSHandler(context=trusting())
    )
    try:
        return urllib.request.build_opener(_CarefulRedirects(), way).open(
            url, timeout=TIMEOUT_SECONDS
        )
    except urllib.error.HTTPError as error:
        if error.code >= 500 or error.code == 429:
            raise _Interrupted(f"the server answered {error.code}") from error
        hint = " (the address may have expired)" if error.code == 403 else ""
        raise DownloadError(f"the server answered {error.code}{hint}") from error
    # A URLError, a timeout, a broken connection.
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise _Interrupted(f"the server cannot be reached: {reason}") from error


def _read(response: Any) -> bytes:
    try:
        return bytes(response.read(BLOCK))
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(f"the connection broke: {error!r}") from error


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> Any:
        check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
