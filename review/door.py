"""Who may use the page? Whoever knows the address that was printed, from this machine; never a page
of another site, whatever name it gives to this machine.

The token stands in the path and not in a cookie, which every other server of this machine would be
sent as well: browsers do not tell ports apart.
"""

import hmac
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
# Of the page only its own files run and load, whatever a label or a file's name holds.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A run's page is one file with everything inside, and needs nobody.
SEALED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # A label's grid takes pictures; nothing else of the computer is asked for.
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_READING = ("GET", "HEAD")


class Door:
    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token, self._port = app, token, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif reason := self._refusal(scope):
            await PlainTextResponse(f"{reason}\n", 403, dict(_HEADERS))(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        own = [f"{name}:{self._port}" for name in LOOPBACK_NAMES]
        return refusal(scope["method"], scope["path"], headers, own, self._token)


def refusal(
    method: str, path: str, headers: Mapping[str, str], own: Sequence[str], token: str
) -> str:
    """Why this request is not let in, or nothing. `own`: this server's hosts, with the port."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if host not in own:
        return "This page is for this machine only."
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return "Another page asked for this. Open the address that `lensloop review` printed."
    if origin is not None and origin != f"http://{host}":
        return "Another page asked for this. Open the address that `lensloop review` printed."
    first = path.partition("/")[2].partition("/")[0]
    if not hmac.compare_digest(first.encode(), token.encode()):
        return "The address is not whole. Open the one that `lensloop review` printed."
    if method not in _READING and origin is None:
        return "Only the page itself may change anything."
    return ""


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", POLICY)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sent
