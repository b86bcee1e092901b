"""Who may talk to the local cloud? Programs that hold its keys; never a page in somebody's browser.

A web page can send requests to 127.0.0.1 without asking (a simple POST needs no preflight), and a
name of its own can point there (DNS rebinding). With known keys it could create a role and a
function, and run code as the person at the keyboard.
"""

import hmac
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.core import iam_evaluator, lambda_runtime, router
from ministack.services import lambda_svc, sts

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Asked before anything is signed, and answered with nothing that anybody could use.
UNSIGNED_PATHS = frozenset({"/_ministack/ready", "/_ministack/iot/ca.pem"})


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


def the_owner_must_sign_as_well() -> None:
    """Upstream checks every signature but root's (iam_evaluator.py:1275, 1324), so that the name of
    its key would do; AWS checks all.
    """
    iam_evaluator._is_root_key = lambda _access_key_id: False


def keys_of_functions_cannot_be_guessed() -> None:
    """Upstream derives a function's keys from its ARN and its role's (lambda_runtime.py:106), which
    are the same for everybody who deploys this project; AWS's are random.
    """
    derive, lock, salt = lambda_runtime.execution_credentials, threading.Lock(), os.urandom(32)

    def salted(text: str) -> str:
        return hmac.new(salt, text.encode(), "sha256").hexdigest()

    def credentials(config: dict[str, Any]) -> dict[str, str]:
        with lock:
            guessable: dict[str, str] = derive(config)
            session = sts._sessions.pop(guessable["AWS_ACCESS_KEY_ID"])
        key = "ASIA" + salted(guessable["AWS_ACCESS_KEY_ID"])[:16].upper()
        secret = salted(guessable["AWS_SECRET_ACCESS_KEY"])
        token = salted(guessable["AWS_SESSION_TOKEN"])
        sts.register_session(key, {**session, "SecretAccessKey": secret, "SessionToken": token})
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
        }

    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = credentials


def refusal(scope: Scope) -> str:
    """Why this request is not let in, or nothing."""
    headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
    host = headers.get("host", b"").decode("latin-1")
    if not _is_loopback(host):
        return f"Host {host!r} is not this machine."
    if "origin" in headers or headers.get("sec-fetch-site", b"none") != b"none":
        return "It comes from a web page; the local cloud serves programs."
    if scope["path"] not in UNSIGNED_PATHS and not _is_known(scope, headers):
        return "It is not signed with a key of this cloud; `make status` shows them."
    return ""


def _is_loopback(host: str) -> bool:
    """With or without a port; `<bucket>.localhost` is how virtual hosts are addressed."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    return name in ("127.0.0.1", "localhost", "[::1]") or name.endswith(".localhost")


def _is_known(scope: Scope, headers: dict[str, bytes]) -> bool:
    """Whether the cloud has given out this key; what it may do is checked behind the door."""
    texts = {name: value.decode("latin-1") for name, value in headers.items()}
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    key = router.extract_access_key_id(texts, query)
    if not key:
        return False
    if key == os.environ["AWS_ACCESS_KEY_ID"] or key in sts._sessions:
        return True
    return iam_evaluator.find_iam_access_key_account(key) is not None


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
