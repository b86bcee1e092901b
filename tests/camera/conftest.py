"""A shelf that serves releases over HTTP as well or as badly
as a test wants, certificates, and a registered camera.
"""

import datetime
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.camera.small_release import Files, sha256


class Shelf:
    """Serves files on loopback. `truncated` names files that break off half-way."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.truncated: set[str] = set()
        self.statuses: dict[str, list[int]] = {}  # answered first, one per request
        self.requests: list[str] = []

    def put(self, files: Files, folder: str | None = None) -> dict[str, Any]:
        """The job document that orders this release."""
        folder = folder or str(files.manifest["epoch"])
        self.files[f"/{folder}/manifest.json"] = files.manifest_bytes
        self.files[f"/{folder}/model.onnx"] = files.model
        self.files[f"/{folder}/golden.zip"] = files.golden
        model = files.manifest["model"]
        return {
            "operation": "release",
            "epoch": files.manifest["epoch"],
            "manifest": {
                "url": f"{self.url}/{folder}/manifest.json",
                "sha256": sha256(files.manifest_bytes),
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


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            here.requests.append(path)
            waiting = here.statuses.get(path, [])
            body = here.files.get(path, b"")
            self.send_response(waiting.pop(0) if waiting else 200 if path in here.files else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if path in here.truncated else body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Shelf(server.server_address[1])
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pauses between attempts are noted, not slept."""
    noted: list[int] = []
    monkeypatch.setattr("camera.download.pause", noted.append)
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
    }
    (folder / "camera.json").write_text(json.dumps(content))
    return folder
