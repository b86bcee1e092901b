"""What did it look like? Gathers from the story what the demo's page shows: releases, refusals, and
what each camera predicted.
"""

import base64
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import ImageOps

from demo.cameras import Camera, Sight
from demo.loop import accuracy
from demo.story import Act, Story
from demo.watch import Release
from lensloop.pages.confusion import matrix
from lensloop.pages.demo import page
from lensloop.record import Record
from lensloop.wire.picture import open_picture

THUMBNAIL = 208  # pixels; twice as many as it is shown with, for sharp screens
FRAMES_SHOWN = 12  # of each camera

TITLES = {
    1: "Labelled pictures arrive",
    2: "A wrong batch arrives",
    3: "The wrong batch goes, better pictures arrive",
}
Sights = dict[tuple[str, str], Sight]  # by camera and frame


def write(story: Story, seconds: float, file: Path) -> Path:
    file.write_text(page(values(story, seconds)), "utf-8")
    return file


def values(story: Story, seconds: float) -> dict[str, Any]:
    first, last = story.acts[0], story.acts[-1]
    return {
        "title": story.album.title,
        "seconds": seconds,
        "before": accuracy(first.sights),
        "after": accuracy(last.sights),
        "jobs": len(story.acts),
        "refused": sum(act.release is None for act in story.acts),
        "acts": [_act(story, act) for act in story.acts],
        "first_release": _epoch(first),
        "last_release": _epoch(last),
        "cameras": [_camera(story, camera) for camera in story.fleet.cameras],
        "rejected": last.left_out,
    }


def _act(story: Story, act: Act) -> dict[str, Any]:
    return {
        "number": act.number,
        "title": TITLES[act.number],
        "pictures": act.pictures,
        "run": act.run.name,
        "job": act.job.name,
        "seconds": act.job.seconds,
        "release": _release(act.release, act.record) if act.release else None,
        "reasons": act.record["reasons"],
        "kept": _epoch(story.acts[0]),
        "right": story.right(act),
    }


def _release(release: Release, record: Record) -> dict[str, Any]:
    scores = record["scores"]
    assert scores is not None  # it was judged
    return {
        "epoch": release.epoch,
        "accuracy": release.accuracy,
        "sha256": release.sha256,
        "recall": {label: release.recall[label] for label in release.labels},
        "matrix": matrix(scores["candidate"]["all"]),
    }


def _epoch(act: Act) -> str:
    return str(act.release.epoch) if act.release else "–"


def _camera(story: Story, camera: Camera) -> dict[str, Any]:
    before: Sights = {(sight.thing, sight.frame): sight for sight in story.acts[0].sights}
    now = [sight for sight in story.acts[-1].sights if sight.thing == camera.thing]
    then = [before[sight.thing, sight.frame] for sight in now]
    return {
        "thing": camera.thing,
        "wave": camera.wave,
        "before": accuracy(then),
        "after": accuracy(now),
        "frames": len(now),
        "shown": [_frame(before, sight) for sight in _worth_showing(now, before)],
    }


def _worth_showing(sights: Iterable[Sight], before: Sights) -> list[Sight]:
    """What went wrong first, then what changed, then the rest, up to what fits on a page."""

    def rank(sight: Sight) -> tuple[bool, bool, str]:
        then = before[sight.thing, sight.frame]
        return sight.right, then.predicted == sight.predicted, sight.frame

    return sorted(sorted(sights, key=rank)[:FRAMES_SHOWN], key=lambda sight: sight.frame)


def _frame(before: Sights, now: Sight) -> dict[str, Any]:
    return {
        "label": now.picture.label,
        "thumbnail": _thumbnail(now.picture.file),
        "before": before[now.thing, now.frame],
        "now": now,
    }


def _thumbnail(file: Path) -> str:
    """Shown as the model sees it, upright; and cut to a square."""
    upright = open_picture(file.read_bytes(), at_least=2 * THUMBNAIL)
    buffer = io.BytesIO()
    ImageOps.fit(upright, (THUMBNAIL, THUMBNAIL)).save(buffer, "JPEG", quality=80)
    return base64.b64encode(buffer.getvalue()).decode()
