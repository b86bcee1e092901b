"""A service on this machine that answers as one of the web does: what it is asked, and by whom."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit


class Request(NamedTuple):
    method: str
    path: str  # without the query
    headers: dict[str, str]  # names in small letters
    body: bytes = b""


class Answer(NamedTuple):
    """`promised`: bytes; where more than the body has, the connection breaks. A body in pieces has
    no length that is stated."""

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    promised: int | None = None


Answering = Callable[[Request], Answer]


class Service(http.server.ThreadingHTTPServer):
    def __init__(self, answering: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answering, self.asked = answering, list[Request]()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Service

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, urlsplit(self.path).path, headers, body)
        self.server.asked.append(request)
        said = self.server.answering(request)
        self.send_response(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        pieces = [said.body] if isinstance(said.body, bytes) else said.body
        if isinstance(said.body, bytes):
            self.send_header("Content-Length", str(said.promised or len(said.body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who asked has enough
            for piece in pieces if self.command != "HEAD" else ():
                self.wfile.write(piece)

    do_GET = do_HEAD = do_POST = answer

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(answering: Answering) -> Iterator[Service]:
    with Service(answering) as service:
        threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
        yield service
        service.shutdown()
