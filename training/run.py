"""How does a data set become a judged model? Train, evaluate, write: the whole job."""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lensloop.model import proof
from lensloop.model.release import LEARNT, TESTED
from lensloop.wire.errors import BadArtifact
from lensloop.wire.picture import RESIZE
from training import (
    eight_bits,
    first_camera,
    golden,
    golden_set,
    insights,
    mistakes,
    pace,
    suspicious,
    unfamiliar,
)
from training.algorithms.contract import Train, Trained
from training.algorithms.finetune.train import train as train_finetune
from training.algorithms.head.export import frozen_backbone
from training.algorithms.head.train import train as train_head
from training.algorithms.image_classification.train import train as train_image_classification
from training.algorithms.imported.train import train as train_imported
from training.embed import session
from training.evaluate import Answers, compare, known_to, scored_out_of_fold
from training.feature_cache import clear_lessons, note_backbones
from training.features import Features, Kept
from training.golden_kept import KeptGolden
from training.live import LiveRelease, usable_live
from training.model_file import ModelFile
from training.neighbours import Learnt
from training.out_of_fold import Answered
from training.paths import Paths
from training.pictures import SIZE, Picture, Pictures, check_trainable
from training.shards import Array
from training.stopwatch import Stopwatch

ALGORITHMS: dict[str, Train] = {
    "finetune": train_finetune,
    "head": train_head,
    "image-classification": train_image_classification,
    "imported": train_imported,
}


def run(paths: Paths) -> None:
    """Writes /opt/ml/model/{model.onnx, model.int8.onnx if it is good, evaluation.json,
    suspicious.json, mistakes.json, insights.json, test.csv, learnt.csv, golden/}.

    Raises LensloopError with a sentence.
    """
    settings, stopwatch = _hyperparameters(paths), Stopwatch()
    with _kept(paths, settings) as kept:
        _run(paths, settings, stopwatch, kept)


@contextmanager
def _kept(paths: Paths, settings: Mapping[str, str]) -> Iterator[Kept]:
    """What earlier jobs left, if this one was asked for so; what it sees itself is kept anyway, if
    only for as long as it lasts.
    """
    with ExitStack() as stack:
        folder = paths.checkpoints
        if not folder.is_dir():
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="lensloop-features-")))
        job = os.environ.get("TRAINING_JOB_NAME", "")
        yield Kept.found(folder, settings.get("pictures", ""), job)


def _run(paths: Paths, settings: Mapping[str, str], stopwatch: Stopwatch, kept: Kept) -> None:
    pictures, (live, unreadable) = Pictures.read(paths), usable_live(paths)
    if unreadable:
        print(f"compared with no live model: {unreadable}", flush=True)
    if live:
        live = live.in_the_names_of({row.sha256: row.label for row in pictures.rows})
    check_trainable(pictures.rows, pictures.labels)
    features = Features(pictures, frozen_backbone, kept)
    trained = ALGORITHMS[settings.get("algorithm", "head")](pictures, features, stopwatch)
    paths.model.mkdir(parents=True, exist_ok=True)
    (paths.model / "model.onnx").write_bytes(trained.model)
    with stopwatch.measure("evaluate"):
        test, judged = _judge(paths, trained, live, pictures, features)
    with stopwatch.measure("int8"):
        judged["int8"] = eight_bits.made(paths, trained, pictures, features)
    features.close()
    _note_backbones(kept.folder, settings, judged["backbone"], live)
    evaluation = {
        "format": 1,
        "algorithm": settings.get("algorithm", "head"),
        "dataset": settings.get("digest", ""),
        "labels": pictures.labels,
        "input": {"width": SIZE, "height": SIZE, "resize": RESIZE},
        "temperature": trained.temperature,
        "reject_threshold": trained.reject_threshold,
        **judged,
        "live_unreadable": unreadable,
        "left_out": [
            {"key": key, "reason": reason} for key, reason in sorted(pictures.left_out.items())
        ],
        "images": {
            "train": _count(trained.learnt_from, "train"),
            "validation": _count(trained.learnt_from, "validation"),
            "test": len(test),
        },
        **trained.facts,
        **_made_elsewhere(settings, trained),
        "seconds": stopwatch.seconds,
    }
    _write_lists(paths, test, trained.learnt_from)
    with stopwatch.measure("prove"):
        evaluation[proof.FIELD] = first_camera.proved(paths, evaluation)
        eight_bits.withdraw_unproved(paths, evaluation)
    text = json.dumps(evaluation, indent=1, ensure_ascii=False, allow_nan=False)
    (paths.model / "evaluation.json").write_text(text, "utf-8")
    clear_lessons(kept.folder)
    _log(evaluation)


