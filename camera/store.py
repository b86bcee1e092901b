"""Which releases are on this camera, which are good, and which one is current?

    DIR/releases/<epoch>/      manifest.json, model.onnx, golden.zip: complete and verified
    DIR/releases/<epoch>-….part  not yet; at most one, and kept until its order ends
    DIR/current                -> releases/<epoch>, which is being tried or running
    DIR/state.json             the truth: which releases were proved and committed

A release that state.json does not call good counts for nothing:
a cut of the power costs at most a download.
"""

from __future__ import annotations

import functools
import logging
import threading
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Tuple

from camera import believed, disk, followed
from camera.followed import Followed
from lensloop.wire.key_chain import Believed
from lensloop.wire.manifest import Installed
from lensloop.wire.reading import Reader, listed
from lensloop.wire.statement import Statement

STATE = "state.json"
MOST_BAD = 8  # releases that were given back; an older one could only come back by a signed order
MOST_REASON = 300  # characters

log = logging.getLogger(__name__)


class Tries(NamedTuple):
    """How often a proof was begun that never came to an end."""

    starts: int = 0  # and the agent died in it, while the computer went on
    cuts: int = (
        0  # and the computer went as well: the power, most likely, and no fault of the model
    )


class Hung(NamedTuple):
    """How often the watchdog ended the agent, because this release's model did not come back."""

    release: Installed
    times: int


class Bad(NamedTuple):
    """A release that proved itself here, failed at run time and is not taken again."""

    release: Installed
    reason: str


class State(NamedTuple):
    good: Tuple[Installed, ...] = ()  # proved and committed, the newest first; at most two
    # About to be proved; still here after a start = that start ended badly.
    trying: Optional[Installed] = None
    tries: Tries = Tries()
    boot: str = ""  # the start of the computer in which `trying` was last begun
    # After the loss of this file: found on the disk, and not proved by this camera since.
    unproved: Tuple[Installed, ...] = ()
    bad: Tuple[Bad, ...] = ()  # given back, the last first
    hung: Optional[Hung] = None  # of the newest good release
    followed: Followed = Followed()
    believed: Believed = Believed()  # what a change of keys has named, if there was one


