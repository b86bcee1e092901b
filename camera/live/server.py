"""Who may see the live view? Whoever sits at the camera's computer; from elsewhere, who knows the
password. No page of another site, whatever name it gives to this computer.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import http.server
import ipaddress
import json
import logging
import re
import threading
import time
from pathlib import Path
from typing import Any, Iterator, Optional, Tuple

from camera.live.page import PAGE, POLICY
from camera.live.view import View
from lensloop.wire.errors import LensloopError

PORT = 8765  # beyond those that need rights, and not the local cloud's
SHORTEST_PASSWORD = 10  # characters: with a second for each wrong one, guessing takes for ever
WRONG_SECONDS = 1.0
HEED_SECONDS = 0.5  # the longest that the agent's end waits for it
log = logging.getLogger(__name__)
_IDLE_SECONDS = 10.0  # what says nothing for so long is hung up on
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class LiveError(LensloopError):
    """The live view cannot be given as it was asked for."""


def password_for(host: str, file: Optional[Path]) -> Optional[str]:
    """Raises LiveError where one is needed and is not there, or is too short."""
    if file is None:
        if _is_loopback(host):
            return None
        raise LiveError(
            f"The live view on {host} can be seen from other computers, and needs a password:"
            " --live-password-file with a file that holds it in its first line."
        )
    try:
        first = file.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, ValueError) as error:
        raise LiveError(f"The live view's password cannot be read: {error}.") from error
    if len(first) < SHORTEST_PASSWORD:
        raise LiveError(
            f"The live view's password in {file} is shorter than {SHORTEST_PASSWORD} characters."
        )
    return first


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextlib.contextmanager
def serving(view: View, host: str, port: int, password: Optional[str]) -> Iterator[int]:
    """While the agent runs; gives the port. Raises LiveError when it is taken."""

    class Handler(_Handler):
        shown, secret = view, password

    try:
        server = _Server((host, port), Handler)
    except (OSError, OverflowError) as error:
        raise LiveError(f"The live view cannot be given on {host}:{port} ({error}).") from error
    thread = threading.Thread(
        target=server.serve_forever, args=(HEED_SECONDS,), name="live", daemon=True
    )
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: Any, client: Any) -> None:
        """Browsers hang up when they please."""
        log.debug("the live view's answer to %s broke off", client, exc_info=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    shown: View
    secret: Optional[str] = None
    timeout = _IDLE_SECONDS
    server_version, sys_version = "camera", ""

    def do_GET(self) -> None:
        refused = self._refused()
        if refused:
            self._answer(refused, "text/plain; charset=utf-8", b"This is not for you.\n")
            return
        kind, body = self._content(self.path.partition("?")[0])
        if body:
            self._answer(200, kind, body)
        else:
            self._answer(404, "text/plain; charset=utf-8", b"There is nothing here.\n")

    def _refused(self) -> int:
        """The status to refuse with; 0: none."""
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return 403
        origin, host = self.headers.get("Origin"), self.headers.get("Host", "")
        if origin is not None and origin.partition("://")[2] != host:
            return 403
        if self.secret is None:
            name = host.rpartition(":")[0] if _has_port(host) else host
            return 0 if name.strip("[]") in _LOOPBACK_NAMES else 403
        if self._knows_the_password():
            return 0
        time.sleep(WRONG_SECONDS)
        return 401

    def _knows_the_password(self) -> bool:
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(text, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return kind.lower() == "basic" and hmac.compare_digest(given, str(self.secret).encode())

    def _content(self, path: str) -> Tuple[str, bytes]:
        if path == "/":
            return "text/html; charset=utf-8", PAGE.encode()
        if path == "/state":
            return "application/json", json.dumps(self.shown.state()).encode()
        if path == "/picture":
            return "image/jpeg", self.shown.picture()
        number = path[len("/uncertain/") :] if path.startswith("/uncertain/") else ""
        known = bool(re.fullmatch("[0-9]{1,12}", number))
        return "image/jpeg", self.shown.uncertain(int(number)) if known else b""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="camera", charset="UTF-8"')
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            ("Cache-Control", "no-store"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_args: Any) -> None:
        """Nothing: a page asks twice a second."""


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]") and ":" in host
