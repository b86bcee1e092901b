"""A desk whose pictures lie in a folder, and the page at it."""

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

import importers.bucket
from cli.health import Health
from cli.news import SentMessage
from cli.runs import Stand, Training
from cli.status import End, Live, Status, Trigger, Waiting
from lensloop.dataset.rows import MANIFEST, REJECTED, Row, read_rows, write_rows
from lensloop.dataset.split import SPLITS
from lensloop.settings import Settings
from review.app import app
from review.bucket import Bucket
from review.desk import Desk
from review.dropping import Drops
from review.features import Features
from review.frames import Frames
from review.happenings import Scene, WayBack
from review.library import Library
from review.mapping import Mapper
from review.moving import Mover
from review.recording import Recorder
from review.right import RightLabels
from review.taking import Taking
from review.thumbnails import Thumbnails
from tests.fakes.folder_s3 import FolderS3

TOKEN, PORT = "the-token", 8771
DIGEST = "0ffd826c"
NOW = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
WHO = "someone"  # at the page
LABELS = ("can", "glass", "paper")
_AT = int(NOW.timestamp())
REST = Trigger("resting", "nothing has changed since the last finished run", None, "", 3)
QUIET = Scene(
    Status(
        project="deeplens-trash",
        region="eu-west-1",
        at=_AT,
        trigger=REST,
        run=None,
        rollout=None,
        live=Live(2, "0ffd826cef00aa", "Its cameras can say what they were not taught."),
        ends=(
            End(
                3,
                "refused",
                ("recall of `glass` 0.41 is below its floor 0.50",),
                NOW.isoformat(),
                "",
                (),
            ),
            End(2, "released", ("better",), "2026-11-22T12:00:00+00:00", "rolled-out", ()),
        ),
        cameras=(),
    ),
    [
        Health(
            "deeplens_kitchen",
            "canary",
            "well",
            "runs release 2",
            NOW.isoformat(),
            2,
            "12/12",
            precision="int8",
            fps=4.8,
            temperature=61.4,
            disk_free_mb=9_540,
        ),
        Health(
            "deeplens_hall",
            "fleet",
            "silent",
            "silent for 2 h",
            NOW.isoformat(),
            1,
            "12/12",
            fps=1.0,
            last_error="the disk is full",
        ),
    ],
    [SentMessage(3, NOW.isoformat(), "run", "Run 3 was refused", "recall of glass\nis low", True)],
)
BUSY = replace(
    QUIET,
    status=replace(
        QUIET.status,
        trigger=replace(REST, doing="running", reason="run 4 is running", epoch=4),
        run=Stand(
            4,
            _AT - 130,
            "Train",
            _AT - 61,
            "RUNNING",
            Training(
                "deeplens-trash-4-1",
                "InProgress",
                "Training",
                "looked at 200 of 735 pictures (41/s)",
            ),
        ),
        waiting=Waiting(3, "0ffd826cef00aa"),
    ),
)


class Told:
    """Stands for the cloud's functions: what happens is given, what is decided is kept."""

    def __init__(self, scene: Scene = QUIET) -> None:
        self.scene = scene
        self.decisions: list[tuple[str, int | None, str]] = []

    def look(self) -> Scene:
        return self.scene

    def decide(self, what: str, epoch: int | None, note: str) -> str:
        self.decisions.append((what, epoch, note))
        return "Done."

    def way_back(self, to: int | None = None) -> WayBack:
        if to and to > 1:
            return WayBack(f"Release {to} is none of this project's.", None)
        return WayBack("All cameras go back from release 2 to release 1.", 1)

    def report(self, epoch: int) -> bytes | None:
        return b"<!doctype html><title>Run 2</title>" if epoch == 2 else None