class Store:
    """Changed by the jobs' thread, and by the frames' thread when it gives a release back."""

    def __init__(self, home: Path, keys: Tuple[str, ...] = (), key_number: int = 0) -> None:
        """`keys`: the release keys that this camera was registered with, as PEM, after so many
        changes of keys.
        """
        self.home = home
        self._registered = Believed(key_number, keys)
        self.releases = home / "releases"
        self.current = home / "current"
        self.state = State()
        self._lock = threading.RLock()

    def open(self) -> None:
        """Reads the state and clears away whatever an interrupted change left."""
        self.releases.mkdir(parents=True, exist_ok=True)
        state = _read_state(disk.read_json(self.home / STATE))
        self.state = State(unproved=self._found()) if state is None else state
        self._sweep(keep_parts=True)

    @property
    def highest(self) -> Optional[Installed]:
        return max(self.state.good, default=None)

    def highest_beside(self, offered: Installed) -> Optional[Installed]:
        """What an offered release must be above. One that was given back counts as well, so that
        nothing between it and the good one slips in; but another file under its number is new.
        """
        releases = set(self.state.good)
        if offered not in releases:
            releases |= {bad.release for bad in self.state.bad if bad.release.epoch > offered.epoch}
        return max(releases, default=None)

    def given_back(self, running: Installed) -> Optional[Bad]:
        """The last release that was given back, until a newer one runs."""
        newer = (bad for bad in self.state.bad if bad.release.epoch > running.epoch)
        return next(newer, None)

    def give_back(self, release: Installed, older: Installed, reason: str) -> bool:
        """From here on `older` is what a restart brings back. False when `release` is not the
        newest good one any more.

        Works on a disk that cannot be written as well, until the next start.
        """
        with self._lock:
            if self.state.good[:1] != (release,):
                return False
            good = tuple(each for each in self.state.good if each != release)
            bad = (Bad(release, reason[:MOST_REASON]), *self.state.bad)[:MOST_BAD]
            self.state = self.state._replace(good=good, bad=bad, hung=None)
            _attempt(functools.partial(self._write, self.state))
            _attempt(functools.partial(self._point, older.epoch))
            _attempt(functools.partial(disk.remove, self.folder(release.epoch)))
            return True

    def note_hang(self, release: Installed) -> None:
        with self._lock:
            times = self.hangs(release) + 1
            self.state = self.state._replace(hung=Hung(release, times))
            _attempt(functools.partial(self._write, self.state))

    def hangs(self, release: Installed) -> int:
        hung = self.state.hung
        return hung.times if hung is not None and hung.release == release else 0

    def forget_hangs(self) -> None:
        with self._lock:
            if self.state.hung is not None:
                self._write(self.state._replace(hung=None))

    def folder(self, epoch: int) -> Path:
        return self.releases / str(epoch)

    def begin(self, release: Installed) -> Tries:
        """Remembers what is about to be proved;
        returns how often that has been begun before without an end.
        """
        tries, boot = Tries(), disk.boot()
        with self._lock:
            if self.state.trying == release:
                tries = self.state.tries
                if self.state.boot == boot:
                    tries = tries._replace(starts=tries.starts + 1)
                else:
                    tries = tries._replace(cuts=tries.cuts + 1)
            self._write(self.state._replace(trying=release, tries=tries, boot=boot))
        return tries

    def workplace(self, epoch: int, manifest_sha256: str) -> Path:
        """A folder to download into, with what an interrupted download of exactly this release left
        there. What is left of another one makes room.
        """
        part = self.releases / f"{epoch}-{manifest_sha256[:16]}.part"
        for other in self.releases.glob("*.part"):
            if other != part:
                disk.remove(other)
        part.mkdir(exist_ok=True)
        return part

    def activate(self, release: Installed, part: Path) -> Path:
        """Moves the complete download into its place and points `current` at it."""
        folder = self.folder(release.epoch)
        disk.settle(part)
        disk.remove(folder)  # only ever the same release, when it is repaired
        disk.move(part, folder)
        self._point(release.epoch)
        return folder

    def commit(
        self, release: Installed, before: Optional[Installed], said: Optional[Statement] = None
    ) -> None:
        """From here on this release is what a restart brings back; should it rot, then what was
        running before it, unless a statement has led back from that.
        """
        with self._lock:
            before = self._not_given_back(before)
            keep = before is not None and (said is None or before.epoch < release.epoch)
            good = (release, before) if before and keep else (release,)
            new = State(good=good, bad=self.state.bad, followed=self._following(said))
            self._write(new._replace(believed=self.state.believed))
            self._sweep()

    def _not_given_back(self, running: Optional[Installed]) -> Optional[Installed]:
        """What ran when a job began may have been given back since."""
        if running in [bad.release for bad in self.state.bad]:
            return self.highest
        return running

    def follow(self, said: Statement) -> None:
        """The statement names what is running already."""
        with self._lock:
            self._write(self.state._replace(followed=self._following(said)))

    @property
    def believed(self) -> Believed:
        return believed.newest(self._registered, self.state.believed)

    def believe(self, now: Believed) -> None:
        """From here on. Where no key from before counts any more, nothing that they signed can be
        played back: serials begin anew, also after somebody with such a key used up all numbers.
        """
        with self._lock:
            anew = believed.apart(self.believed, now)
            kept = Followed() if anew else self.state.followed
            self._write(self.state._replace(believed=now, followed=kept))

    def _following(self, said: Optional[Statement]) -> Followed:
        if said is None:
            return self.state.followed
        had = (*self.state.good, *(bad.release for bad in self.state.bad))
        return self.state.followed.after(said, max((one.epoch for one in had), default=0))

    def go_back(self, running: Optional[Installed]) -> None:
        """Forgets what was tried and points `current` at what is running.

        On a full or failing disk each step may fail and the next is still tried: a start trusts
        nothing but `good`.
        """
        with self._lock:
            running = self._not_given_back(running)
            self.state = self.state._replace(trying=None, tries=Tries(), boot="")
            _attempt(
                self._unpoint if running is None else functools.partial(self._point, running.epoch)
            )
            self._sweep()
            _attempt(functools.partial(self._write, self.state))

    def adopt(self, proved: Tuple[Installed, ...]) -> None:
        """At start, after the loss of state.json: these have proved themselves again."""
        self.state = self.state._replace(
            good=proved[:2], trying=None, tries=Tries(), boot="", unproved=()
        )
        _attempt(functools.partial(self._write, self.state))
        self._sweep(keep_parts=True)

    def settle_on(self, release: Installed) -> None:
        """At start: `current` shows the release that this start proved."""
        _attempt(functools.partial(self._point, release.epoch))

    def _found(self) -> Tuple[Installed, ...]:
        """Without a state: what the folders themselves say, newest first. None of them is good
        before it has proved itself.
        """
        found = []
        for folder in self.releases.glob("[0-9]*/"):
            content = disk.read_json(folder / "manifest.json")
            try:
                found.append(Installed(int(folder.name), str(content["model"]["sha256"])))
            except (KeyError, TypeError, ValueError):
                log.error("%s is not a complete release", folder)
        return tuple(sorted(found, reverse=True))

    def _point(self, epoch: int) -> None:
        disk.point(self.current, f"releases/{epoch}")

    def _unpoint(self) -> None:
        disk.remove(self.current)

    def clear(self) -> None:
        """Gives up what was downloaded and not activated."""
        self._sweep()

    def _sweep(self, keep_parts: bool = False) -> None:
        kept = {str(release.epoch) for release in self.state.good + self.state.unproved}
        for entry in self.releases.iterdir():
            part = entry.name.endswith(".part") and entry.is_dir()
            if entry.name not in kept and not (part and keep_parts):
                _attempt(functools.partial(disk.remove, entry))

    def _write(self, state: State) -> None:
        disk.write_json(self.home / STATE, _shown(state))
        self.state = state


