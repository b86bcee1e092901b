"""What happens to pictures that a person drops onto a label? They are laid aside here, planned as
`lensloop import` plans, shown, and brought in once the person has said so.
"""

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cli.faults import OF_THE_CLOUD
from importers.bucket import Bucket
from importers.decoders import decoders
from importers.plan import look
from importers.run import run
from importers.source import CannotRead, Found, Origin
from lensloop.dataset.look import Look
from lensloop.importing import label_map, takings
from lensloop.importing.plan import Plan, plan
from lensloop.settings import Settings
from lensloop.wire.errors import LensloopError

# A browser sends a few gigabytes as well as a few pictures; a program does it better.
MOST_BYTES = 4_000_000_000
MOST_FILES = 20_000
MOST_OF_A_FILE = 100_000_000
_FAULTS = (LensloopError, OSError, *OF_THE_CLOUD)
_FORGOTTEN_AFTER = 6 * 3600.0  # seconds: who went home with a plan on the screen drops again


class DropError(LensloopError):
    """What was dropped cannot be brought in; the message says why."""


class Shot(NamedTuple):
    """What was seen of a picture that was taken here."""

    phash: int
    look: Look


class Dropped:
    """Files that a browser sent. On disk they have other names: theirs are only said."""

    def __init__(self, folder: Path, label: str, who: str) -> None:
        self.folder, self.label, self.who = folder, label, who
        self.licence = takings.OWN
        self.begun, self.day = time.monotonic(), time.strftime("%Y-%m-%d", time.gmtime())
        self.files: list[tuple[str, Path, int]] = []
        self.shots: dict[str, Shot] = {}
        self.plan: Plan | None = None
        self.progress = Progress()
        self.unwanted = False
        self._bytes = 0
        self._lock = threading.Lock()
        folder.mkdir(parents=True)

    @property
    def origin(self) -> Origin:
        source = takings.on_the_page(self.who, own_camera=bool(self.shots))
        return Origin(source, self.day, self.licence)

    def room(self, size: int) -> None:
        with self._lock:
            self._bytes += size
            if self._bytes > MOST_BYTES or len(self.files) >= MOST_FILES or size > MOST_OF_A_FILE:
                raise DropError(
                    "That is too much for a browser. `lensloop import <folder>` brings it in, and"
                    " goes on where it is stopped."
                )

    def add(self, path: str, content: bytes) -> None:
        """What a full disk took only a part of is none of its files."""
        self.room(len(content))
        file = self.folder / secrets.token_hex(8)
        file.write_bytes(content)
        with self._lock:
            self.files.append((path, file, len(content)))

    def take_out(self, path: str) -> None:
        with self._lock:
            out = [each for each in self.files if each[0] == path]
            self.files = [each for each in self.files if each[0] != path]
            self.shots.pop(path, None)
            self._bytes -= sum(size for _, _, size in out)
        for _, file, _ in out:
            file.unlink(missing_ok=True)

    def found(self) -> Iterator[Found]:
        for path, file, size in sorted(self.files):
            yield Found(path, size, partial(_read, file))


@dataclass
class Progress:
    done: int = 0
    of: int = 0
    running: bool = False
    ended: bool = False
    uploaded: int = 0
    failure: str = ""

    def more(self, pictures: int, _bytes: int) -> None:
        self.done += pictures


@dataclass
class Drops:
    """`bucket`: the project's; `digest`: of its newest data set; `changed`: told once pictures have
    come; `who`: the person at the page, for the record.
    """

    bucket: Bucket
    folder: Path
    digest: Callable[[], str]
    settings: Callable[[], Settings]
    changed: Callable[[], None]
    who: str
    _open: dict[str, Dropped] = field(default_factory=dict)

    def begin(self, label: str) -> str:
        """`label`: one for all; empty where folders say it."""
        self._forget_old()
        identity = secrets.token_hex(8)
        self._open[identity] = Dropped(self.folder / identity, label, self.who)
        return identity

    def of(self, identity: str) -> Dropped:
        found = self._open.get(identity)
        if found is None:
            raise DropError("What was dropped is not here any more. Drop it again.")
        return found

    def look(self, identity: str) -> Plan:
        dropped = self.of(identity)
        dropped.progress = Progress(of=len(dropped.files))
        there = self.bucket.there(self.digest())
        with decoders() as pool:
            looked = look(dropped, pool, dropped.label, progress=dropped.progress.more)
        labels = {one.label for one in looked.seen if one.label is not None and not one.reason}
        ours = label_map.guessed(labels, there.labels)
        if missing := label_map.unknown(labels, ours):
            raise DropError(label_map.refusal(missing))
        dropped.plan = plan(looked.seen, there, ours, self.settings(), looked.all_notes())
        return dropped.plan

    def carry_out(self, identity: str, licence: str = takings.OWN) -> None:
        """On a thread of its own: `progress` says how far it is. `licence`: as the person says."""
        dropped = self.of(identity)
        if dropped.plan is None:
            raise DropError("There is no plan yet.")
        if dropped.progress.running:
            return  # a second click
        dropped.licence = licence
        dropped.progress = Progress(of=len(dropped.plan.new), running=True)
        threading.Thread(target=self._run, args=(dropped, dropped.plan), daemon=True).start()

    def forget(self, identity: str) -> None:
        """What is being brought in comes to its end, whether or not somebody looks on."""
        dropped = self._open.get(identity)
        if dropped and dropped.progress.running:
            dropped.unwanted = True
        elif dropped:
            self._open.pop(identity)
            shutil.rmtree(dropped.folder, ignore_errors=True)

    def tidy(self) -> None:
        """What a page that was killed has left."""
        if self.folder.exists():
            for left in self.folder.iterdir():
                if left.name not in self._open:
                    shutil.rmtree(left, ignore_errors=True)

    def _run(self, dropped: Dropped, planned: Plan) -> None:
        try:
            with decoders() as pool:
                done = run(planned, dropped, self.bucket, pool, dropped.progress.more)
            dropped.progress.uploaded = done.uploaded
        except _FAULTS as error:
            dropped.progress.failure = str(error)
        with contextlib.suppress(*_FAULTS):  # what has come is there, and is seen a little later
            self.changed()
        dropped.progress.running, dropped.progress.ended = False, True
        if dropped.unwanted:
            self.forget(dropped.folder.name)

    def _forget_old(self) -> None:
        for identity, dropped in list(self._open.items()):
            if time.monotonic() - dropped.begun > _FORGOTTEN_AFTER:
                self.forget(identity)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CannotRead(f"It cannot be read any more: {error.strerror}.") from error
