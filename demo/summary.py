"""What did the demo see, in numbers?
The table at the end and demo.json; both are made from the acts alone.
"""

from typing import Any

from demo.cameras import Camera, Sight
from demo.story import Act, Story, accuracy


def as_json(story: Story) -> dict[str, Any]:
    return {
        "pictures": story.album.title,
        "seconds": {"total": round(story.show.elapsed, 1), **story.show.stages},
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
        "refused": [
            {"epoch": act.record["epoch"], "reasons": act.record["reasons"]}
            for act in story.acts
            if not act.release
        ],
        "cameras": [_camera(story, camera) for camera in story.fleet.cameras],
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
        "left_out": list(act.left_out),
        "labels_to_check": list(act.labels_to_check),
    }


def _of(camera: Camera, act: Act) -> list[Sight]:
    return [sight for sight in act.sights if sight.thing == camera.thing]


def table(story: Story) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("what ran", "seconds", "result", "right: test pictures", "frames on cameras")
    ]
    stages = story.show.stages
    for name, title in (
        ("cloud", "local cloud"),
        ("deploy", "cdk deploy --all"),
        ("cameras", "3 cameras"),
    ):
        rows.append((title, f"{stages[name]:.1f}", "up", "", ""))
    for act in story.acts:
        rows.append(_row(story, act))
    rows.append(("everything", f"{story.show.elapsed:.1f}", "", "", ""))
    return rows


def _row(story: Story, act: Act) -> tuple[str, ...]:
    what = f"act {act.number}: {act.pictures} pictures, training {act.job.seconds:.1f} s"
    result = (
        f"release {act.release.epoch} on 3 cameras" if act.release else "refused, cameras unchanged"
    )
    tested = f"{act.release.accuracy:.1%}" if act.release else "–"
    seen, new = f"{accuracy(act.sights):.1%}", story.album.new_label
    if new and not (act.release and new in act.release.labels):
        seen += f" ({accuracy(story.known(act.sights)):.1%} without {new})"
    return what, f"{story.show.stages[f'act {act.number}']:.1f}", result, tested, seen
