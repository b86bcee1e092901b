"""What did the demo see, in numbers?
The table at the end and demo.json; both are made from the acts alone.
"""

from typing import Any

from demo.cameras import Camera, Sight
from demo.loop import Refusal, accuracy
from demo.story import Act, Story
from demo.unfamiliar import counts
from lensloop.pages import duration, percent


def as_json(story: Story, seconds: float, refusal: Refusal | None = None) -> dict[str, Any]:
    """Without a last release, because the user's own pictures made none, no camera has figures."""
    refused = [act.record for act in story.acts if not act.release]
    if refusal:
        refused.append(refusal.record)
    return {
        "pictures": story.album.title,
        "seconds": {"total": round(seconds, 1), **story.show.stages},
        "retraining_executions": len(story.watch.retrainings()),
        "training_jobs": len(story.watch.training_jobs()),
        "releases": [
            {
                "epoch": act.release.epoch,
                "sha256": act.release.sha256,
                "test_accuracy": act.release.accuracy,
                "recall": act.release.recall,
            }
            for act in story.acts
            if act.release
        ],
        "refused": [{"epoch": record["epoch"], "reasons": record["reasons"]} for record in refused],
        "cameras": [] if refusal else [_camera(story, camera) for camera in story.fleet.cameras],
        "acts": [_act(act) for act in story.acts],
    }


def _camera(story: Story, camera: Camera) -> dict[str, Any]:
    first, last = story.acts[0], story.acts[-1]
    assert last.release is not None
    delivery = last.deliveries[camera.thing]
    now, before = _of(camera, last), _of(camera, first)
    return {
        "thing": camera.thing,
        "wave": camera.wave,
        "epoch": int(delivery.details["epoch"]),
        "sha256": delivery.details["sha256"],
        "proven": (
            delivery.status == "SUCCEEDED" and delivery.details["sha256"] == last.release.sha256
        ),
        "golden": delivery.details.get("golden"),
        "frames": len(now),
        "accuracy": round(accuracy(now), 4),
        "accuracy_before": round(accuracy(before), 4),
    }


def _act(act: Act) -> dict[str, Any]:
    """Story has made sure that each act had exactly one training job;
    it ends the demo otherwise.
    """
    return {
        "act": act.number,
        "pictures": act.pictures,
        "retraining_executions": act.executions,
        "retraining_execution": act.run.name,
        "outcome": act.record["outcome"],
        "training_job": act.job.name,
        "training_seconds": act.job.seconds,
        "frames": len(act.sights),
        "accuracy_on_frames": round(accuracy(act.sights), 4),
        "unfamiliar": counts(act.sights, act.release.labels) if act.release else None,
        "left_out": list(act.left_out),
        "labels_to_check": list(act.labels_to_check),
    }


def _of(camera: Camera, act: Act) -> list[Sight]:
    return [sight for sight in act.sights if sight.thing == camera.thing]


def table(story: Story, seconds: float) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("what ran", "time", "result", "right: test pictures", "frames on cameras")
    ]
    stages = story.show.stages
    for name, title in (
        ("cloud", "local cloud"),
        ("deploy", "cdk deploy --all"),
        ("cameras", "3 cameras"),
    ):
        rows.append((title, duration(stages[name]), "up", "", ""))
    for act in story.acts:
        rows.append(_row(story, act))
    rows.append(("everything", duration(seconds), "", "", ""))
    return rows


def _row(story: Story, act: Act) -> tuple[str, ...]:
    what = f"act {act.number}: {act.pictures} pictures, training {duration(act.job.seconds)}"
    result = (
        f"release {act.release.epoch} on 3 cameras" if act.release else "refused, cameras unchanged"
    )
    tested = percent(act.release.accuracy if act.release else None)
    took = duration(story.show.stages[f"act {act.number}"])
    return what, took, result, tested, story.right(act)
