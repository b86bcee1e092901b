"""A shelf that serves releases over HTTP as well or as badly
as a test wants, certificates, and a registered camera.
"""

import contextlib
import datetime
import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from camera import trial
from camera.model import load
from camera.prove import Proof, prove
from tests.camera import signer
from tests.camera.small_release import Files, sha256


class Shelf:
    """Serves files on loopback. `truncated` names files that break off half-way."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.truncated: set[str] = set()
        self.dead: dict[str, float] = {}  # closed without an answer until then (monotonic)
        self.breaks_after: dict[str, int] = {}  # each connection, after as many bytes
        self.trickles: dict[str, float] = {}  # one byte, then as many seconds, and again
        self.resumes = True
        self.ranges: list[tuple[str, int]] = []
        self.statuses: dict[str, list[int]] = {}  # answered first, one per request
        self.requests: list[str] = []

    def put(self, files: Files, folder: str | None = None) -> dict[str, Any]:
        """The job document that orders this release."""
        folder = folder or str(files.manifest["epoch"])
        self.files[f"/{folder}/manifest.json"] = files.manifest_bytes
        self.files[f"/{folder}/model.onnx"] = files.model
        self.files[f"/{folder}/golden.zip"] = files.golden
        model = files.manifest["model"]
        further: dict[str, Any] = {}
        for name, file, body in (
            ("int8", "model.int8.onnx", files.int8),
            ("deeplens", "deeplens.tar.gz", files.deeplens),
        ):
            if body:
                self.files[f"/{folder}/{file}"] = body
                further[name] = {"url": f"{self.url}/{folder}/{file}"}
        return {
            **further,
            "operation": "release",
            "epoch": files.manifest["epoch"],
            "manifest": {
                "url": f"{self.url}/{folder}/manifest.json",
                "sha256": sha256(files.manifest_bytes),
                "signature": signer.in_base64(files.manifest_bytes),
            },
            "model": {
                "url": f"{self.url}/{folder}/model.onnx",
                "sha256": model["sha256"],
                "size": model["size"],
            },
            "golden": {
                "url": f"{self.url}/{folder}/golden.zip",
                "sha256": files.manifest["golden"]["sha256"],
            },
        }

    def offer(self, document: dict[str, Any], manifest: bytes) -> None:
        """Another manifest for the order, as truly signed."""
        self.files[document["manifest"]["url"][len(self.url) :]] = manifest
        document["manifest"].update(sha256=sha256(manifest), signature=signer.in_base64(manifest))


class _Handler(http.server.BaseHTTPRequestHandler):
    here: Shelf

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.here.requests.append(path)
        if time.monotonic() < self.here.dead.get(path, 0):
            self.close_connection = True
            return
        waiting = self.here.statuses.get(path, [])
        body = self.here.files.get(path, b"")
        status = waiting.pop(0) if waiting else 200 if path in self.here.files else 404
        start = self.asked_start() if self.here.resumes and status == 200 else 0
        if start:
            self.here.ranges.append((path, start))
            status = 206 if start < len(body) else 416
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        with contextlib.suppress(OSError):  # the camera may have had enough
            self.give(path, body[start:])

    def asked_start(self) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(asked[1]) if asked else 0

    def give(self, path: str, body: bytes) -> None:
        if path in self.here.truncated:
            body = body[: len(body) // 2]
        for byte in body if path in self.here.trickles else ():
            self.wfile.write(bytes([byte]))
            time.sleep(self.here.trickles[path])
        self.wfile.write(body[: self.here.breaks_after.get(path, len(body))])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    here = _Handler.here = Shelf(server.server_address[1])
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def tried_apart() -> None:
    """For a test of the process in which a camera tries a model, or of the whole way."""


@pytest.fixture(autouse=True)
def tried_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is proved by the same code, in this process: to start one takes a second, and most
    tests take several releases. Agents that are processes of their own try it as they do.
    """
    if "tried_apart" in request.fixturenames:
        return

    def prove_here(folder: Path, seconds: float, int8: bool = False, **_: float) -> Proof:
        loaded = load(folder, int8)
        with (folder / loaded.manifest.golden.file).open("rb") as golden:
            return prove(loaded, golden)

    monkeypatch.setattr(trial, "prove_apart", prove_here)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pauses between attempts are noted, not slept."""
    noted: list[int] = []
    monkeypatch.setattr("camera.download.pause", lambda _line, attempt: noted.append(attempt))
    return noted


def certificate(folder: Path, starts_in_days: int = -1, name: str = "camera") -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=starts_in_days)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, private


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A registered camera's folder; its broker does not exist."""
    folder = tmp_path / "camera"
    folder.mkdir()
    pem, key = certificate(folder)
    content = {
        "thing": "deeplens_test",
        "endpoint": "localhost",
        "port": 9,
        "ca": pem.name,
        "certificate": pem.name,
        "key": key.name,
        "project": "trash",
        "keys": ["release-key.pem"],
    }
    (folder / "release-key.pem").write_text(signer.pem())
    (folder / "camera.json").write_text(json.dumps(content))
    return folder
