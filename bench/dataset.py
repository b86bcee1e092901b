"""What does looking at the bucket cost when 100 pictures of many are new, next to reading it all
again?

Ours is a run's whole data set part (snapshot, inspection, assembly) as it ships, each size in its
own process, over an S3 in memory: pages of 1,000 keys, sent as XML and read by boto3, a latency per
call. The other side, the full rescan of the usual tutorials, downloads and decodes every picture;
its bytes and calls are counted, not spent.
"""

import gc
import hashlib
import io
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.figure import figure
from tests.fakes.memory_cloud import (
    GET_SECONDS,
    LIST_SECONDS,
    PAGE,
    MemoryS3,
    MemoryTable,
    client_of,
)

SIZES = (10**3, 10**4, 10**5, 10**6)
NEW = 100
PICTURE_BYTES = 150_000  # of an unchanged one, as listed
LABELS = ("compost", "landfill", "recycling")
DECODE_SECONDS = (
    0.0025  # of a small photograph, measured with the same child process on this kind of machine
)
_ROOT = Path(__file__).parents[1]


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for size in SIZES:
        print(
            f"  data set of {size:,} pictures, {NEW} of them new ...", file=sys.stderr, flush=True
        )
        found += _rows(size, _measured(size))
    return found


def _rows(size: int, ours: dict[str, float]) -> list[dict[str, Any]]:
    last, row = size == SIZES[-1], partial(_row, f"{size:,} pictures")
    rescan_calls = -(-size // PAGE) + size
    rescan_seconds = -(-size // PAGE) * LIST_SECONDS + size * GET_SECONDS
    return [
        row(
            "bytes read of unchanged pictures",
            ours["unchanged_bytes"],
            size * PICTURE_BYTES,
            "bytes",
            most=0,
        ),
        row(
            "bytes read",
            ours["bytes"],
            size * PICTURE_BYTES,
            "bytes",
            least_ratio=100 if last else None,
        ),
        row("calls", ours["calls"], rescan_calls, "calls", least_ratio=100 if last else None),
        row("waiting for S3, calls one by one", ours["wait"], rescan_seconds, "s"),
        row("CPU of the snapshot", ours["snapshot_cpu"], None, "s", most=30 if last else None),
        row("CPU of all three steps", ours["cpu"], size * DECODE_SECONDS, "s"),
        row(
            "peak memory of the snapshot",
            ours["snapshot_mb"],
            None,
            "MB",
            most=1000 if last else None,
        ),
        row("peak memory of all three steps", ours["mb"], None, "MB", most=1000 if last else None),
    ]


def _row(
    group: str,
    name: str,
    ours: float,
    other: float | None,
    unit: str,
    *,
    most: float | None = None,
    least_ratio: float | None = None,
) -> dict[str, Any]:
    ratio = other / ours if other is not None and ours else None
    holds = (most is None or ours <= most) and (least_ratio is None or (ratio or 0) >= least_ratio)
    goal = (
        f"≤ {most:,} {unit}" if most is not None else f"≥ {least_ratio:,}×" if least_ratio else ""
    )
    return figure(f"{group}: {name}", ours, other, unit, ratio, goal, holds)


def _measured(size: int) -> dict[str, float]:
    """In a process of its own, so that one size's memory is not another's."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.dataset", str(size)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    measured: dict[str, float] = json.loads(run.stdout)
    return measured


def measure(size: int) -> dict[str, float]:
    from lambdas import assemble_dataset, inspect_images, take_snapshot
    from lambdas.aws import bucket, clients
    from lambdas.aws.listing import read_lists_quickly

    s3, table = _filled(size, bucket, clients), MemoryTable()
    lease = {"epoch": 2, "snap_gen": 1, "phase": "RUNNING", "started_at": 0}
    table.items = {"trigger": {"run": lease}, "dataset": {"digest": "old", "epoch": 1}}
    # Listings through a real client, which has to read S3's XML; reading and writing objects costs
    # boto3 little.
    client = client_of(s3)
    read_lists_quickly(client)
    s3_as_listed = SimpleNamespace(
        list_objects_v2=client.list_objects_v2, get_object=s3.get_object, put_object=s3.put_object
    )
    clients.__dict__.update(s3=lambda: s3_as_listed, table=lambda: table)
    os.environ |= {"BUCKET": "b", "SETTINGS": "{}"}
    _add_new(s3)
    s3.calls.clear()
    s3.bytes_read.clear()
    s3.seconds = 0.0
    gc.freeze()  # nor is the collector to walk through the bucket, which really is elsewhere
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    world = _peak_mb()  # the bucket itself lives in this process too
    before = _cpu()
    snapshot = take_snapshot.handler({"epoch": 2}, None)
    snapshot_cpu, snapshot_mb = _cpu() - before - s3.own_cpu, _peak_mb() - world
    for chunk in snapshot["chunks"]:
        inspect_images.handler({"chunk": chunk}, None)
    result = assemble_dataset.handler({"epoch": 2}, None)
    if (snapshot["new"], result["images"]) != (NEW, size):
        raise RuntimeError(f"{snapshot['new']} new and {result['images']} accepted of {size}")
    new_bytes = sum(len(content) for key, content in s3.objects.items() if "/new-" in key)
    return {
        "unchanged_bytes": s3.bytes_read["images"] - new_bytes,
        "bytes": s3.bytes_read.total() + s3.listed_bytes,
        "calls": s3.calls.total(),
        "wait": s3.seconds,
        "snapshot_cpu": snapshot_cpu,
        "cpu": _cpu() - before - s3.own_cpu,
        "snapshot_mb": snapshot_mb,
        "mb": _peak_mb() - world,
    }


def _filled(size: int, bucket: Any, clients: Any) -> MemoryS3:
    """A bucket whose last data set knows everything in it; its pictures can be listed and not be
    read.
    """
    from lensloop.dataset.rows import MANIFEST, REJECTED

    s3 = MemoryS3()
    clients.s3 = lambda: s3
    os.environ["BUCKET"] = "b"
    known = size - NEW
    s3.objects = {_key(number, known): (_etag(number), PICTURE_BYTES) for number in range(known)}
    bucket.write_table("datasets/old/manifest.csv.gz", MANIFEST, _known_rows(known))
    bucket.write_table("datasets/old/rejected.csv", REJECTED, ())
    bucket.write_json("datasets/old/report.json", {"epoch": 1, "digest": "old"})
    return s3


def _known_rows(size: int) -> Iterator[Any]:
    from lensloop.dataset.rows import Row
    from lensloop.dataset.split import by_hash

    rng = random.Random(1)
    for number in range(size):
        key, sha256 = _key(number, size), hashlib.sha256(str(number).encode()).hexdigest()
        label, phash = key.split("/")[1], f"{rng.getrandbits(64):016x}"
        yield Row(
            key, _etag(number), PICTURE_BYTES, sha256, label, by_hash(sha256), 512, 384, phash
        )


def _key(number: int, size: int) -> str:
    return f"images/{LABELS[number * len(LABELS) // size]}/{number:08d}-photograph.jpg"


def _etag(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}"


def _add_new(s3: MemoryS3) -> None:
    from PIL import Image

    for number in range(NEW):
        tiles = Image.frombytes("RGB", (8, 8), random.Random(number).randbytes(3 * 64))
        file = io.BytesIO()
        tiles.resize((512, 384), Image.Resampling.BICUBIC).save(file, "JPEG")
        s3[f"images/{LABELS[number % 3]}/new-{number}.jpg"] = file.getvalue()
    s3.list_objects_v2()  # so that sorting the bucket's keys is not on our bill


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return (
        int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
        / 1024
    )


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
