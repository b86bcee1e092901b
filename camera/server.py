"""What does the server of a file answer? Over https, and each answer judged: worth another attempt,
a fresh address, or nothing more.
"""

from __future__ import annotations

import functools
import http.client
import ipaddress
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Optional

from camera.line import SLOW_SECONDS, Later, Line, Watch
from camera.trust import trusting
from lensloop.wire.errors import LensloopError

BLOCK = 64 * 1024
# What S3 answers for an address whose time, or whose signer's, is over.
_REFUSALS = (400, 401, 403)
_PASSING = (408, 425, 429)


class DownloadError(LensloopError):
    """A file cannot be brought here whole and unchanged, and waiting would not help."""


class Interrupted(Exception):
    """Worth another attempt."""


class PastTheEnd(Interrupted):
    """What is here does not go on there."""


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


def answer(url: str, have: int, watch: Watch, line: Line) -> Any:
    """The file from the byte `have` on, if the server can do that, and else the whole."""
    request = urllib.request.Request(url)  # noqa: S310 - check_url has looked at it
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        return opener(url, _CarefulRedirects(), watch).open(request, timeout=SLOW_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise _judged(error.code, line) from error
    except http.client.InvalidURL as error:
        raise DownloadError(f"the address of a file is not one ({error})") from error
    # A URLError, a timeout, a broken connection.
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Interrupted(f"the server cannot be reached: {reason}") from error


def _judged(code: int, line: Line) -> Exception:
    if code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return PastTheEnd(f"the server answered {code}")
    if code >= 500 or code in _PASSING:
        return Interrupted(f"the server answered {code}")
    if code in _REFUSALS and not line.refused():
        return Later(f"the server answered {code} (the address may have expired)")
    return DownloadError(f"the server answered {code}")


def read(response: Any) -> bytes:
    """What is there, without waiting until a block is full."""
    try:
        return bytes(response.read1(BLOCK))
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(f"the connection broke: {error!r}") from error


def opener(
    url: str, redirects: urllib.request.HTTPRedirectHandler, watch: Optional[Watch] = None
) -> urllib.request.OpenerDirector:
    """How this camera speaks to a server: whom it trusts, and past which proxy. With a `watch`, its
    connections can be dropped from elsewhere.
    """
    handlers = [redirects, _Http(watch), _Https(watch)]
    if _is_loopback(urllib.parse.urlsplit(url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: Optional[Watch]) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: Any) -> Any:
        kind: Any = functools.partial(_connection, http.client.HTTPConnection, self._watch)
        return self.do_open(kind, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: Optional[Watch]) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: Any) -> Any:
        kind: Any = functools.partial(_connection, http.client.HTTPSConnection, self._watch)
        return self.do_open(kind, req, context=trusting())


def _connection(kind: Any, watch: Optional[Watch], host: str, **options: Any) -> Any:
    """http.client keeps this attribute for such a replacement."""
    made = kind(host, **options)
    if watch is not None:
        made._create_connection = watch.connect
    return made


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
