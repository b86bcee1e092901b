"""Where does a local cloud keep its things, and who is using that place now?

The folder is `.local/` (LENSLOOP_LOCAL moves it). Whoever runs a cloud there holds an flock on
`lock`; the kernel drops it when the last process that inherited it ends, so that no crash leaves a
stale lock behind.
"""

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.keys import Keys


@dataclass(frozen=True)
class Running:
    """What `cloud.json` says about the cloud that is up."""

    what: str
    pid: int
    port: int
    mqtt_port: int
    started: str
    minute_seconds: float

    @property
    def sentence(self) -> str:
        return (
            f"{self.what} has had a local cloud up here since {self.started} (process {self.pid},"
            f" port {self.port})"
        )


class StateDir:
    """The paths below one state folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.log = self.root / "cloud.log"
        self.deploy_log = self.root / "deploy.log"
        # Which permissions were used: it stays, as the logs do.
        self.permissions = self.root / "iam.jsonl"
        self.job_logs = self.root / "training-logs"
        self.ca = self.root / "ca.pem"
        # How to talk to it, for programs that find the cloud by its folder.
        self.connection = self.root / "connection.json"
        self.assembly = self.root / "cdk.out"
        self.outputs = self.root / "outputs.json"
        # Gone when the cloud stops: the emulator's temporary files, its objects, the jobs' /opt/ml.
        self.temporary = self.root / "tmp"
        self.objects = self.root / "objects"
        self.jobs = self.root / "jobs"
        self._lock = self.root / "lock"
        self._running = self.root / "cloud.json"

    def prepare(self) -> None:
        """Makes the folders of one run of the cloud; the logs of the last one are replaced."""
        self._make_root()
        shutil.rmtree(self.job_logs, ignore_errors=True)
        for folder in (self.temporary, self.objects, self.jobs, self.job_logs):
            folder.mkdir(parents=True, exist_ok=True)

    def _make_root(self) -> None:
        """A new one is its owner's alone, and none of it is ever committed: keys lie there."""
        if not self.root.exists():
            self.root.mkdir(mode=0o700, parents=True)
            (self.root / ".gitignore").write_text("*\n")

    def clear(self) -> None:
        for folder in (self.temporary, self.objects, self.jobs, self.assembly):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self._running, self.ca, self.connection):
            file.unlink(missing_ok=True)

    def write_running(self, running: Running) -> None:
        _write_privately(self._running, asdict(running))

    def write_connection(self, connection: Mapping[str, str | int]) -> None:
        _write_privately(self.connection, connection)

    def keys(self) -> Keys:
        """Those of the cloud that runs here."""
        try:
            connection = json.loads(self.connection.read_text())
        except FileNotFoundError:
            raise LocalCloudError(
                "The local cloud is still starting; ask again in a moment."
            ) from None
        return Keys(connection["access_key_id"], connection["secret_access_key"])

    def running(self) -> Running | None:
        """Who holds the folder now, if anybody does."""
        if not self._lock.exists():
            return None
        with self._lock.open("w") as probe:
            try:
                fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return self._who()
        return None

    def _who(self) -> Running:
        try:
            return Running(**json.loads(self._running.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return Running("Somebody", 0, 0, 0, "a moment ago", 0)

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Yields the lock's file descriptor, for the cloud's process to inherit."""
        self._make_root()
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalCloudError(
                    f"{self._who().sentence}. Stop it with `make down` (or Ctrl-C where it runs),"
                    " or use another folder and ports: LENSLOOP_LOCAL, LENSLOOP_PORT,"
                    " LENSLOOP_MQTT_PORT."
                ) from None
            yield lock
        finally:
            os.close(lock)

    def wait_until_free(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def _write_privately(path: Path, content: Mapping[str, str | int | float]) -> None:
    """Only its owner may read it: it holds credentials. It is there whole or not at all."""
    draft = path.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    draft.replace(path)
