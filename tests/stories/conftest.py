"""The real stacks on a local cloud, with a person who uploads, waits and reads."""

import fcntl
import functools
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.identity import add_camera, who_signs
from demo import pictures
from demo.pictures import EMOJI
from lambdas.aws.state import StateTable
from lensloop.record import Record, read
from lensloop.wire import names
from local.cloud import LocalCloud
from local.ports import LOOPBACK
from local.sagemaker import account
from local.state import StateDir
from tests.local.account import until
from tests.stacks import permissions
from tests.stacks.permissions import Permission
from tests.stacks.synthesized import Synthesized

PREFIX = "deeplens-trash"
LABELS = ("compost", "landfill", "recycling")
# Short, so that several tries fit into a test; nothing else differs from what is deployed to AWS.
CONTEXT = {
    "quiet_seconds": "6",
    "max_wait_seconds": "60",
    "backoff_seconds": "2",
    "max_pause_seconds": "4",
    "rollout_check_seconds": "1",
    "training_platform": "local",
}


# Between two looks at a story that takes a minute: each costs the cloud, and other stories, time.
PAUSE = 0.5


@dataclass(frozen=True)
class Person:
    cloud: LocalCloud
    outputs: dict[str, str]
    folder: Path

    @functools.cached_property
    def table(self) -> StateTable:
        return StateTable(self.cloud.table(self.outputs["StateTable"]))

    @property
    def bucket(self) -> str:
        return self.outputs["Bucket"]

    def upload(self, part: str, each: int, labels: tuple[str, ...] = LABELS) -> list[str]:
        """The keys; the same words give the same pictures."""
        wanted = [
            (label, f"{part}/{n}", self.folder / label / f"{part}-{n:03d}.jpg")
            for label in labels
            for n in range(each)
        ]
        return self.put(wanted)

    def put(self, wanted: Sequence[tuple[str, str, Path]]) -> list[str]:
        """What is drawn, by which words, and the file whose folder is its label; answers keys."""
        s3, keys = self.cloud.client("s3"), []
        for file in pictures.render_all(EMOJI, wanted):
            key = f"images/{file.parent.name}/{file.name}"
            s3.put_object(Bucket=self.bucket, Key=key, Body=file.read_bytes())
            keys.append(key)
        return keys

    def delete(self, *keys: str) -> None:
        s3 = self.cloud.client("s3")
        for key in keys:
            s3.delete_object(Bucket=self.bucket, Key=key)

    def is_told(self, **of_sagemaker: Any) -> None:
        """What the account has of SageMaker from now on; without words, everything."""
        file = self.cloud.ca_pem.parent / account.FILE
        written = file.with_suffix(".part")
        written.write_text(json.dumps(of_sagemaker))
        written.replace(file)  # it is read at any moment

    def registers(
        self, thing: str, home: Path, review_frames_a_day: int = 0, canary: bool = False
    ) -> None:
        """A camera, whose identity is in `home`."""
        cloud = self.cloud
        add_camera(
            cloud.client("iot"),
            PREFIX,
            "trash",
            thing,
            home,
            believes=who_signs(cloud.client("kms"), self.table, PREFIX),
            canary=canary,
            endpoint=LOOPBACK,
            port=cloud.mqtt_port,
            ca=cloud.ca_pem,
            review_frames_a_day=review_frames_a_day,
        )

    def record(self, epoch: int) -> Record | None:
        s3 = self.cloud.client("s3")
        try:
            answer = s3.get_object(Bucket=self.bucket, Key=names.run(epoch, "run.json"))
        except s3.exceptions.NoSuchKey:
            return None
        return read(answer["Body"].read())

    def waits_for(self, what: Callable[[], Any], seconds: float = 300) -> Any:
        found = until(what, bool, seconds, PAUSE)
        assert found, self.table.trigger()
        return found

    def waits_for_end(self, epoch: int) -> Record:
        """Of a run, that the trigger knows of it, and of its rollout, after which live stays."""

        def ended() -> Record | None:
            told = self.record(epoch)
            run = self.table.trigger().run
            over = told and told["outcome"] and (not run or run.epoch > epoch)
            return told if told and over and _is_rolled_out(told) else None

        found: Record = self.waits_for(ended)
        return found

    def jobs(self) -> list[str]:
        """The names of all training jobs that were made."""
        listed = self.cloud.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        return sorted(job["TrainingJobName"] for job in listed)

    def used(self) -> set[Permission]:
        """What the roles of the stacks did on this cloud so far; all of it was allowed."""
        state = StateDir(self.cloud.ca_pem.parent)
        uses = [*permissions.used(state.root, Synthesized(state.assembly))]
        assert [use for use in uses if use.decision != "Allow"] == []
        return {use.permission for use in uses}

    def messages(self, first: int, last: int) -> list[str]:
        """The subjects of what was sent about these runs."""
        records = [self.record(epoch) for epoch in range(first, last + 1)]
        return [message["subject"] for told in records if told for message in told["messages"]]


def _is_rolled_out(told: Record) -> bool:
    return told["outcome"] != "released" or told["rollout"] is not None


@contextmanager
def arrived(folder: Path, **settings: str) -> Iterator[Person]:
    """Somebody with an account of their own, who deployed with these settings."""
    if not EMOJI.is_dir():
        pytest.skip("the demo's pictures are missing; `make install` gets them")
    with LocalCloud(folder / "cloud", minute_seconds=1, say=lambda text: None) as cloud:
        person = Person(cloud, _deployed(cloud, folder, CONTEXT | settings), folder / "pictures")
        person.table.split_key("")  # the same splits every time
        yield person


def _deployed(cloud: LocalCloud, folder: Path, context: dict[str, str]) -> dict[str, str]:
    """The stacks' outputs. Of the stories that deploy the same, one synthesizes for all."""
    of_all = folder.parents[1] if "PYTEST_XDIST_WORKER" in os.environ else folder.parent
    name = hashlib.sha256(json.dumps(context, sort_keys=True).encode()).hexdigest()
    kept = of_all / f"assembly-{name[:12]}"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.is_dir():
            outputs = cloud.deploy(context)
            shutil.copytree(StateDir(cloud.ca_pem.parent).assembly, kept)
            return outputs
    return cloud.deploy(app=str(kept))


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with arrived(tmp_path_factory.mktemp("story")) as somebody:
        yield somebody


def settle(seconds: float) -> None:
    """For what must not happen."""
    time.sleep(seconds)
