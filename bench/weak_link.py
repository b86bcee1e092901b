"""Does a release arrive over a link that a camera may really have? Over sockets, with the agent's
own patience: about seven minutes.
"""

import contextlib
import hashlib
import http.server
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figure import figure
from camera.line import Later
from camera.store import Store
from camera.update import restore, take
from tests.camera import signer
from tests.camera.small_release import Files, colour_model, make_release

MODEL_BYTES = 14_000_000
BYTES_A_SECOND, CUT_SECONDS, AWAY_SECONDS = 50_000, 30.0, 45.0
BLOCK = 5_000
MOST_OVER = 1.3  # of the time that the bytes alone need
MINUTE = 60.0


class Link:
    """How weak it is."""

    def __init__(self, files: Files) -> None:
        manifest = files.manifest_bytes
        self.bodies = {
            "manifest.json": manifest,
            "model.onnx": files.model,
            "golden.zip": files.golden,
        }
        self.rate, self.lasts, self.block = 1e9, float("inf"), BLOCK
        self.away_from_the_model_on = 0.0
        self.away_until: float | None = None
        self.broke = 0

    def is_away(self, name: str) -> bool:
        if name == "model.onnx" and self.away_until is None:
            self.away_until = time.monotonic() + self.away_from_the_model_on
        return self.away_until is not None and time.monotonic() < self.away_until


class Handler(http.server.BaseHTTPRequestHandler):
    link: Link

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[1]
        self.close_connection = True
        if self.link.is_away(name):
            return
        body = self.link.bodies[name]
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        with contextlib.suppress(OSError):  # the camera has had enough
            self.give(body[start:])

    def give(self, body: bytes) -> None:
        began, block = time.monotonic(), self.link.block
        for at in range(0, len(body), block):
            if time.monotonic() - began > self.link.lasts:
                self.link.broke += 1
                return
            self.wfile.write(body[at : at + block])
            due = began + (at + block) / self.link.rate
            time.sleep(max(0.0, due - time.monotonic()))

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def serving(link: Link) -> Iterator[str]:
    handler = type("Here", (Handler,), {"link": link})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def order(files: Files, url: str) -> dict[str, Any]:
    manifest = files.manifest
    digest = hashlib.sha256(files.manifest_bytes).hexdigest()
    model, golden = manifest["model"], manifest["golden"]
    return {
        "operation": "release",
        "epoch": manifest["epoch"],
        "manifest": {
            "url": url + "manifest.json",
            "sha256": digest,
            "signature": signer.in_base64(files.manifest_bytes),
        },
        "model": {
            "url": url + "model.onnx",
            "sha256": model["sha256"],
            "size": model["size"],
        },
        "golden": {"url": url + "golden.zip", "sha256": golden["sha256"]},
    }


def taken(link: Link, files: Files) -> tuple[str, float]:
    """What the camera answers, with its reason where it refuses, and after how many seconds."""
    with tempfile.TemporaryDirectory() as home, serving(link) as url:
        store = Store(Path(home), signer.KEYS)
        running = restore(store)
        began = time.monotonic()
        try:
            answer = take(order(files, url), store, running, "trash").answer
            status = answer.status
            if status != "SUCCEEDED":
                status += f": {answer.details.get('reason', '')}"
        except Later as reason:
            status = f"later: {reason}"
        return status, time.monotonic() - began


def rows() -> list[dict[str, Any]]:
    return [_breaking(), _away(), _trickling()]


def _breaking() -> dict[str, Any]:
    files = make_release(8, model=colour_model(marker="x" * MODEL_BYTES))
    link = Link(files)
    link.rate, link.lasts = BYTES_A_SECOND, CUT_SECONDS
    status, seconds = taken(link, files)
    least = len(files.model) / BYTES_A_SECOND
    return figure(
        f"14 MB at 50 KB/s over a link that breaks every 30 s ({link.broke} times)",
        round(seconds, 1),
        round(least, 1),
        "s until proved; other = the bytes alone",
        seconds / least,
        f"proved, in at most {MOST_OVER} times the bytes' own time",
        status == "SUCCEEDED" and link.broke > 1 and seconds <= MOST_OVER * least,
    )


def _away() -> dict[str, Any]:
    files = make_release(8)
    link = Link(files)
    link.away_from_the_model_on = AWAY_SECONDS
    status, seconds = taken(link, files)
    return figure(
        "the network is away for 45 s from the model's first byte on",
        round(seconds, 1),
        AWAY_SECONDS,
        "s until proved; other = the network's absence",
        seconds / AWAY_SECONDS,
        "proved within a minute of its return",
        status == "SUCCEEDED" and seconds <= AWAY_SECONDS + MINUTE,
    )


def _trickling() -> dict[str, Any]:
    files = make_release(8)
    link = Link(files)
    link.rate, link.block = 1.0, 1
    link.bodies["manifest.json"] = files.manifest_bytes
    status, seconds = taken(link, files)
    return figure(
        "a body of one byte a second",
        round(seconds, 1),
        None,
        "s until the job thread is free; what came is kept",
        None,
        "within a minute, and no failure of the release",
        status.startswith("later: the link is too slow") and seconds <= MINUTE,
    )


if __name__ == "__main__":
    for row in rows():
        print(row)
