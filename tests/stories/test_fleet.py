"""Does a camera whose model file has rotted get its release ordered again, by itself?"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lensloop.fleet.terms import Camera
from lensloop.wire import names
from local import leftovers
from local.tools import PROJECT
from tests.stacks.permissions import WHEN_A_CAMERA_DEVIATES
from tests.stories.conftest import PREFIX, Person

pytestmark = pytest.mark.slow
THING = "deeplens_kitchen"


@contextmanager
def awake(person: Person, home: Path) -> Iterator[None]:
    """The real agent, in a process of its own, without credentials of AWS."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "PATH") if name in os.environ}
    frames = ["--frames", str(person.folder / "compost"), "--loop", "--fps", "1"]
    with (home / "agent.log").open("ab") as log:
        agent = subprocess.Popen(
            [sys.executable, "-m", "camera", "--home", str(home), *frames],
            cwd=PROJECT,
            env=kept | {leftovers.MARK: str(person.cloud.ca_pem.parent)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            agent.terminate()
            agent.wait(40)


def rot(home: Path, epoch: int) -> None:
    """A sector of the memory card, as it goes."""
    model = home / "releases" / str(epoch) / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    model.write_bytes(content)


def orders_again(person: Person) -> list[str]:
    jobs = person.cloud.client("iot").list_jobs()["jobs"]
    return sorted(job["jobId"] for job in jobs if "-again-" in job["jobId"])


def test_a_camera_with_a_rotten_model_is_ordered_its_release_again(
    person: Person, tmp_path: Path
) -> None:
    home = tmp_path / "kitchen"
    person.registers(THING, home)
    person.upload("first", 20)
    with awake(person, home):
        epoch = person.waits_for(person.table.live_on_cameras, 240).epoch
        person.waits_for(lambda: rolled_out(person, epoch), 120)
        before = person.waits_for(lambda: reported(person, epoch), 60)
    assert orders_again(person) == []

    rot(home, epoch)
    with awake(person, home):
        again = person.waits_for(lambda: orders_again(person), 60)
        back = person.waits_for(lambda: reported(person, epoch, before.seen_ms), 60)
    assert again == [names.again_job(PREFIX, epoch, 1)]
    assert back.ordered is not None
    assert (back.ordered.epoch, back.ordered.times) == (epoch, 1)
    assert answer(person, again[0])["status"] == "SUCCEEDED"
    assert person.used() >= WHEN_A_CAMERA_DEVIATES


def rolled_out(person: Person, epoch: int) -> bool:
    record = person.record(epoch)
    return record is not None and record["rollout"] is not None


def reported(person: Person, epoch: int, after_ms: int = 0) -> Camera | None:
    """Once it says that it runs this."""
    found = person.table.camera(THING)
    newer = found is not None and found.seen_ms > after_ms
    return found if found and newer and found.report.epoch == epoch else None


def answer(person: Person, job: str) -> Any:
    iot = person.cloud.client("iot")
    return iot.describe_job_execution(jobId=job, thingName=THING)["execution"]
