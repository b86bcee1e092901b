"""What do the pages look like? Writes one of each kind of end, to be looked at in a browser:
`python -m tools.sample_pages FOLDER [PICTURES]`.

PICTURES is a folder with a folder for each label, such as a data set of photographs; without it
shapes are drawn. Everything but the records is real: the pictures are assembled, trained on and
judged by the code that ships, first as they are, then with a few in wrong folders.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lensloop import news
from lensloop.machines.choose import Tried
from lensloop.model import approval, precision
from lensloop.pages import dataset as dataset_page
from lensloop.pages import demo as demo_page
from lensloop.pages import run as run_page
from lensloop.pages.confusion import matrix
from tools.sample_runs import Files, Trained, drawn, read, release, spoiled, trained

LONGEST = "an exceptionally long label name of sixty-three characters-abcd"
UNBROKEN = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunter1"
# What no label may be today, and no page may be broken by.
HOSTILE = (
    "<script>alert(1)</script>",
    "\u202ecilbup\u2066",
    "قوارير زجاجية",
    "紙とダンボールと新聞紙",
    "a`b` & \"c\" 'd' {{ 7 * 7 }}",
    LONGEST,
    UNBROKEN,
)


def main(out: Path, pictures: Path | None) -> None:
    out.mkdir(parents=True, exist_ok=True)
    files = read(pictures) if pictures else drawn(("compost", "landfill", "recycling"))
    with tempfile.TemporaryDirectory(prefix="lensloop-samples-") as folder:
        _first_release(out, Path(folder) / "few")
        good, refused = _runs(files, Path(folder) / "pictures")
        for name, (end, found) in ends(good, refused).items():
            _write(out / f"run-{name}.html", run_html(end, found))
        _write(out / "dataset.html", dataset_page.page(good.report))
        short = good.report | {"trainable": False, "reasons": ["`glass` has 2 pictures of 8."]}
        _write(out / "dataset-too-few.html", dataset_page.page(short))
        _write(out / "demo.html", demo_page.page(demo(good, refused)))
        _others(out, Path(folder))


def _runs(files: Files, folder: Path) -> tuple[Trained, Trained]:
    """A better model and a refused one, both against a release that knew half of the pictures."""
    half = {key: data for i, (key, data) in enumerate(files.items()) if i % 2}
    first = trained(6, half, folder / "first")
    live = release(6, folder / "first", folder / "live")
    good = trained(7, files, folder / "good", first.report, live)
    return good, trained(7, spoiled(files), folder / "refused", first.report, live)


def _first_release(out: Path, folder: Path) -> None:
    first = trained(1, drawn(("compost", "landfill", "recycling")), folder)
    _write(out / "run-first.html", run_html(record("released", first, epoch=1), first))


def _others(out: Path, folder: Path) -> None:
    """Names that nobody should have, and more labels than fit into a table."""
    names = ("compost", "landfill", "recycling", "metal", "paper", "plastic", "glass")
    _, refused = _runs(drawn(names), folder / "hostile")
    hostile = renamed(refused, dict(zip(sorted(names), HOSTILE, strict=True)))
    _write(out / "run-hostile.html", run_html(record("refused", hostile), hostile))
    _write(out / "dataset-hostile.html", dataset_page.page(hostile.report))
    for count in (12, 40):
        labels = [f"kind of thing {n:02d}" for n in range(count)]
        _, many = _runs(drawn(labels, 30), folder / f"{count}")
        _write(out / f"run-{count}-labels.html", run_html(record("refused", many), many))


def _write(file: Path, page: str) -> None:
    file.write_text(page, "utf-8")
    print(file)


def renamed(found: Trained, names: Mapping[str, str]) -> Trained:
    """The same findings about labels of other names."""
    parts = {"report", "evaluation", "mistakes", "insights"}
    return replace(found, **{part: _renamed(getattr(found, part), names) for part in parts})


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    if not isinstance(value, str):
        return value
    folder, slash, file = value.removeprefix("images/").partition("/")
    if slash and value.startswith("images/") and folder in names:
        return f"images/{names[folder]}/{file}"
    return names.get(value, value)


def record(outcome: str, trained: Trained | None = None, **parts: Any) -> dict[str, Any]:
    """A run record as `lensloop.record` makes it; what its run did not come to is null."""
    found: dict[str, Any] = {
        "format": 1,
        "epoch": 7,
        "project": "trash",
        "outcome": outcome,
        "reasons": [],
        "began_at": "2026-11-26T10:15:00+00:00",
        "ended_at": "2026-11-26T10:22:40+00:00",
        "execution": "arn:aws:states:eu-central-1:123456789012:execution:retraining:r00000007",
        "changes": None,
        "dataset": None,
        "training": None,
        "scores": None,
        "verdict": None,
        "doubts": None,
        "mistakes": None,
        "unfamiliar": None,
        "release": None,
        "registered": None,
        "rollout": None,
        "failure": None,
        "messages": [],
    }
    if trained:
        found |= _of_training(trained)
    return found | parts


def _of_training(trained: Trained) -> dict[str, Any]:
    report, evaluation = trained.report, trained.evaluation
    dataset = {name: report[name] for name in ("digest", "images", "rejected", "labels")}
    job = {
        "name": "deeplens-trash-7-2",
        "status": "Completed",
        "seconds": 96,
        "billable_seconds": 96,
        "instance": "ml.m5.xlarge",
        "spot": False,
    }
    stopped = {
        **job,
        "name": "deeplens-trash-7-1",
        "status": "Failed",
        "seconds": 3725,
        "billable_seconds": 1100,
        "spot": True,
    }
    return {
        "reasons": list(trained.reasons),
        "changes": {name: report[name] for name in ("new", "removed", "since")},
        "dataset": {**dataset, "report": f"datasets/{report['digest']}/report.html"},
        "training": {"jobs": [stopped, job], "model": "s3://bucket/training/model.tar.gz"},
        "scores": {"candidate": evaluation["candidate"], "live": evaluation["live"]},
        "verdict": {"ship": trained.ship, "reasons": list(trained.reasons)},
        "mistakes": {"count": trained.mistakes["count"]},
        "unfamiliar": evaluation.get("unfamiliar"),
        "release": _release(evaluation) if trained.ship else None,
        "int8": precision.told(evaluation),
    }


def _release(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    accuracy = evaluation["candidate"]["all"]["accuracy"]
    labels = list(evaluation["labels"])
    release = {"epoch": 7, "model_sha256": "0123456789abcdef" * 4, "labels": labels}
    return {**release, "accuracy": accuracy, "left_out": {}}


def _rollout(outcome: str, proven: int, cameras: int, *reasons: str) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "reasons": list(reasons),
        "proven": proven,
        "cameras": cameras,
        "ended_at": "2026-11-26T10:31:12+00:00",
        "execution": "arn:aws:states:eu-central-1:123456789012:execution:rollout:r00000007",
    }


def _message(subject: str, body: str, sent: bool = True) -> dict[str, Any]:
    at = "2026-11-26T10:22:41+00:00"
    return {"at": at, "source": "retraining", "subject": subject, "body": body, "sent": sent}


DECISIONS = {
    "to-approve": approval.WAITING,
    "approved": approval.APPROVED,
    "rejected": approval.REJECTED,
    "replaced": approval.SUPERSEDED,
}


def _decided(trained: Trained, decision: str) -> dict[str, Any]:
    by = {
        approval.WAITING: "",
        approval.SUPERSEDED: "release 8",
    }.get(decision, "arn:aws:iam::123456789012:user/ann")
    note = "blurred" if decision == approval.REJECTED else ""
    said = {"decision": decision, "by": by, "note": note, "at": "2026-11-26T11:02:00+00:00"}
    return record("waits-for-approval", trained, approval=said)


NO_QUOTA = {
    "error": "SageMaker.AmazonSageMakerException",
    "cause": "The account-level service limit 'ml.m5.xlarge for training job usage' is 0 Instances,"
    " with current utilization of 0 Instances and a request delta of 1 Instances.",
}
FAILURE = {
    "error": "TrainingFailed",
    "cause": "The training job deeplens-trash-7-2 failed: No usable training pictures of glass; add"
    " pictures of it or remove the label.\n"
    + json.dumps({"FailureReason": "AlgorithmError", "Path": "/opt/ml/input/data/" + "x" * 180}),
}


def ends(good: Trained, refused: Trained) -> dict[str, tuple[dict[str, Any], Trained | None]]:
    """A run record for every kind of end, and what its run found."""
    released = record("released", good, messages=[_message("Release 7", "On its way.\n– fine")])
    parts = ("training", "scores", "verdict", "mistakes", "release", "int8")
    early: dict[str, Any] = dict.fromkeys(parts)
    untold = [_message("Run 7 failed", "An accident.\n" + FAILURE["cause"], sent=False)]
    rollouts = {
        "rolled-out": _rollout("rolled-out", 3, 3),
        "no-cameras": _rollout("no-cameras", 0, 0, "No camera is registered."),
        "superseded": _rollout("superseded", 1, 3, "A newer release is live."),
        "canary-failed": _rollout(
            "canary-failed", 0, 1, "deeplens_kitchen: golden pictures 7 of 12 are recognised"
        ),
        "unanswered": _rollout("unanswered", 0, 1, "no answer (offline?) from deeplens_kitchen"),
        "fleet-failed": _rollout(
            "fleet-failed", 3, 9, *(f"deeplens_{n}: disk full" for n in range(6))
        ),
        "rollout-failed": _rollout("failed", 0, 3, "An accident"),
    }
    few = [f"`{label}` has 2 pictures and 8 are needed." for label in refused.report["labels"]]
    return {
        "released": (released, good),
        **{name: (released | {"rollout": rollout}, good) for name, rollout in rollouts.items()},
        "not-rolled-out": (record("not-rolled-out", good, failure=FAILURE), good),
        "refused": (record("refused", refused), refused),
        "held": (
            record("held", good, reasons=["none of the labels of the live model is left (can)"]),
            good,
        ),
        **{name: (_decided(good, decision), good) for name, decision in DECISIONS.items()},
        "too-few-images": (record("too-few-images", refused, **early, reasons=few), refused),
        "wrong-folders": (wrong_folders(refused, early), refused),
        "nothing-new": (
            record("nothing-new", good, **early, reasons=["Exactly these pictures were judged."]),
            good,
        ),
        "blocked": (record("blocked", good, **early, reasons=["It kept failing."]), good),
        "failed": (record("failed", failure=FAILURE, messages=untold), None),
        "failed-late": (record("failed", refused, failure=FAILURE), refused),
        "pictures-deleted": (
            record("pictures-deleted", reasons=[news.pictures_deleted(["images/can/1.jpg"])]),
            None,
        ),
        "waiting": (record("failed", failure=NO_QUOTA), None),
        "no-machine": (_no_machine(), None),
        "aborted": (record("aborted"), None),
        "timed-out": (record("timed-out", reasons=["It took longer than 6 hours."]), None),
    }


def _no_machine() -> dict[str, Any]:
    kinds: list[Tried] = [
        {"instance": "ml.m5.xlarge", "spot": spot, "fault": "capacity", "said": "CapacityError: no"}
        for spot in (True, False)
    ]
    reasons = ["AWS has none at the moment: ml.m5.xlarge on spot capacity and on demand."]
    told = record("no-machine", reasons=reasons)
    return {**told, "training": {"jobs": [], "model": None, "tried": kinds}}


def wrong_folders(trained: Trained, early: Mapping[str, Any]) -> dict[str, Any]:
    reasons = ["The folders `test`, `train` look like the parts of a split data set."]
    told = record("wrong-folders", trained, **early, reasons=reasons)
    root = "s3://bucket/images"
    moves = [f"aws s3 mv --recursive {root}/{part}/can/ {root}/can/{part}/" for part in "ab"]
    return {**told, "dataset": {**told["dataset"], "moves": moves}}


def demo(good: Trained, refused: Trained) -> dict[str, Any]:
    """What `demo.report` gathers, with mistakes for frames."""
    scores = good.evaluation["candidate"]["all"]
    recalls = {label: score["recall"] for label, score in scores["labels"].items()}
    release = {"epoch": 7, "accuracy": scores["accuracy"], "sha256": "0123456789abcdef" * 4}
    release |= {"recall": recalls, "matrix": matrix(scores)}
    act = {"pictures": 360, "run": "r00000007", "job": "deeplens-trash-7-1", "seconds": 21.4}
    act |= {"title": "Labelled pictures arrive", "kept": "6", "right": "96.0%"}
    frames = []
    for mistake in good.mistakes["pictures"]:
        right = {"predicted": mistake["label"], "confidence": 0.98, "right": True}
        wrong = {"predicted": mistake["predicted"], "confidence": 0.61, "right": False}
        right["unfamiliar"], wrong["unfamiliar"] = None, True
        shown = {"label": mistake["label"], "thumbnail": mistake["thumbnail"]}
        frames.append({**shown, "before": wrong, "now": right})
    camera = {"wave": "canary", "before": 0.71, "after": 0.98, "frames": 40, "shown": frames[:12]}
    return {
        "title": "3 labels × 120 pictures drawn from the Fluent 3D emoji",
        "seconds": 128.3,
        "before": 0.71,
        "after": 0.98,
        "jobs": 2,
        "refused": 1,
        "acts": [
            {**act, "number": 1, "release": release, "reasons": []},
            {**act, "number": 2, "release": None, "reasons": refused.reasons},
        ],
        "first_release": "6",
        "last_release": "7",
        "cameras": [{**camera, "thing": "deeplens_kitchen"}],
        "rejected": [
            {"key": entry["key"], "reason": entry["reason"]}
            for group in refused.report["left_out"]
            for entry in group["pictures"]
        ],
    }


def run_html(record: Mapping[str, Any], trained: Trained | None) -> str:
    if trained is None:
        return run_page.page(record, None, None)
    if not record["scores"]:
        return run_page.page(record, trained.report, None)
    return run_page.page(
        record, trained.report, trained.mistakes, trained.insights, trained.evaluation
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
