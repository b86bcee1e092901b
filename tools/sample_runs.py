"""What does a run find in some pictures? The data set's rules, the training job and the gate, with
no cloud around them: for pages to look at.
"""

import gzip
import hashlib
import io
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from lensloop.dataset.assembly import Dataset, assemble
from lensloop.dataset.inspection import SAMPLES_PER_LABEL
from lensloop.dataset.readiness import readiness
from lensloop.dataset.report import History, report
from lensloop.dataset.rows import MANIFEST, Row, write_rows
from lensloop.dataset.suspicious import doubted, read_doubts
from lensloop.model.evaluation import read_evaluation
from lensloop.model.floors import Floors
from lensloop.model.gate import judge
from lensloop.model.insights import read_insights
from lensloop.model.mistakes import read_mistakes
from lensloop.model.release import LEARNT, TESTED
from lensloop.settings import Settings
from lensloop.wire.errors import PictureError
from lensloop.wire.manifest import File, make
from lensloop.wire.picture import open_picture, phash, thumbnail
from training.paths import Paths
from training.run import run

WRONG = 12  # pictures of each label that go to the next one's folder
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Trained:
    """One run's real findings."""

    report: dict[str, Any]
    evaluation: dict[str, Any]
    mistakes: Mapping[str, Any]
    insights: Mapping[str, Any]
    reasons: tuple[str, ...]
    ship: bool


# Pictures


def drawn(labels: Iterable[str], count: int = 40) -> dict[str, bytes]:
    """Shapes of a label's own colour on a noisy ground."""
    files = {}
    for label in labels:
        for number in range(count):
            files[f"images/{label}/{number:03d}.jpg"] = _drawing(label, number)
    return files


def _drawing(label: str, number: int) -> bytes:
    colour = hashlib.sha256(label.encode()).digest()
    rng = random.Random(f"{label} {number}")
    image = Image.frombytes("RGB", (20, 15), rng.randbytes(900)).resize((160, 120))
    x, y, size = rng.randint(5, 70), rng.randint(5, 50), rng.randint(40, 65)
    ImageDraw.Draw(image).ellipse((x, y, x + size, y + size), fill=(*colour[:3],))
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


def read(folder: Path) -> dict[str, bytes]:
    files = {}
    for path in sorted(folder.glob("*/*")):
        if path.is_file():
            files[f"images/{path.parent.name}/{path.name}"] = path.read_bytes()
    return files


def spoiled(files: Files) -> dict[str, bytes]:
    """Some pictures in wrong folders, one that is damaged, and one that is no picture at all."""
    labels = sorted({key.split("/")[1] for key in files})
    found = dict(files)
    for i, label in enumerate(labels):
        mine = [key for key in files if key.split("/")[1] == label]
        for key in mine[:WRONG]:
            wrong = labels[(i + 1) % len(labels)]
            found[f"images/{wrong}/really {label} {key.split('/')[-1]}"] = found.pop(key)
    first = next(iter(found))
    found[f"images/{labels[0]}/half.jpg"] = found[first][:900]
    found[f"images/{labels[0]}/notes.txt"] = b"no picture"
    return found


# Runs


def trained(
    epoch: int,
    files: Files,
    folder: Path,
    before: Mapping[str, Any] | None = None,
    live: Path | None = None,
) -> Trained:
    """What run `epoch` finds: the data set's steps, the training job, and the gate."""
    settings = Settings()
    rows, samples = _inspected(files)
    dataset = assemble(rows, (), settings.min_test_images_per_label)
    keys = frozenset(row.key for row in rows)
    history = History(epoch=epoch, report=before or {}, inspected=keys, samples=samples)
    found = report(dataset, readiness(dataset, settings, "bucket"), history, settings)
    _channels(dataset, files, folder, live)
    run(Paths(folder))
    evaluation = json.loads((folder / "model/evaluation.json").read_text("utf-8"))
    doubts = read_doubts(json.loads((folder / "model/suspicious.json").read_text("utf-8")))
    mistakes = read_mistakes(json.loads((folder / "model/mistakes.json").read_text("utf-8")))
    insights = read_insights(json.loads((folder / "model/insights.json").read_text("utf-8")))
    verdict = judge(read_evaluation(evaluation), Floors.from_settings(settings))
    return Trained(
        doubted(found, doubts), evaluation, mistakes, insights, verdict.reasons, verdict.ship
    )


def _inspected(files: Files) -> tuple[list[Row], dict[str, dict[str, Any]]]:
    rows, samples, kept = [], {}, dict[str, int]()
    for key, data in files.items():
        label, sha256 = key.split("/")[1], hashlib.sha256(data).hexdigest()
        try:
            image = open_picture(data, at_least=256)
        except PictureError as reason:
            rows.append(Row(key, sha256, len(data), reason=str(reason)))
            continue
        size = {"width": image.width, "height": image.height, "phash": phash(image)}
        rows.append(Row(key, sha256, len(data), sha256, **size))
        kept[label] = kept.get(label, 0) + 1
        if kept[label] <= SAMPLES_PER_LABEL:
            measured = {"border": [128, 128, 128, 99], "brightness": 118}
            samples[key] = {"thumbnail": thumbnail(image), **measured}
    return rows, samples


def _channels(dataset: Dataset, files: Files, folder: Path, live: Path | None) -> None:
    """/opt/ml as the training job finds it."""
    channels = folder / "input/data"
    (channels / "dataset").mkdir(parents=True)
    with gzip.open(channels / "dataset/manifest.csv.gz", "wt", newline="") as file:
        write_rows(file, MANIFEST, dataset.accepted)
    for row in dataset.accepted:
        path = channels / "images" / row.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[row.key])
    if live:
        (channels / "live").symlink_to(live)
    (folder / "input/config").mkdir()
    digest = json.dumps({"digest": dataset.digest})
    (folder / "input/config/hyperparameters.json").write_text(digest)


def release(epoch: int, trained: Path, folder: Path) -> Path:
    """What the training of the next run reads of a release, in a folder of its own."""
    folder.mkdir()
    model = (trained / "model/model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(model)
    for name in (TESTED, LEARNT):
        (folder / name).write_bytes((trained / "model" / name).read_bytes())
    evaluation = json.loads((trained / "model/evaluation.json").read_text("utf-8"))
    described = File("model.onnx", hashlib.sha256(model).hexdigest(), len(model))
    golden = File("golden.zip", "0" * 64, 1)
    content = make("trash", epoch, evaluation, described, golden, "2026-11-22T12:00:00Z")
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder
