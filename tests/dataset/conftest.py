"""A bucket and a table in memory, and a run
of the three steps over them as the workflow makes it.
"""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from lambdas import assemble_dataset, inspect_images, take_snapshot
from lambdas.aws import clients
from lambdas.aws.state import StateTable
from lambdas.decoding.decoder import Decoder
from lensloop.settings import Settings
from tests.fakes.memory_cloud import MemoryS3, MemoryTable


@dataclass
class Project:
    s3: MemoryS3 = field(default_factory=MemoryS3)
    table: MemoryTable = field(default_factory=MemoryTable)
    epoch: int = 0

    def lease(self) -> int:
        if not self.epoch:
            StateTable(self.table).split_key("")  # type: ignore[arg-type]  # the same each time
        self.epoch += 1
        run = {"epoch": self.epoch, "snap_gen": 1, "phase": "RUNNING", "started_at": 0}
        self.table.items.setdefault("trigger", {})["run"] = run
        return self.epoch

    def run(self) -> dict[str, Any]:
        """A whole run; each answer goes through JSON, as Step Functions hands it on."""
        epoch = self.lease()
        snapshot = json.loads(json.dumps(take_snapshot.handler({"epoch": epoch}, None)))
        for chunk in snapshot["chunks"]:
            inspect_images.handler({"chunk": chunk}, None)
        result: dict[str, Any] = json.loads(
            json.dumps(
                assemble_dataset.handler({"epoch": epoch, "chunks": snapshot["chunks"]}, None)
            )
        )
        return {**result, "snapshot": snapshot}

    def move_all(self, source: str, target: str) -> None:
        """As `aws s3 mv --recursive` does; both as `s3://deeplens-test/…/`."""
        old, new = (uri.removeprefix("s3://deeplens-test/") for uri in (source, target))
        for key in self.s3.keys(old):
            self.s3[new + key.removeprefix(old)] = self.content(key)
            del self.s3[key]

    def manifest(self) -> dict[str, dict[str, str]]:
        return {row["key"]: row for row in self._csv("manifest.csv.gz")}

    def rejected(self) -> dict[str, dict[str, str]]:
        return {row["key"]: row for row in self._csv("rejected.csv")}

    def content(self, key: str) -> bytes:
        content = self.s3.objects[key]
        assert isinstance(content, bytes)
        return content

    def file(self, name: str) -> bytes:
        return self.content(f"datasets/{self.table.items['dataset']['digest']}/{name}")

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.file("report.json"))
        return report

    def _csv(self, name: str) -> Iterator[dict[str, str]]:
        content = self.file(name)
        text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
        return csv.DictReader(io.StringIO(text, newline=""))


@pytest.fixture(scope="session")
def opened() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, opened: Decoder) -> Project:
    """The child process that opens pictures lives on from run to run, for speed."""

    class Kept:
        def __enter__(self) -> Decoder:
            return opened

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(inspect_images, "Decoder", Kept)
    return connected(monkeypatch, Project())


def connected(monkeypatch: pytest.MonkeyPatch, project: Project, **settings: Any) -> Project:
    monkeypatch.setattr(clients, "s3", lambda: project.s3)
    monkeypatch.setattr(clients, "table", lambda: project.table)
    monkeypatch.setenv("BUCKET", "deeplens-test")
    monkeypatch.setenv("SETTINGS", Settings(**settings).to_json())
    return project


Picture = Callable[..., bytes]


@pytest.fixture(scope="session")
def picture() -> Picture:
    """A picture that differs from that of every other number, to the eye as well."""

    def make(number: int, size: int = 64, kind: str = "JPEG") -> bytes:
        tiles = Image.frombytes("RGB", (8, 8), random.Random(number).randbytes(3 * 64))
        file = io.BytesIO()
        tiles.resize((size, size), Image.Resampling.NEAREST).save(file, kind, quality=80)
        return file.getvalue()

    return make
