"""What does a retrain with a few new pictures cost, against looking at every picture again, and
against teaching the network? And the whole job on 100,000 pictures whose features are kept.
"""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.figure import figure
from bench.photographs import hashed, present
from lensloop.dataset.fetched import to_fetch
from lensloop.dataset.kept_features import GOLDEN_FOLDER, KeptFeatures, golden_in, pictures_in
from lensloop.dataset.rows import MANIFEST, Row, write_rows
from lensloop.model.standards import BACKBONES
from training import shards
from training.shards import Looked

ROOT = Path(__file__).parents[1]
TORCH = ROOT / ".build" / "finetune"  # by `make finetune-deps`; without it a figure is left out
NEW = 0.01  # of the pictures
MANY, LABELS = 100_000, 10
SHARD = 16_384
# The job, in this interpreter, for unpacking the libraries is the same with and without a cache;
# it adds how much processor time the features took and what was taught besides, of it or of all.
PROGRAM = """
import functools, json, os, resource, sys, time
sys.path.append(os.environ["TORCH"])
from training.features import Features
from training.paths import Paths
from training.run import run

spent, depth = 0.0, 0

def timed(call):
    @functools.wraps(call)
    def measured(*arguments):
        global spent, depth
        began, depth = time.process_time(), depth + 1
        try:
            return call(*arguments)
        finally:
            depth -= 1
            spent += 0 if depth else time.process_time() - began
    return measured

Features.of, Features.by = timed(Features.of), timed(Features.by)
if sys.argv[1] == "finetune":
    from training.algorithms.finetune import course
    course.teach = timed(course.teach)
began = time.monotonic()
run(Paths.from_environment())
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "features": spent, "cpu": time.process_time(), "wall": time.monotonic() - began,
    "gb": used.ru_maxrss / 1e6,
}))
"""


def rows() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        photographs = [row for found in present("bins3") for row in _retrain(found, Path(folder))]
    return [*photographs, *_many()]


# A few new photographs


def _retrain(collection: Path, folder: Path) -> Iterator[dict[str, Any]]:
    files = {f"images/{p.parent.name}/{p.name}": p for p in sorted(collection.glob("*/*.jpg"))}
    data = _rows_of(files)
    new = {row.key for row in sorted(data, key=lambda row: row.sha256)[: round(NEW * len(data))]}
    old = [row for row in data if row.key not in new]
    before, again, retrain = (folder / name for name in ("before", "again", "retrain"))
    for job, pictures in ((before, old), (again, data)):
        _prepare(job, pictures, pictures, files, {})
    _run(before)
    whole = _run(again)

    fetched = to_fetch(data, _kept(before / "checkpoints"), epoch=2, least_gb=1, algorithm="head")
    _prepare(retrain, data, fetched.rows, files, {"pictures": "uncached"})
    (retrain / "checkpoints").rmdir()
    (before / "checkpoints").rename(retrain / "checkpoints")
    little = _run(retrain)

    size = sum(row.size for row in data)
    share, name = fetched.bytes / size, f"{len(new)} new of {len(data)} photographs"
    yield figure(
        f"{name}: bytes fetched, of all",
        round(100 * share, 2),
        100,
        "%",
        1 / share,
        "≤ 2 %",
        share <= 0.02,
    )
    ratio = whole["features"] / little["features"]
    yield figure(
        f"{name}: processor time for features, against embedding again",
        round(little["features"], 2),
        round(whole["features"], 2),
        "s",
        ratio,
        "≥ 20 ×",
        ratio >= 20,
    )
    if TORCH.is_dir():
        taught = folder / "taught"
        _prepare(taught, data, data, files, {"algorithm": "finetune"})
        much = _run(taught, "finetune")
        yield _against_finetune(name, little, much)
    yield figure(
        f"{name}: processor time of the whole job",
        round(little["cpu"], 2),
        round(whole["cpu"], 2),
        "s",
        whole["cpu"] / little["cpu"],
        "",
        True,
    )
    yield figure(
        f"{name}: files of the model that differ",
        _differing(again / "model", retrain / "model"),
        0,
        "",
        1.0,
        "none: model, answers, mistakes",
        _differing(again / "model", retrain / "model") == 0,
    )


