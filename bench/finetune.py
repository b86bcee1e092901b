"""What does teaching the backbone bring, and at what price? `finetune` beside `head` on the same
five splits of TrashNet's six labels, how honest its confidence is, whether it knows what it was not
taught, whether the file answers as the trainer did, and how much cheaper the file's network is than
torch's.

All pictures of a split are looked at once for all splits: what is seen does not depend on them.
Each split's figures are written down as they come (.build/bench-finetune.json), and are taken from
there when a bench that was cut short is run again with the same code.
"""

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bench.figure import figure
from bench.photographs import DATA, hashed
from lensloop.model.scores import calibration_error

ROOT = Path(__file__).parents[1]
# SageMaker's image has torch; here it is where `make finetune-deps` puts it.
TORCH = ROOT / ".build" / "finetune"
NOTES = ROOT / ".build" / "bench-finetune.json"
SPLITS = 5
_SPEED = 64  # pictures


@dataclass(frozen=True)
class Scores:
    accuracy: float
    macro: float  # the mean of the labels' recalls
    calibration_error: float
    answered: float  # of all, with more confidence than the threshold
    wrong: float  # of those answered
    cpu_seconds: float


# What is said of the means, with its bar: at least this, or at most where it is negative.
_BARS: Sequence[tuple[str, str, float]] = (
    ("accuracy", "accuracy", 0.92),
    ("macro", "mean of the labels' recalls", 0.91),
    ("calibration_error", "calibration error", -0.03),
    ("answered", "answered", 0.70),
    ("wrong", "wrong of those answered", -0.02),
)


def rows() -> list[dict[str, Any]]:
    if not (DATA / "trashnet6").is_dir():
        print(f"  left out: the photographs are not on this machine ({DATA})", file=sys.stderr)
        return []
    if not TORCH.is_dir():
        print("  left out: needs PyTorch, by `make finetune-deps`", file=sys.stderr)
        return []
    sys.path.append(str(TORCH))
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder))
        return [
            *bench.accuracy(),
            *bench.unfamiliar(),
            bench.same_answers(),
            bench.speed(),
        ]