def jpeg(number: int, side: int = 160) -> bytes:
    """Each is another picture."""
    image = Image.new("RGB", (side, side * 3 // 4), (number * 53 % 200, number * 31 % 220, 90))
    ImageDraw.Draw(image).text((12, 30), str(number), fill="white", font_size=side // 4)
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


def answer(label: str, first: float = 0.5, unfamiliar: bool = False) -> bytes:
    others = [each for each in LABELS if each != label]
    probabilities = {label: first, others[0]: 0.9 - first, others[1]: 0.1}
    content: dict[str, Any] = {
        "frame": "x",
        "epoch": 2,
        "predicted": label,
        "confidence": first,
        "unsure": True,
        "unfamiliar": unfamiliar,
        "unfamiliarity": 3.5 if unfamiliar else None,
        "probabilities": probabilities,
    }
    return json.dumps(content).encode()


def fill(s3: FolderS3, frames: int, pictures: int = 2) -> None:
    """`pictures`: of each label; of many, some are alike."""
    drawn = [jpeg(number) for number in range(min(pictures, 60))]
    for label in LABELS:
        for number in range(pictures):
            s3[f"images/{label}/{number:06}.jpg"] = drawn[number % 60]
    for number in range(frames):
        key = f"review/deeplens_hall/frame-{number:04}"
        s3[f"{key}.jpg"] = jpeg(number)
        s3[f"{key}.json"] = answer(LABELS[number % 3], 0.45 + number % 40 / 100, number % 7 == 0)


def fill_dataset(s3: FolderS3, doubts: int = 2) -> None:
    """As the newest run left it: every tenth picture was rejected, the last of each label came
    later, and of some the training doubts the label.
    """
    accepted, rejected, doubted = [], [], []
    for key in s3.keys("images/"):
        kept, number = s3._kept[key], int(key[-10:-4])
        sha256 = f"{LABELS.index(key.split('/')[1])}{number:063x}"
        phash = f"{(number + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}"
        row = Row(key, kept.etag, kept.size, sha256, key.split("/")[1], SPLITS[number % 3])
        row = row._replace(width=160, height=120, phash=phash)
        if number % 10 == 9:
            rejected.append(row._replace(reason="It is nearly the same as `000008.jpg`."))
        elif number:
            accepted.append(row)
            doubted.append(
                {"key": key, "sha256": sha256, "label": row.label, "predicted": "glass"}
                | {"probability": 0.83, "label_probability": 0.12}
            )
    text = io.StringIO(newline="")
    write_rows(text, MANIFEST, accepted)
    s3[f"datasets/{DIGEST}/manifest.csv.gz"] = gzip.compress(text.getvalue().encode())
    text = io.StringIO(newline="")
    write_rows(text, REJECTED, rejected)
    s3[f"datasets/{DIGEST}/rejected.csv"] = text.getvalue().encode()
    suspicious = {"epoch": 2, "count": doubts, "pictures": doubted[:doubts]}
    report = {"epoch": 2, "digest": DIGEST, "suspicious": suspicious, "passed_over": ""}
    s3[f"datasets/{DIGEST}/report.json"] = json.dumps(report).encode()


def fill_features(s3: FolderS3, width: int = 64, of_a_shard: int = 500) -> None:
    """What a training job saw: three clouds, in which every 50th picture lies in the wrong one."""
    random = np.random.default_rng(7)
    middles = random.normal(0, 3, (len(LABELS), width))
    rows = list(read_rows(io.StringIO(_manifest(s3))))
    for start in range(0, len(rows), of_a_shard):
        some = rows[start : start + of_a_shard]
        of = [LABELS.index(row.label) for row in some]
        of = [
            (label + (int(row.key[-10:-4]) % 50 == 7)) % 3
            for label, row in zip(of, some, strict=True)
        ]
        features = middles[of] + random.normal(0, 1, (len(some), width))
        file = io.BytesIO()
        hashes = b"".join(bytes.fromhex(row.sha256) for row in some)
        pictures = np.frombuffer(hashes, np.uint8).reshape(-1, 32)
        np.savez(file, pictures=pictures, features=features.astype("<f4"))
        s3[f"features/abc/{start:016x}.npz"] = file.getvalue()


def _manifest(s3: FolderS3) -> str:
    body = s3.get_object(Key=f"datasets/{DIGEST}/manifest.csv.gz")["Body"].read()
    return gzip.decompress(body).decode()


def desk(s3: FolderS3, folder: Path, told: Told | None = None) -> Desk:
    bucket = Bucket(s3, "bucket")  # type: ignore[arg-type]
    library = Library(bucket, lambda: DIGEST if s3.keys(f"datasets/{DIGEST}/") else "")
    drops = Drops(
        bucket=importers.bucket.Bucket(s3, "bucket"),  # type: ignore[arg-type]
        folder=folder / "dropped",
        digest=lambda: DIGEST if s3.keys(f"datasets/{DIGEST}/") else "",
        settings=Settings,
        changed=library.refresh,
        who=WHO,
    )
    return Desk(
        happenings=told or Told(),
        frames=Frames(bucket, lambda: NOW, Recorder(bucket, WHO, lambda: NOW)),
        library=library,
        mover=Mover(bucket, library),
        right=RightLabels(bucket),
        mapper=Mapper(library, Features(bucket, folder / "features")),
        drops=drops,
        taking=Taking(drops, library),
        thumbnails=Thumbnails(bucket, folder / "thumbnails"),
    )


def client(at: Desk) -> TestClient:
    return TestClient(
        app(at, TOKEN, PORT),
        base_url=f"http://127.0.0.1:{PORT}/{TOKEN}/",
        headers={"Origin": f"http://127.0.0.1:{PORT}"},
    )


@pytest.fixture
def s3(tmp_path: Path) -> FolderS3:
    return FolderS3(tmp_path / "s3")


@pytest.fixture
def page(s3: FolderS3, tmp_path: Path) -> Callable[..., TestClient]:
    """The page at what lies in the bucket, as a program that has just been started shows it."""
    return lambda told=None: client(desk(s3, tmp_path, told))
