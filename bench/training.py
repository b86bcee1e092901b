"""How fast does a data set become a judged model? Embedding by threads, and the whole training of
1,251 photographs.
"""

import csv
import gzip
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.figure import figure
from bench.photographs import DATA, hashed
from lensloop.wire.picture import read_input
from stacks.assets.training_files import training_modules
from stacks.training import channel as training_channel
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.export import embedder
from training.algorithms.head.weights import read_weights
from training.embed import BATCH, session
from training.pictures import SIZE

ROOT = Path(__file__).parents[1]
BINS3 = DATA / "bins3"
PICTURES = 256


def rows() -> list[dict[str, Any]]:
    return [_threads(), *_job()]


def _threads() -> dict[str, Any]:
    """Ours, a batch for each core, against one batch for all cores; alternating, and the best of
    three each.
    """
    from concurrent.futures import ThreadPoolExecutor

    model, cores = embedder(read_weights(pretrained())), os.cpu_count() or 1
    each, shared = session(model, 1), session(model, cores)
    noise = np.random.default_rng(1).integers(0, 255, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    batches = [noise] * (PICTURES // BATCH)

    def ours() -> None:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(lambda batch: each.run(None, {"image": batch}), batches))

    def other() -> None:
        for batch in batches:
            shared.run(None, {"image": batch})

    times = [(_seconds(ours), _seconds(other)) for _ in range(3)]
    speed, against = (PICTURES / min(column) for column in zip(*times, strict=True))
    name = f"embedding: a batch for each of {cores} cores, against all on one"
    return figure(
        name,
        round(speed),
        round(against),
        "pictures/s",
        speed / against,
        "≥ 0.9 ×",
        speed >= 0.9 * against,
    )


def _job() -> Iterator[dict[str, Any]]:
    """The training step as the local cloud starts it: a bare interpreter, the dependencies unpacked
    first.
    """
    if not BINS3.is_dir():
        return
    pictures = sorted(BINS3.glob("*/*.jpg"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environment = _prepare(root, pictures)
        command = [getattr(sys, "_base_executable", sys.executable), "-S", "-m", "training"]
        wall = _seconds(
            lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        )
    name = f"training on {len(pictures)} photographs, unpacking included"
    yield figure(name, round(wall, 1), 60, "s", 60 / wall, "≤ 60 s", wall <= 60)
    data = pictures[0].read_bytes()
    decode = _seconds(lambda: [read_input(data, SIZE, SIZE) for _ in range(100)])
    yield figure(
        "decoding for the model, one core", round(100 / decode), None, "pictures/s", 1.0, "", True
    )


def _prepare(root: Path, pictures: list[Path]) -> dict[str, str]:
    data = root / "input" / "data"
    for name in ("code", "dataset", "dependencies", "images/images"):
        (data / name).mkdir(parents=True)
    for label in {picture.parent for picture in pictures}:
        (data / "images" / "images" / label.name).symlink_to(label)
    channel = training_channel.dependencies(ROOT, "local")
    (data / "dependencies" / channel.name).symlink_to(channel)
    with zipfile.ZipFile(data / "code" / "code.zip", "w") as code:
        for path in training_modules():
            code.write(ROOT / path, path)
    with gzip.open(data / "dataset" / "manifest.csv.gz", "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("key", "sha256", "label", "split", "phash"))
        contents = [picture.read_bytes() for picture in pictures]
        for picture, content, look in zip(pictures, contents, hashed(contents), strict=True):
            sha256 = hashlib.sha256(content).hexdigest()
            share = int(sha256[:8], 16) / 2**32
            split = "train" if share < 0.6 else "validation" if share < 0.8 else "test"
            writer.writerow(
                (
                    f"images/{picture.parent.name}/{picture.name}",
                    sha256,
                    picture.parent.name,
                    split,
                    look,
                )
            )
    return os.environ | {
        "PYTHONPATH": str(data / "code" / "code.zip"),
        "LENSLOOP_ML_ROOT": str(root),
    }


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