class _Bench:
    def __init__(self, folder: Path) -> None:
        from training.algorithms.finetune import course, maps
        from training.algorithms.finetune.cut import LATE, cut
        from training.algorithms.head.export import frozen_backbone
        from training.features import Kept
        from training.paths import Paths

        (folder / "input" / "data").mkdir(parents=True)
        (folder / "input" / "data" / "images").symlink_to(DATA / "trashnet6")
        (folder / "all").mkdir()
        self.paths, self._kept = Paths(folder), Kept(folder / "kept")
        self.pictures = _pictures(self.paths)
        self._all = maps.look(
            folder / "all", self.pictures, self.pictures.rows, cut(frozen_backbone(), LATE)
        )
        mock.patch.object(course, "look", self._looked).start()
        self._last: tuple[bytes, Sequence[Any]] | None = None

    def accuracy(self) -> Iterator[dict[str, Any]]:
        from training.algorithms.finetune.train import train as finetune
        from training.algorithms.head.train import train as head

        code = _code()  # now: what is changed while this runs is not what ran
        found = _noted(code)[: SPLITS - 1]  # the last one's model is asked more
        for seed in range(len(found), SPLITS):
            found.append((self._scores(finetune, seed), self._scores(head, seed)))
            notes = [[vars(ours), vars(other)] for ours, other in found]
            NOTES.write_text(json.dumps({"code": code, "splits": notes}, indent=1))
            print(f"  split {seed}: {found[-1]}", file=sys.stderr, flush=True)
        for what, name, bar in _BARS:
            title = f"finetune, {name} on trashnet6 (mean of {SPLITS} splits), beside head"
            yield _barred(title, *_means(found, what), bar)
        ours, other = _means(found, "cpu_seconds")
        title = "finetune, CPU seconds of teaching a split, beside head"
        yield _row(title, round(ours), round(other, 1), "s", "", True)

    def unfamiliar(self) -> Iterator[dict[str, Any]]:
        """Each label left out of the head in turn, on the last split; asked are its test pictures.
        The network itself was taught with that label: without it, each label would need a
        teaching of its own.
        """
        from training.algorithms.finetune.train import learn as learn_on_taught
        from training.algorithms.head.train import learn
        from training.features import Features
        from training.model_file import ModelFile

        assert self._last is not None
        pictures = _split(self.pictures, SPLITS - 1)
        features = Features(pictures, _frozen, self._kept)
        taught = ModelFile(self._last[0]).backbone
        ours = _left_out(learn_on_taught, pictures, features, taught)
        other = _left_out(learn, pictures, features, features.frozen)
        for place, (name, bar) in enumerate((("flagged", 0.8), ("false alarms", -0.05))):
            title = f"finetune, unfamiliar: a label left out of the head, {name}, beside head"
            yield _barred(title, ours[place], other[place], bar)

    def same_answers(self) -> dict[str, Any]:
        """Of the last split's model: torch's own forward pass, from the pictures."""
        import torch

        from training.algorithms.finetune.cut import WHOLE, cut, weights_of
        from training.algorithms.finetune.network import Network
        from training.embed import session
        from training.model_file import ModelFile

        assert self._last is not None
        model, test = self._last
        file = ModelFile(model)
        backbone, furthest = file.backbone.model, 0.0
        network = Network(cut(backbone, WHOLE), weights_of(backbone))
        runnable = session(model)
        for start in range(0, len(test), 16):
            images = np.stack(self.pictures.load(test[start : start + 16]).inputs)
            with torch.inference_mode():
                seen = network({"image": torch.from_numpy(images)}).numpy()
            answers = runnable.run(["probabilities"], {"image": images})[0]
            furthest = max(furthest, float(np.abs(file.probabilities(seen) - answers).max()))
        title = f"finetune, furthest answer of file and torch ({len(test)} test pictures)"
        return _row(title, furthest, None, "", "≤ 0.001", furthest <= 1e-3)

    def speed(self) -> dict[str, Any]:
        """Pictures a CPU second, one thread: the file by onnxruntime, and torch's eager mode with
        the layers as the network was published.
        """
        import torch
        from torch.nn import functional

        from training.algorithms.finetune.cut import WHOLE, cut, weights_of
        from training.algorithms.finetune.network import Network
        from training.algorithms.head.export import frozen_backbone
        from training.embed import session

        model = frozen_backbone()
        runnable, network = session(model), Network(cut(model, WHOLE), weights_of(model))
        network.to(memory_format=torch.contiguous_format)
        images = np.random.default_rng(1).integers(0, 255, (16, 224, 224, 3), dtype=np.uint8)
        tensors, convolve = {"image": torch.from_numpy(images)}, functional.conv2d

        def as_published(x: Any, weight: Any, bias: Any, *rest: Any) -> Any:
            """A batch norm behind each convolution, and the channels first."""
            x = convolve(x.contiguous(), weight, None, *rest)
            one = torch.ones_like(bias)
            return functional.batch_norm(x, torch.zeros_like(bias), one, one, bias)

        def ours() -> None:
            runnable.run(None, {"image": images})

        def other() -> None:
            with torch.inference_mode(), mock.patch.object(functional, "conv2d", as_published):
                network(tensors)

        pairs = [(_per_second(ours), _per_second(other)) for _ in range(3)]
        fast, slow = (max(column) for column in zip(*pairs, strict=True))
        title = "embedding, pictures a CPU second: onnxruntime beside eager torch"
        holds = fast >= 3.5 * slow
        return _row(title, round(fast, 1), round(slow, 1), "pictures/s", "≥ 3.5 ×", holds)

    def _scores(self, train: Callable[..., Any], seed: int) -> Scores:
        from training.algorithms.head.export import frozen_backbone
        from training.features import Features
        from training.model_file import ModelFile
        from training.stopwatch import Stopwatch

        pictures = _split(self.pictures, seed)
        features = Features(pictures, frozen_backbone, self._kept)
        features.of(pictures.rows)  # what is frozen is looked at once for all
        began = time.process_time()
        trained = train(pictures, features, Stopwatch())
        seconds = time.process_time() - began
        model = ModelFile(trained.model)
        test, seen = features.by(model.backbone, pictures.of("test"), "judged")
        truth = np.array([pictures.labels.index(row.label) for row in test])
        chances = model.probabilities(seen)
        right, confidence = chances.argmax(axis=1) == truth, chances.max(axis=1)
        recalls = [right[truth == label].mean() for label in range(len(pictures.labels))]
        self._last = (trained.model, test) if "lessons" in trained.facts else self._last
        sure = confidence >= trained.reject_threshold
        return Scores(
            float(right.mean()),
            float(np.mean(recalls)),
            calibration_error(right.tolist(), confidence.tolist()),
            float(sure.mean()),
            float(1 - right[sure].mean()) if sure.any() else 0.0,
            seconds,
        )

    def _looked(self, *asked: Any) -> Any:
        """In the place of maps.look."""
        _, _, rows, _ = asked
        places = {row.sha256: i for i, row in enumerate(self._all.rows)}
        wanted = np.array([places[row.sha256] for row in rows], np.int64)
        return replace(self._all, rows=rows, places=self._all.places[wanted])


