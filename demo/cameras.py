"""Who are the demo's three cameras, and what do they see?
Each is the real agent in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.identity import add_camera, who_signs
from demo.album import CAMERAS, Picture
from demo.errors import DemoFailed
from demo.listener import Listener, canonical
from lambdas.aws.state import StateTable
from lensloop.settings import Settings
from local import leftovers
from local.cloud import LocalCloud
from local.ports import LOOPBACK
from local.tools import PROJECT

THINGS = (
    ("deeplens_kitchen", "canary"),
    ("deeplens_canteen", "fleet"),
    ("deeplens_courtyard", "fleet"),
)
# An ordinary rate, just below the agent's own: at full speed the three take so much of two cores
# that the trainings of acts 2 and 3 last three times as long.
FRAMES_PER_SECOND = 4
FRAMES_PER_SECOND_SENDING = 10  # of one that has a whole place to see
STOP_SECONDS = 8.0
KEPT = frozenset({"agent.log", "results.jsonl"})


@dataclass(frozen=True)
class Sight:
    """What one camera predicted for one frame."""

    thing: str
    frame: str
    picture: Picture
    predicted: str
    confidence: float
    unfamiliar: bool | None = None  # None: the release cannot tell

    @property
    def right(self) -> bool:
        return self.predicted == self.picture.label


@dataclass
class Camera:
    """`frames_a_day`: so many of those that it is unsure of it may send, in days that last a minute
    (demo/gap/short_days.py); none otherwise.
    """

    thing: str
    wave: str
    home: Path
    frames_a_day: int = 0
    frames: dict[str, Picture] = field(
        default_factory=dict
    )  # the file's name, which tells no label → what it is

    @property
    def log(self) -> Path:
        return self.home / "agent.log"

    def look_at(self, pictures: Sequence[Picture]) -> None:
        """Lays the frames out, in an order that mixes the labels."""
        folder = self.home / "frames"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        by_label: dict[str, list[Picture]] = {}
        for picture in pictures:
            by_label.setdefault(picture.label, []).append(picture)
        mixed: list[tuple[int, str, Picture]] = []
        for label, of_label in by_label.items():
            mixed += [(number, label, picture) for number, picture in enumerate(of_label)]
        mixed.sort(key=lambda place: place[:2])
        for number, (_, _, picture) in enumerate(mixed):
            name = f"frame-{number:03d}{picture.file.suffix.lower()}"
            shutil.copyfile(picture.file, folder / name)
            self.frames[name] = picture

    def start(self, state: Path) -> subprocess.Popen[bytes]:
        """No credentials of AWS: a camera has its certificate and nothing else."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "PATH") if name in os.environ}
        # Real cameras have processors of their own; these stand back for the training.
        command = [
            "nice",
            "-n",
            "19",
            sys.executable,
            "-m",
            "demo.gap.short_days" if self.frames_a_day else "camera",
            "--home",
            str(self.home),
            "--frames",
            str(self.home / "frames"),
        ]
        rate = FRAMES_PER_SECOND_SENDING if self.frames_a_day else FRAMES_PER_SECOND
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [*command, "--loop", "--record", "--fps", str(rate)],
                cwd=PROJECT,
                env=kept | {leftovers.MARK: str(state), "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def forget(self) -> None:
        """The cloud that made its certificate is gone; what it saw and logged stays."""
        for path in self.home.iterdir():
            if path.name not in KEPT:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def results(self) -> list[dict[str, Any]]:
        """What the agent recorded of each frame, lensloop.wire.prediction's.
        A line still being written is left for later.
        """
        file = self.home / "results.jsonl"
        text = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


class Fleet:
    def __init__(
        self,
        folder: Path,
        looks: Sequence[Sequence[Picture]],
        state: Path,
        frames_a_day: Sequence[int] = (0,) * CAMERAS,
    ) -> None:
        """`looks` and `frames_a_day`: of each camera."""
        self._state = state
        self._agents: dict[str, subprocess.Popen[bytes]] = {}
        self.cameras = tuple(
            Camera(thing, wave, folder / thing, most)
            for (thing, wave), most in zip(THINGS, frames_a_day, strict=True)
        )
        for camera, frames in zip(self.cameras, looks, strict=True):
            shutil.rmtree(camera.home, ignore_errors=True)
            camera.look_at(frames)

    def register(self, cloud: LocalCloud, prefix: str) -> None:
        table = StateTable(cloud.table(f"{prefix}-state"))
        believes = who_signs(cloud.client("kms"), table, prefix)
        for camera in self.cameras:
            add_camera(
                cloud.client("iot"),
                prefix,
                Settings().project,
                camera.thing,
                camera.home,
                believes=believes,
                canary=camera.wave == "canary",
                endpoint=LOOPBACK,
                port=cloud.mqtt_port,
                ca=cloud.ca_pem,
                review_frames_a_day=camera.frames_a_day,
            )

    def start(self) -> None:
        for camera in self.cameras:
            self._agents[camera.thing] = camera.start(self._state)

    def check(self) -> None:
        """Raises when a camera's agent has ended."""
        for camera in self.cameras:
            agent = self._agents.get(camera.thing)
            if agent is not None and agent.poll() is not None:
                raise DemoFailed(
                    f"The agent of {camera.thing} ended with {agent.returncode}.", camera.log
                )

    def stop(self) -> None:
        for agent in self._agents.values():
            agent.terminate()
        for agent in self._agents.values():
            try:
                agent.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                agent.kill()
                agent.wait()
        self._agents.clear()
        for camera in self.cameras:
            camera.forget()

    def positions(self) -> dict[str, int]:
        """How much each camera has recorded so far, to ask later what came after."""
        return {camera.thing: len(camera.results()) for camera in self.cameras}

    def sights(
        self, epoch: int, listener: Listener, since: dict[str, int]
    ) -> tuple[Sight, ...] | None:
        """Each frame as seen by this release after `since`; None until all cameras have published
        all their frames. Those that send frames are not asked: people answer for what they see.
        """
        found: list[Sight] = []
        for camera in self.cameras:
            if camera.frames_a_day:
                continue
            published = listener.heard.get(camera.thing, set())
            seen: dict[str, Sight] = {}
            for line in camera.results()[since[camera.thing] :]:
                answer, name = line["probabilities"], str(line["frame"])
                if line["epoch"] == epoch and canonical(answer) in published:
                    seen[name] = _sight(camera, name, line)
            if len(seen) < len(camera.frames):
                return None
            found += seen.values()
        return tuple(found)


def _sight(camera: Camera, frame: str, line: dict[str, Any]) -> Sight:
    can_tell = line["unfamiliarity"] is not None
    return Sight(
        thing=camera.thing,
        frame=frame,
        picture=camera.frames[frame],
        predicted=line["predicted"],
        confidence=line["confidence"],
        unfamiliar=line["unfamiliar"] if can_tell else None,
    )
