"""How long from 20 new photographs in the bucket to the last camera? On the local cloud, with the
real stacks, three cameras and 1,251 photographs, each step with its time.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.figure import figure
from bench.photographs import present
from demo.album import Album, Picture
from demo.cameras import Fleet
from demo.stage import CONTEXT, MINUTE_SECONDS
from demo.watch import Watch
from lensloop.settings import Settings
from lensloop.wire import names
from local.cloud import LocalCloud

NEW = 20  # pictures, of each label the same share
QUIET_SECONDS = 10
GOAL = 45
_LONGEST = 600  # seconds that a run may take before the bench gives up


def rows() -> list[dict[str, Any]]:
    return [row for found in present("bins3") for row in _measured(found)]


def _measured(collection: Path) -> Iterator[dict[str, Any]]:
    pictures = []
    for file in sorted(collection.glob("*/*.jpg")):
        pictures.append(Picture(file, file.parent.name, file.name))
    few = pictures[:: len(pictures) // NEW][:NEW]
    album = Album("", tuple(pictures), (), (), tuple(few), "")
    before = [picture for picture in pictures if picture not in few]
    with tempfile.TemporaryDirectory(prefix="lensloop-drop-") as folder, ExitStack() as running:
        state = Path(folder)
        cloud = LocalCloud(state / "cloud", minute_seconds=MINUTE_SECONDS, say=lambda _: None)
        running.enter_context(cloud)
        outputs = cloud.deploy(CONTEXT | {"quiet_seconds": str(QUIET_SECONDS)})
        prefix = names.prefix(Settings().project)
        fleet = Fleet(state / "cameras", album.looks, state / "cloud")
        running.callback(fleet.stop)
        fleet.register(cloud, prefix)
        fleet.start()
        watch = Watch(cloud.client, cloud.table(outputs["StateTable"]), outputs, prefix)
        _upload(watch, before)
        first = _settled(watch, fleet, 1)
        _upload(watch, few)
        dropped = time.time()
        yield from _told(watch, fleet, dropped, _settled(watch, fleet, first + 1), len(before))


def _upload(watch: Watch, pictures: Sequence[Picture]) -> None:
    def put(picture: Picture) -> None:
        body = picture.file.read_bytes()
        watch.s3.put_object(Bucket=watch.bucket, Key=picture.key, Body=body)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, pictures))


def _settled(watch: Watch, fleet: Fleet, least: int) -> int:
    """The epoch of the run with this number or a later one that is on every camera."""

    def found() -> int | None:
        for run in watch.rollouts():
            if run.epoch >= least and run.ended and watch.at_rest():
                return run.epoch
        ended = [run for run in watch.retrainings() if run.epoch >= least and run.ended]
        told = [run for run in ended if run.output.get("outcome") != "released"]
        if told and watch.at_rest():
            raise RuntimeError(f"no release: {told[-1].ending}")
        fleet.check()
        return None

    return _until(found)


def _until(found: Callable[[], int | None]) -> int:
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        answer = found()
        if answer is not None:
            return answer
        time.sleep(0.5)
    raise RuntimeError(f"nothing after {_LONGEST} s")


def _told(
    watch: Watch, fleet: Fleet, dropped: float, epoch: int, before: int
) -> Iterator[dict[str, Any]]:
    """Each step from its beginning to that of the next one; at last the slowest camera."""
    [retraining] = [run for run in watch.retrainings() if run.epoch == epoch]
    [rollout] = [run for run in watch.rollouts() if run.epoch == epoch]
    steps = [*watch.begun(retraining), *watch.begun(rollout)]
    proved = []
    for camera in fleet.cameras:
        delivery = watch.delivery(epoch, camera.wave, camera.thing)
        assert delivery, f"{camera.thing} has no order of release {epoch}"
        assert delivery.status == "SUCCEEDED", delivery
        proved.append((camera.thing, delivery.ended_at.timestamp()))
    last = max(when for _, when in proved)
    told = watch.record(epoch)
    assert told
    assert told["dataset"]
    name = f"{NEW} new photographs into {before}"
    whole = last - dropped
    yield _row(f"{name}: from the upload to the last camera", whole, GOAL, whole <= GOAL)
    yield _row(f"{name}: waits for quiet, and is noticed", steps[0][1] - dropped)
    for (step, began), (_, ends) in zip(steps, [*steps[1:], ("", last)], strict=True):
        if began < last and ends - began >= 0.05:
            yield _row(f"{name}: {step}", min(ends, last) - began)
    print(f"  fetched {told['dataset']['fetched']}, {told['features']}", file=sys.stderr)


def _row(name: str, seconds: float, goal: int = 0, holds: bool = True) -> dict[str, Any]:
    ratio, shown = (goal / seconds, f"≤ {goal} s") if goal else (None, "")
    return figure(name, round(seconds, 1), goal or None, "s", ratio, shown, holds)