def _against_finetune(
    name: str, little: dict[str, float], much: dict[str, float]
) -> dict[str, Any]:
    ratio = much["features"] / little["features"]
    return figure(
        f"{name}: processor time for features, against finetune's for features and teaching",
        round(little["features"], 2),
        round(much["features"], 1),
        "s",
        ratio,
        "≥ 300 ×",
        ratio >= 300,
    )


def _differing(one: Path, other: Path) -> int:
    """Golden pictures are chosen among those that are at hand; the evaluation says how long."""
    names = ("model.onnx", "test.csv", "mistakes.json", "suspicious.json")
    files = sum((one / name).read_bytes() != (other / name).read_bytes() for name in names)
    scores = [
        json.loads((job / "evaluation.json").read_text())["candidate"] for job in (one, other)
    ]
    return files + int(scores[0] != scores[1])


def _rows_of(files: dict[str, Path]) -> list[Row]:
    contents = [path.read_bytes() for path in files.values()]
    found = []
    for key, content, look in zip(files, contents, hashed(contents), strict=True):
        sha256 = hashlib.sha256(content).hexdigest()
        label = key.split("/")[1]
        row = Row(key, "", len(content), sha256, label, _split(sha256), phash=look)
        found.append(row)
    return found


def _split(sha256: str) -> str:
    share = int(sha256[:8], 16) / 2**32
    return "train" if share < 0.6 else "validation" if share < 0.8 else "test"


def _kept(folder: Path) -> KeptFeatures:
    """As the data set's step reads it from the bucket."""
    pictures: set[bytes] = set()
    for index in (folder / BACKBONES["head"]).glob("*.index"):
        pictures.update(pictures_in(index.read_bytes()))
    golden = golden_in(path.name for path in (folder / GOLDEN_FOLDER).glob("*.jpg"))
    return KeptFeatures(pictures, pictures, golden)


# Very many pictures


def _many() -> Iterator[dict[str, Any]]:
    """Features drawn around a place for each label, and no picture file at all."""
    rng = np.random.default_rng(1)
    data, targets = [], rng.integers(0, LABELS, MANY)
    for number, target in enumerate(targets.tolist()):
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        key, look = f"images/label {target}/{number}.jpg", f"{rng.integers(0, 2**63):016x}"
        data.append(Row(key, "", 1, sha256, f"label {target}", _split(sha256), phash=look))
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder)
        _prepare(job, data, (), {}, {"pictures": "uncached"})
        width = _draw(job / "checkpoints", data, targets, rng)
        spent = _run(job)
    yield figure(
        f"{MANY} pictures by kept features of {width} numbers: trained and judged",
        round(spent["wall"], 1),
        180,
        "s",
        180 / spent["wall"],
        "≤ 180 s",
        spent["wall"] <= 180,
    )
    yield figure("the same: memory at most", round(spent["gb"], 1), 16, "GB", 1.0, "", True)


def _draw(folder: Path, data: Sequence[Row], targets: np.ndarray, rng: Any) -> int:
    from training.algorithms.head.export import frozen_backbone
    from training.model_file import frozen

    backbone = frozen(frozen_backbone())
    places = rng.normal(size=(LABELS, backbone.width)).astype(np.float32) / 4
    for start in range(0, len(data), SHARD):
        part = data[start : start + SHARD]
        noise = rng.standard_normal((len(part), backbone.width), np.float32)
        features = places[targets[start : start + SHARD]] + noise
        contents = [bytes.fromhex(row.sha256) for row in part]
        shards.write(
            folder / backbone.hash, backbone.hash, Looked(contents, features, [b""] * len(part))
        )
    return backbone.width


# The job


def _prepare(
    root: Path,
    data: Sequence[Row],
    there: Sequence[Row],
    files: dict[str, Path],
    settings: dict[str, str],
) -> None:
    channels = root / "input" / "data"
    (channels / "dataset").mkdir(parents=True)
    (root / "checkpoints").mkdir()
    for row in there:
        path = channels / "images" / row.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(files[row.key])
    with gzip.open(channels / "dataset" / "manifest.csv.gz", "wt", newline="") as file:
        write_rows(file, MANIFEST, data)
    config = root / "input" / "config"
    config.mkdir()
    (config / "hyperparameters.json").write_text(json.dumps({"algorithm": "head", **settings}))


def _run(root: Path, algorithm: str = "head") -> dict[str, float]:
    alone = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = os.environ | alone | {"LENSLOOP_ML_ROOT": str(root), "TORCH": str(TORCH)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, algorithm],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
