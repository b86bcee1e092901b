"""What does a camera go back to when its release fails at run time? To the older good one, if that
proves itself again and does better on the very frame.
"""

from __future__ import annotations

import logging
from typing import Callable, Optional

from camera import model, precision, trial
from camera.health import Fault, slowest
from camera.model import Model
from camera.running import FP16, FP32, Running
from camera.store import Store
from camera.update import still_usable
from lensloop.wire.errors import BadArtifact, LensloopError, PictureError
from lensloop.wire.prediction import Prediction

log = logging.getLogger(__name__)
Predict = Callable[[Model], Prediction]
Beat = Callable[[float], None]  # of the frame loop's pulse: it moves on after so many seconds


class NothingBetter(LensloopError):
    """The camera keeps its release; the message says why."""


def give_back(
    store: Store, running: Running, fault: Fault, predict: Predict, beat: Beat
) -> Running:
    """The same release in full precision, where it ran in eight bits and that was the trouble; else
    the older release, which is current from now on. Raises NothingBetter.

    The same frame decides: where the older release fails on it as well, or a proof of this one has
    become as slow as its frames, the machine is to blame, and a good release must not be lost.

    The frame loop stands still meanwhile: `beat` tells its watchdog how long each step may take.
    """
    failing = f"release {running.installed.epoch} fails here ({fault.reason})"
    plain = _without_shortcuts(store, running, fault, predict, beat)
    if plain is not None:
        log.error("%s; it goes on in full precision", failing)
        return plain
    _check_that_it_is_the_model(store, running, fault, failing, beat)
    older = _older(store, running, beat)
    if older is None:
        raise NothingBetter(f"{failing}; there is no older good release, so it goes on")
    beat(0.0)  # the frame on which the other failed: should it hang here, that is a hang
    if not _does_better(older, fault, predict):
        raise NothingBetter(
            f"{failing}; release {older.installed.epoch} does no better on the same frame, so it"
            " goes on"
        )
    if not store.give_back(running.installed, older.installed, fault.reason):
        raise NothingBetter(f"{failing}; a newer release has taken its place")
    log.error("%s; back to release %d", failing, older.installed.epoch)
    return older


def note_hang(store: Store, running: Running) -> None:
    """Its model does not come back. In eight bits or on the chip that says nothing against the
    release: the next start runs it as it was judged.
    """
    if running.precision == FP32:
        store.note_hang(running.installed)
        return
    note = f"{_how(running)} release {running.installed.epoch} did not come back from a frame"
    precision.give_up(store.folder(running.installed.epoch), running, note)


def _how(running: Running) -> str:
    return "on the chip" if running.precision == FP16 else "in eight bits"


def _without_shortcuts(
    store: Store, running: Running, fault: Fault, predict: Predict, beat: Beat
) -> Optional[Running]:
    """The same release as it was judged; None where it runs so already, or that helps nothing."""
    if running.precision == FP32:
        return None
    folder = store.folder(running.installed.epoch)
    beat(trial.SECONDS_AT_START)
    try:
        plain = Running(model.load(folder), trial.prove_apart(folder, trial.SECONDS_AT_START))
    except BadArtifact as error:
        log.error("release %d in full precision: %s", running.installed.epoch, error)
        return None
    beat(0.0)
    if not _does_better(plain, fault, predict):
        return None
    note = f"{_how(running)} release {running.installed.epoch} failed here ({fault.reason})"
    precision.give_up(folder, running, note)
    return plain._replace(note=note)


def _check_that_it_is_the_model(
    store: Store, running: Running, fault: Fault, failing: str, beat: Beat
) -> None:
    if fault.seconds is None:
        return
    beat(trial.SECONDS_AT_START)
    now = still_usable(store, running.installed)
    if now is not None and fault.seconds <= slowest(now.seconds):
        raise NothingBetter(f"{failing}, and so does its proof: this camera is slow")


def _older(store: Store, running: Running, beat: Beat) -> Optional[Running]:
    for release in store.state.good:
        if release.epoch < running.installed.epoch:
            beat(trial.SECONDS_AT_START)
            older = still_usable(store, release)
            if older is not None:
                return older
    return None


def _does_better(older: Running, fault: Fault, predict: Predict) -> bool:
    try:
        predict(older.model)
    except (BadArtifact, PictureError) as error:
        log.error("release %d on the same frame: %s", older.installed.epoch, error)
        return False
    return fault.seconds is None or older.model.seconds <= slowest(older.seconds)