def _frozen() -> bytes:
    from training.algorithms.head.export import frozen_backbone

    return frozen_backbone()


def _left_out(
    learn: Callable[..., Any], pictures: Any, features: Any, backbone: Any
) -> tuple[float, float]:
    """The shares that are called unfamiliar of test pictures: of the label that is left out, and of
    the others. `learn` is an algorithm's own.
    """
    from training.algorithms.head.familiarity import familiarity

    flagged, alarms = [], []
    for label in pictures.labels:
        known = [row for row in pictures.of("train", "validation") if row.label != label]
        rows, seen = features.by(backbone, known, "judged")
        taught, _ = learn(rows, seen, [name for name in pictures.labels if name != label])
        test, asked = features.by(backbone, pictures.of("test"), "judged")
        strange = np.zeros(len(test), bool)  # of too few pictures nobody can tell
        if familiar := familiarity(seen, taught):
            measured, threshold = familiar
            strange = measured.unfamiliar(asked, taught.head.probabilities(asked)) > threshold
        new = np.array([row.label == label for row in test])
        flagged.append(strange[new].mean())
        alarms.append(strange[~new].mean())
    return float(np.mean(flagged)), float(np.mean(alarms))


def _noted(code: str) -> list[tuple[Scores, Scores]]:
    notes = json.loads(NOTES.read_text()) if NOTES.exists() else {}
    if not isinstance(notes, dict) or notes.get("code") != code:
        return []
    return [(Scores(**ours), Scores(**other)) for ours, other in notes["splits"]]


def _code() -> str:
    """Of all that the figures come from, but for the pictures."""
    files = [Path(__file__), *sorted((ROOT / "training").rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _means(found: Sequence[tuple[Scores, Scores]], what: str) -> tuple[float, float]:
    pairs = np.array([[getattr(ours, what), getattr(other, what)] for ours, other in found])
    ours, other = pairs.mean(axis=0)
    return float(ours), float(other)


def _pictures(paths: Any) -> Any:
    from training.pictures import Picture, Pictures

    files = sorted((DATA / "trashnet6").glob("*/*.jpg"))
    contents = [file.read_bytes() for file in files]
    found = {}
    for file, content, look in zip(files, contents, hashed(contents), strict=True):
        sha256, label = hashlib.sha256(content).hexdigest(), file.parent.name
        found[sha256] = Picture(f"{label}/{file.name}", sha256, label, "train", look)
    return Pictures(paths, [*found.values()])


def _split(pictures: Any, seed: int) -> Any:
    """60 / 20 / 20, at random."""
    order = np.random.default_rng(seed).permutation(len(pictures.rows))
    first, second = int(0.6 * len(order)), int(0.8 * len(order))
    splits = dict.fromkeys(order[:first].tolist(), "train")
    splits |= dict.fromkeys(order[first:second].tolist(), "validation")
    split = [replace(row, split=splits.get(i, "test")) for i, row in enumerate(pictures.rows)]
    return replace(pictures, rows=split)


def _per_second(work: Callable[[], None]) -> float:
    work()
    began = time.process_time()
    for _ in range(_SPEED // 16):
        work()
    return _SPEED / (time.process_time() - began)


def _barred(title: str, ours: float, other: float, bar: float) -> dict[str, Any]:
    """A bar below zero is the most that it may be."""
    # A mean of shares of pictures may be a hair off.
    holds = round(ours, 9) >= bar if bar > 0 else round(ours, 9) <= -bar
    goal = f"≥ {bar}" if bar > 0 else f"≤ {-bar}"
    return _row(title, round(ours, 4), round(other, 4), "", goal, holds)


def _row(
    name: str, ours: float, other: float | None, unit: str, goal: str, holds: bool
) -> dict[str, Any]:
    return figure(name, ours, other, unit, ours / other if other else 1.0, goal, holds)