def _attempt(step: Callable[[], None]) -> None:
    """A disk that is full, failing or read-only must not stop a camera that has a good release."""
    try:
        step()
    except OSError as error:
        log.error("the camera's folder could not be put in order: %s", error)


def _shown(state: State) -> Any:
    return {
        "format": 1,
        "good": [release._asdict() for release in state.good],
        "trying": state.trying._asdict() if state.trying else None,
        "starts": state.tries.starts,
        "cuts": state.tries.cuts,
        "boot": state.boot,
        "unproved": [release._asdict() for release in state.unproved],
        "bad": [dict(bad.release._asdict(), reason=bad.reason) for bad in state.bad],
        "hung": dict(state.hung.release._asdict(), times=state.hung.times) if state.hung else None,
        "followed": followed.shown(state.followed),
        "believed": believed.shown(state.believed),
    }


def _read_state(content: Any) -> Optional[State]:
    """None when there is no state or it is damaged."""
    if content is None:
        return None
    top = Reader(content)
    trying, hung = top.maybe("trying"), top.maybe("hung")
    state = State(
        good=tuple(_installed(part) for part in top.parts("good")),
        trying=_installed(trying) if trying else None,
        # What agents from before did not write is not missing.
        tries=Tries(top.whole("starts"), top.whole("cuts") if top.has("cuts") else 0),
        boot=str(content.get("boot") or "") if top.has("boot") else "",
        unproved=(
            tuple(_installed(part) for part in top.parts("unproved")) if top.has("unproved") else ()
        ),
        bad=tuple(_bad(part) for part in top.parts("bad")) if top.has("bad") else (),
        hung=Hung(_installed(hung), hung.whole("times")) if hung else None,
        followed=followed.read(top.maybe("followed")),
        believed=believed.read(top.maybe("believed")),
    )
    if top.mistakes:
        log.error(
            "state.json is damaged (%s); looking at the folders instead", listed(top.mistakes)
        )
        return None
    return state


def _bad(part: Reader) -> Bad:
    return Bad(_installed(part), part.text("reason"))


def _installed(part: Reader) -> Installed:
    return Installed(part.whole("epoch", low=1), part.sha256("sha256"))
