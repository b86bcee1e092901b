"""How does a data set become a judged model? Embed, train the head, export, evaluate, write: the
whole job.
"""

import csv
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lensloop.model.scores import reject_threshold
from lensloop.wire.errors import BadArtifact
from lensloop.wire.picture import RESIZE
from training import golden, mistakes, suspicious
from training.algorithms.head.backbone import SIZE, pretrained
from training.algorithms.head.export import classifier, embedder
from training.algorithms.head.regression import Head, train
from training.algorithms.head.weights import read_weights
from training.embed import embed, session
from training.evaluate import Answers, compare
from training.live import read_live
from training.paths import Paths
from training.pictures import Picture, Pictures
from training.suspicious import Answered, out_of_fold


def run(paths: Paths) -> None:
    """Writes /opt/ml/model/{model.onnx, evaluation.json, suspicious.json, mistakes.json,
    test.csv, golden/}.

    Raises LensloopError with a sentence.
    """
    seconds: dict[str, float] = {}
    settings = _hyperparameters(paths)
    pictures, live = Pictures.read(paths), read_live(paths)
    _check_trainable(pictures.rows, pictures.labels)
    labels, weights = pictures.labels, read_weights(pretrained())
    with _timed(seconds, "embed"):
        rows = pictures.of("train", "validation")
        rows, (features,) = embed(pictures, rows, [session(embedder(weights))], "embedded")
    _check_trainable(rows, labels)
    with _timed(seconds, "train"):
        head, threshold = _train(rows, features, labels)
    with _timed(seconds, "doubt"):
        answered = out_of_fold(rows, features, labels)
    with _timed(seconds, "export"):
        model = classifier(weights, head)
        paths.model.mkdir(parents=True, exist_ok=True)
        (paths.model / "model.onnx").write_bytes(model)
    with _timed(seconds, "evaluate"):
        models = [session(model)] + ([live.model] if live else [])
        test, (ours, *theirs) = embed(pictures, pictures.of("test"), models, "judged")
        answers = Answers.read(ours, labels)
        answers_of_live = Answers.read(theirs[0], live.labels) if live else None
        compared = compare(test, labels, answers, live, answers_of_live)
        mistakes.write(paths.model, test, answers, answers_of_live, pictures)
        # The test pictures taught it nothing, so its answers for them are as good as those out of
        # fold.
        doubts = suspicious.write(paths.model, [answered, Answered(test, ours)], labels, pictures)
        kept = golden.write(
            paths.model / "golden", golden.choose(test, answers), pictures, models[0], labels
        )
    evaluation = {
        "format": 1,
        "dataset": settings.get("digest", ""),
        "labels": labels,
        "input": {"width": SIZE, "height": SIZE, "resize": RESIZE},
        "temperature": head.temperature,
        "reject_threshold": threshold,
        **compared,
        "golden": kept,
        "left_out": [
            {"key": key, "reason": reason} for key, reason in sorted(pictures.left_out.items())
        ],
        "images": {
            "train": sum(row.split == "train" for row in rows),
            "validation": sum(row.split == "validation" for row in rows),
            "test": len(test),
        },
        "suspicious": doubts,
        "strength": head.strength,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
    }
    _write(paths, evaluation, test)
    _log(evaluation)


def _train(
    rows: Sequence[Picture], features: np.ndarray, labels: Sequence[str]
) -> tuple[Head, float]:
    """The head, and the confidence below which its answers deserve a second look."""
    targets = np.array([labels.index(row.label) for row in rows], np.int64)
    learn = np.array([row.split == "train" for row in rows])
    head, before = train(
        features[learn], targets[learn], (features[~learn], targets[~learn]), len(labels)
    )
    probabilities = before.probabilities(features[~learn])
    right = probabilities.argmax(axis=1) == targets[~learn]
    return head, reject_threshold(right.tolist(), probabilities.max(axis=1).tolist())


def _check_trainable(rows: Sequence[Picture], labels: Sequence[str]) -> None:
    if len(labels) < 2:
        have = f"only the label {labels[0]}" if labels else "no pictures at all"
        raise BadArtifact(
            f"The data set has {have}; training needs pictures of at least two labels."
        )
    without = [
        label for label in labels if not any(r.split == "train" and r.label == label for r in rows)
    ]
    if without:
        raise BadArtifact(
            f"No usable training pictures of {', '.join(without)}; add pictures of it or remove the"
            " label."
        )


def _hyperparameters(paths: Paths) -> dict[str, str]:
    try:
        settings: dict[str, str] = json.loads(paths.hyperparameters.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as damage:
        raise BadArtifact(f"hyperparameters.json cannot be read: {damage}.") from damage
    if settings.get("algorithm", "head") != "head":
        raise BadArtifact(
            f"`algorithm` is {settings['algorithm']}; this training job knows only head."
        )
    return settings


def _write(paths: Paths, evaluation: dict[str, Any], test: Sequence[Picture]) -> None:
    with (paths.model / "test.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("sha256", "label"))
        writer.writerows(sorted((row.sha256, row.label) for row in test))
    text = json.dumps(evaluation, indent=1, ensure_ascii=False, allow_nan=False)
    (paths.model / "evaluation.json").write_text(text, "utf-8")


def _log(evaluation: dict[str, Any]) -> None:
    """One `name=value` a line: SageMaker's metric definitions read the log."""
    scores = evaluation["candidate"]["all"]
    recalls = {name: s["recall"] for name, s in scores["labels"].items() if s["recall"] is not None}
    print(f"accuracy={scores['accuracy']:.4f}")
    print(f"lowest_recall={min(recalls.values(), default=0):.4f}")
    print(f"calibration_error={scores['calibration_error']:.4f}")
    print("recall: " + ", ".join(f"{name} {recall:.2f}" for name, recall in recalls.items()))
    if evaluation["live"]:
        print(f"live model: {evaluation['live']['all']['accuracy']:.4f} on the same pictures")
    if evaluation["suspicious"]:
        print(
            f"{evaluation['suspicious']} labels may be wrong; suspicious.json and the data set's"
            " report list them"
        )
    if evaluation["left_out"]:
        print(f"{len(evaluation['left_out'])} pictures left out; evaluation.json says why")
    print(
        "seconds: " + ", ".join(f"{name} {value}" for name, value in evaluation["seconds"].items()),
        flush=True,
    )


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[name] = time.monotonic() - began
