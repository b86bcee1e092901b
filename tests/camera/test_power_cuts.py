"""The power may go at any step of a change; the camera comes back with a working model and takes
the release again.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from camera import disk, trial
from camera.model import load
from camera.prove import Proof, prove
from camera.store import Store
from camera.update import restore, take
from tests.camera.conftest import Shelf
from tests.camera.small_release import make_release
from tests.camera.test_update import assert_works, install, start


@pytest.fixture(autouse=True)
def tried_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut falls between two steps of the disk: in which process the model is tried before or
    after is the same, and this is many times faster. Agents of their own try it as they do.
    """

    def prove_here(folder: Path, seconds: float) -> Proof:
        loaded = load(folder)
        with (folder / loaded.manifest.golden.file).open("rb") as golden:
            return prove(loaded, golden)

    monkeypatch.setattr(trial, "prove_apart", prove_here)


STEPS = ("write", "move", "point", "remove", "settle")


class PowerCut(BaseException):
    """Nothing in the agent catches this, as nothing catches the power going."""


class Power:
    """Goes at the n-th step: before it, or in the middle, where half of it has happened."""

    def __init__(self, cut_at: int, middle: bool) -> None:
        self.cut_at, self.middle, self.steps = cut_at, middle, 0

    def through(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def powered(*args: Any) -> Any:
            self.steps += 1
            if self.steps > self.cut_at:
                if self.steps == self.cut_at + 1 and self.middle:
                    _half(name, args)
                raise PowerCut
            return step(*args)

        return powered


def _half(name: str, args: tuple[Any, ...]) -> None:
    """What such a step leaves when it is interrupted; renames and links have no middle."""
    if name == "write":
        path, content = args
        path.with_name(path.name + ".part").write_bytes(content[: len(content) // 2])
    elif name == "remove" and args[0].is_dir():
        next(iter(args[0].iterdir())).unlink()
    elif name == "point":
        link, target = args
        os.symlink(target, link.with_name(link.name + ".part"))


def powered_take(
    monkeypatch: pytest.MonkeyPatch, power: Power, home: Path, document: dict[str, Any]
) -> bool:
    """False when the power went."""
    store, running = start(home)
    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(disk, name, power.through(name, getattr(disk, name)))
        try:
            outcome = take(document, store, running, "trash")
        except PowerCut:
            return False
    assert outcome.answer.status == "SUCCEEDED"
    return True


@pytest.mark.parametrize("middle", [False, True])
@pytest.mark.parametrize("before", [(), (6,), (6, 7)])
def test_a_cut_at_every_step_leaves_a_working_model(
    tmp_path: Path,
    shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
    before: tuple[int, ...],
    middle: bool,
) -> None:
    document = shelf.put(make_release(8))
    monkeypatch.setattr(
        os, "fsync", lambda _: None
    )  # a cut falls between steps here, not between a step and the disk
    master = tmp_path / "master"
    master.mkdir()
    if before:
        install(master, shelf, *before)
    for cut_at in range(100):
        home = tmp_path / str(cut_at)
        shutil.copytree(master, home, symlinks=True)
        whole = powered_take(monkeypatch, Power(cut_at, middle), home, document)
        store, running = start(home)
        assert running is not None or not before
        if running is not None:
            assert_works(home, running, 8 if whole or running.installed.epoch == 8 else before[-1])
        outcome = take(document, store, running, "trash")
        assert outcome.answer.status == "SUCCEEDED"
        assert_works(home, outcome.running, 8)
        assert not list((home / "releases").glob("*.part"))
        if whole:
            assert cut_at >= 10, "the steps of a change were not seen"
            return
    pytest.fail("a change never came to its end")


@pytest.mark.parametrize("cut_at", [1, 3, 5, 7])
def test_a_cut_during_the_recovery_is_recovered_from(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    install(home, shelf, 6, 7)
    powered_take(monkeypatch, Power(9, middle=True), home, shelf.put(make_release(8)))
    power = Power(cut_at - 1, middle=True)
    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(disk, name, power.through(name, getattr(disk, name)))
        with contextlib.suppress(PowerCut):
            restore(Store(home))
    assert_works(home, start(home)[1], 7)


KILLED = """
import json, os, signal, sys
from pathlib import Path
from camera import disk
from camera.store import Store
from camera.update import restore, take
home, document, cut_at = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
store = Store(home); running = restore(store)
count = 0
def killing(step):
    def run(*args):
        global count
        count += 1
        if count > cut_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args)
    return run
for name in ("write", "move", "point", "remove", "settle"):
    setattr(disk, name, killing(getattr(disk, name)))
take(document, store, running, "trash")
"""


@pytest.mark.slow
@pytest.mark.parametrize("cut_at", [2, 8, 12, 15])
def test_a_killed_agent_comes_back_with_a_working_model(
    home: Path, shelf: Shelf, cut_at: int
) -> None:
    """The same with a real process and a real SIGKILL, where no `finally` runs."""
    install(home, shelf, 7)
    document = shelf.put(make_release(8))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(home), json.dumps(document), str(cut_at)]
    )
    assert killed.returncode == -9
    store, running = start(home)
    assert running is not None
    assert_works(home, running, running.installed.epoch)
    assert_works(home, take(document, store, running, "trash").running, 8)