def _judge(
    paths: Paths,
    trained: Trained,
    live: LiveRelease | None,
    pictures: Pictures,
    features: Features,
) -> tuple[Sequence[Picture], dict[str, Any]]:
    """The usable test pictures, and how the model and the live one do on them; writes what people
    and cameras look at.
    """
    labels, candidate = pictures.labels, ModelFile(trained.model)
    test, seen, theirs = _answered(pictures.of("test"), candidate, live, features)
    ours = candidate.probabilities(seen)
    answers = Answers.read(ours, labels)
    strange = unfamiliar.measure(candidate, seen, trained.unfamiliar_threshold)
    answers_of_live = Answers.read(theirs, live.labels) if live else None
    mistakes.write(paths.model, test, answers, answers_of_live, features)
    all_answered = insights.Judged(test, answers, answers_of_live, known_to(live, test), strange)
    learnt = _learnt(trained, candidate, features, (test, seen))
    insights.write(paths.model, all_answered, learnt, labels, features.thumbnail)
    # The test pictures taught it nothing, so its answers for them are as good as those of models
    # that were not taught with a picture.
    answered = [trained.out_of_fold, Answered(test, ours.astype(np.float64))]
    running = session(trained.model)
    chosen = golden.choose(test, answers, trained.learnt_from)
    proof = golden.Proof(
        running,
        labels,
        golden.confidence_of(test, answers),
        strange.most_of_golden if strange else None,
        kept=features.kept_by(candidate.backbone) > 0,
    )
    return test, {
        **compare(test, labels, answers, live, answers_of_live),
        **scored_out_of_fold(trained.out_of_fold, labels, live),
        "golden_set": golden_set.scored(paths, running, labels),
        "model_bytes": len(trained.model),
        "milliseconds": pace.milliseconds(running),
        "backbone": candidate.backbone.hash,
        "unfamiliar": strange.evaluated() if strange else None,
        "features": {
            "kept": features.kept_by(candidate.backbone),
            "embedded": features.embedded,
        },
        "golden": _golden(paths, chosen, proof, pictures, features.kept),
        "suspicious": suspicious.write(paths.model, answered, labels, features),
    }


def _learnt(
    trained: Trained,
    candidate: ModelFile,
    features: Features,
    judged: tuple[Sequence[Picture], Array],
) -> Learnt | None:
    """By the candidate's own backbone, as it has looked at all of them. A model from elsewhere
    shows only its answers, which are alike for all pictures of a label: there the frozen one looks,
    or has looked in earlier runs.
    """
    if not trained.learnt_from:
        return None
    test, asked = judged
    backbone = candidate.backbone
    if not candidate.has_head:
        backbone = features.frozen
        _, asked = features.by(backbone, test, "compared")
    rows, seen = features.by(backbone, trained.learnt_from, "compared")
    is_frozen = candidate.backbone.hash == features.frozen.hash
    return Learnt(rows, seen, asked, has_curve=is_frozen)


def _golden(
    paths: Paths, chosen: Iterator[Picture], proof: golden.Proof, pictures: Pictures, kept: Kept
) -> list[dict[str, Any]]:
    before = KeptGolden(kept.folder)
    written = golden.write(paths.model / "golden", chosen, pictures, proof, before)
    before.tidy({row.sha256 for row in pictures.rows})
    return written


def _answered(
    rows: Sequence[Picture], candidate: ModelFile, live: LiveRelease | None, features: Features
) -> tuple[Sequence[Picture], Array, Array]:
    """The pictures that both models can answer for, what the candidate's backbone sees in them, and
    what the live model answers; where nothing is live, nothing for that.
    """
    if live:
        rows, _ = features.by(live.model.backbone, rows, "judged")
    test, seen = features.by(candidate.backbone, rows, "judged")
    theirs = np.empty((0, 0), np.float32)
    if live:
        _, seen_by_live = features.by(live.model.backbone, test, "judged")
        theirs = live.model.probabilities(seen_by_live)
    return test, seen, theirs


def _made_elsewhere(settings: Mapping[str, str], trained: Trained) -> dict[str, Any]:
    """Of which file the model is made, as the workflow has it; nothing when it was taught here."""
    if not settings.get("artefact"):
        return {}
    artefact = {**trained.facts.get("artefact", {}), "uri": settings["artefact"]}
    if "layers" in settings:
        artefact["layers"] = int(settings["layers"])
    return {"artefact": artefact}


def _note_backbones(
    folder: Path, settings: Mapping[str, str], backbone: str, live: LiveRelease | None
) -> None:
    """Of this run's model, which may be live next time, and of the live one, which may stay."""
    epochs = {settings["epoch"]: backbone} if "epoch" in settings else {}
    if live:
        epochs[str(live.epoch)] = live.model.backbone.hash
    note_backbones(folder, epochs)


def _count(rows: Sequence[Picture], split: str) -> int:
    return sum(row.split == split for row in rows)


def _hyperparameters(paths: Paths) -> dict[str, str]:
    try:
        settings: dict[str, str] = json.loads(paths.hyperparameters.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as damage:
        raise BadArtifact(f"hyperparameters.json cannot be read: {damage}.") from damage
    if settings.get("algorithm", "head") not in ALGORITHMS:
        raise BadArtifact(
            f"`algorithm` is {settings['algorithm']}; this training job knows only"
            f" {', '.join(ALGORITHMS)}."
        )
    return settings


def _write_lists(paths: Paths, test: Sequence[Picture], learnt: Sequence[Picture]) -> None:
    for name, rows in ((TESTED, test), (LEARNT, learnt)):
        with (paths.model / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("sha256", "label"))
            writer.writerows(sorted((row.sha256, row.label) for row in rows))


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
    if evaluation["unfamiliar"]:
        flagged = evaluation["unfamiliar"]["false_alarms"]
        print(f"unfamiliar: {flagged} of the {scores['images']} test pictures")
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
