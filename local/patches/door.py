"""Who may talk to the local cloud? Programs that hold its keys; never a page in somebody's browser.

A web page can send requests to 127.0.0.1 without asking (a simple POST needs no preflight), and a
name of its own can point there (DNS rebinding). With known keys it could create a role and a
function, and run code as the person at the keyboard.
"""

import json
import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import sts

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Asked before anything is signed, and answered with nothing that anybody could use.
UNSIGNED_PATHS = frozenset({"/_ministack/ready", "/_ministack/health"})
_CREDENTIAL_PARAMETERS = ("X-Amz-Credential", "AWSAccessKeyId")


def web_pages_are_refused() -> None:
    """Upstream serves every origin, every Host and unsigned requests, and lets pages read its
    answers (app.py:909, 2474, 3194); AWS has no such doors, and signs everything.
    """
    serve = app.app

    async def door(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await serve(scope, receive, send)
        elif reason := refusal(scope):
            await _refuse(scope, send, reason)
        else:
            await serve(scope, receive, _without_cors(send))

    app.app = door


def only_its_own_key_is_root() -> None:
    """Upstream takes `test` and every account number for the account's owner, unverified
    (iam_evaluator.py:962). The launcher is given a key that is made anew at each start.
    """

    def is_root(access_key_id: str) -> bool:
        # An empty key is the emulator talking to itself: unsigned requests end at the door.
        return access_key_id in ("", os.environ["AWS_ACCESS_KEY_ID"])

    iam_evaluator.is_root_access_key = is_root
    sts.is_root_access_key = is_root


def refusal(scope: Scope) -> str:
    """Why this request is not let in, or nothing."""
    headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
    host = headers.get("host", b"").decode("latin-1")
    if not _is_loopback(host):
        return f"Host {host!r} is not this machine."
    if "origin" in headers or headers.get("sec-fetch-site", b"none") != b"none":
        return "It comes from a web page; the local cloud serves programs."
    if not _is_signed(scope, headers) and scope["path"] not in UNSIGNED_PATHS:
        return "It is not signed."
    return ""


def _is_loopback(host: str) -> bool:
    """With or without a port; `<bucket>.localhost` is how virtual hosts are addressed."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    return name in ("127.0.0.1", "localhost", "[::1]") or name.endswith(".localhost")


def _is_signed(scope: Scope, headers: dict[str, bytes]) -> bool:
    """By whom, and whether rightly, is checked behind the door."""
    if headers.get("authorization", b"").startswith((b"AWS4-", b"AWS ")):
        return True
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return any(query.get(name, [""])[0] for name in _CREDENTIAL_PARAMETERS)


def _without_cors(send: Send) -> Send:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if "headers" in message:
            message["headers"] = list(_kept(message["headers"]))
        await send(message)

    return sent


def _kept(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    for name, value in headers:
        if not bytes(name).lower().startswith(b"access-control-"):
            yield name, value


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
