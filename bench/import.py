"""How fast do 10,000 pictures get from a zip into the bucket, in how much memory, and does anything
go missing when the command is killed? The command itself, on the local cloud, beside `aws s3 sync`
of the same files, one after the other.
"""

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import psutil
from PIL import Image

from bench.figure import figure
from lambdas.aws.listing import list_below
from local.cloud import LocalCloud

PICTURES, LABELS, SIDE = 10_000, ("compost", "landfill", "recycling"), 224
KILLED = 10  # times, at random moments
LEAST, MOST_MB = 150, 300
# No run begins meanwhile: it would take the cores.
CONTEXT = {"quiet_seconds": "3600", "max_wait_seconds": "36000", "training_platform": "local"}


def rows() -> list[dict[str, Any]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCloud(Path(folder, "cloud"), port=0, mqtt_port=0, say=lambda _: None) as cloud,
    ):
        archive, unpacked = _made(Path(folder))
        bucket = cloud.deploy(CONTEXT)["Bucket"]
        environment = {**os.environ, **cloud.env, "LENSLOOP_LOCAL": str(cloud.ca_pem.parent)}
        synced = _seconds_to_sync(unpacked, bucket, environment)
        _empty(cloud, bucket)
        seconds, megabytes = _imported(archive, environment)
        there = _keys(cloud, bucket)
        rate = PICTURES / seconds
        other = PICTURES / synced if synced else None
        measured = [
            figure(
                f"{PICTURES:,} pictures from a zip into the bucket, the plan included",
                round(rate),
                round(other) if other else None,
                "pictures/s; other = `aws s3 sync` of the same files, unpacked",
                round(rate / other, 2) if other else None,
                f"at least {LEAST}, and ahead of the other",
                rate >= LEAST and len(there) == PICTURES and rate > (other or 0),
            ),
            figure(
                "the most memory that the command took",
                round(megabytes),
                None,
                "MB of its own process",
                None,
                f"below {MOST_MB}",
                megabytes < MOST_MB,
            ),
        ]
        _empty(cloud, bucket)
        versions = _killed(archive, environment, cloud, bucket)
        return [*measured, versions]


def _made(folder: Path) -> tuple[Path, Path]:
    archive, unpacked = folder / "set.zip", folder / "unpacked"
    rng = numpy.random.default_rng(7)
    with zipfile.ZipFile(archive, "w") as made:
        for number in range(PICTURES):
            patches = rng.integers(0, 256, (14, 14, 3), dtype=numpy.uint8)
            file = io.BytesIO()
            Image.fromarray(patches).resize((SIDE, SIDE)).save(file, "JPEG", quality=85)
            made.writestr(f"set/{LABELS[number % 3]}/{number:05d}.jpg", file.getvalue())
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(unpacked)
    return archive, unpacked


def _command(archive: Path) -> list[str]:
    return [sys.executable, "-m", "cli", "import", str(archive), "--yes", "--local"]


def _imported(archive: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds, and the most memory of its own process."""
    begun, most = time.monotonic(), 0
    with subprocess.Popen(_command(archive), env=environment, stdout=subprocess.DEVNULL) as ran:
        process = psutil.Process(ran.pid)
        while ran.poll() is None:
            try:
                most = max(most, process.memory_info().rss)
            except psutil.Error:
                break
            time.sleep(0.1)
    assert ran.returncode == 0
    return time.monotonic() - begun, most / 1e6


def _seconds_to_sync(unpacked: Path, bucket: str, environment: dict[str, str]) -> float | None:
    """As people do it by hand; None where there is no AWS CLI."""
    aws = shutil.which("aws")
    if aws is None:
        return None
    begun = time.monotonic()
    command = [
        aws,
        "s3",
        "sync",
        "--only-show-errors",
        str(unpacked / "set"),
        f"s3://{bucket}/images/",
    ]
    subprocess.run(command, env=environment, check=True)
    return time.monotonic() - begun


def _killed(
    archive: Path, environment: dict[str, str], cloud: LocalCloud, bucket: str
) -> dict[str, Any]:
    """Killed whenever so many pictures are there, and then left alone: each has one version."""
    for count in sorted(random.Random(3).sample(range(PICTURES), KILLED)):
        ran = subprocess.Popen(
            _command(archive), env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        while ran.poll() is None and len(_keys(cloud, bucket)) < count:
            time.sleep(0.2)
        os.killpg(ran.pid, signal.SIGKILL)
        ran.wait()
        print(f"  killed at {len(_keys(cloud, bucket)):,} pictures", flush=True)
    subprocess.run(_command(archive), env=environment, stdout=subprocess.DEVNULL, check=True)
    versions = [*_versions(cloud, bucket)]
    return figure(
        f"pictures after {KILLED} kills at random moments and a last start",
        len(set(versions)),
        None,
        f"keys with {len(versions):,} versions",
        None,
        f"exactly {PICTURES:,}, each once",
        len(versions) == len(set(versions)) == PICTURES,
    )


def _keys(cloud: LocalCloud, bucket: str) -> list[str]:
    return [entry.key for entry in list_below(cloud.client("s3"), bucket, "images/")]


def _versions(cloud: LocalCloud, bucket: str) -> Iterator[str]:
    for page in _pages(cloud, bucket):
        yield from (version["Key"] for version in page.get("Versions", ()))


def _pages(cloud: LocalCloud, bucket: str) -> Iterator[Any]:
    pages = cloud.client("s3").get_paginator("list_object_versions")
    yield from pages.paginate(Bucket=bucket, Prefix="images/")


def _empty(cloud: LocalCloud, bucket: str) -> None:
    """With every version, as if nothing had ever been there."""
    s3 = cloud.client("s3")
    for page in _pages(cloud, bucket):
        gone = [
            {"Key": version["Key"], "VersionId": version["VersionId"]}
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if gone:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": gone, "Quiet": True})
