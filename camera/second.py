"""Would the release before have answered otherwise? Now and then one frame of which the model is
sure, chosen by chance, is shown to it as well, by a process that lives for this one answer: the
agent never holds two models, and looks at its frames meanwhile.

`python -m camera.second FOLDER MEMORY SECONDS` is that process. It reads the model's input, answers
with one line of JSON, and has the limits of one that proves a release (camera/trial.py).
"""

from __future__ import annotations

import logging
import os
import queue
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from camera import model, trial
from camera.frames import Frame
from camera.store import Store
from camera.uncertain import Waiting
from lensloop.wire import uncertain
from lensloop.wire.errors import BadArtifact, LensloopError
from lensloop.wire.manifest import MOST_UNFAMILIAR, Installed, Manifest
from lensloop.wire.picture import to_input
from lensloop.wire.prediction import DIGITS, Prediction

# Between two frames, on average. A thousand a day find what a person has the time to look at.
PAUSE_SECONDS = 60.0
SHARE = 0.02  # of the time that such a process may run: an Atom needs longer for one
SECONDS = 60  # for one answer, beside whatever else the camera does
# After a frame like one that waits or went: nobody would see it, so nobody asks.
KNOWN_SECONDS = 10.0
BROKEN_SECONDS = 3600.0  # after a release before that could not be asked
NICENESS = 10  # frames go first: on a full processor it gets a tenth
log = logging.getLogger(__name__)


class Before(NamedTuple):
    folder: Path
    manifest: Manifest


class Asked(NamedTuple):
    """A frame that the release before is to answer."""

    frame: str
    picture: Any  # for a person
    input: bytes  # for the release before
    prediction: Prediction
    epoch: int
    before: Before


class SecondLook:
    def __init__(self, waiting: Waiting, store: Store) -> None:
        self._waiting, self._store = waiting, store
        self._asked: queue.Queue[Asked] = queue.Queue()
        self._due = time.monotonic() + PAUSE_SECONDS * _chance()
        self._looked_for: Tuple[Any, ...] = ()
        self._before: Optional[Before] = None

    def start(self, stop: threading.Event) -> None:
        threading.Thread(target=self._run, args=(stop,), name="second", daemon=True).start()

    def saw(self, frame: Frame, prediction: Prediction, epoch: int) -> None:
        """Called in the thread that looks, for frames of which the model is sure. Raises
        PictureError.
        """
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + PAUSE_SECONDS
        before = self._release_before(epoch)
        if before is None:
            return
        if not uncertain.comparable(prediction.probabilities, before.manifest.labels):
            return
        image = frame.picture()
        if self._waiting.knows(image):
            self._due = time.monotonic() + KNOWN_SECONDS
            return
        self._due = float("inf")  # until this one is answered
        array = to_input(image, before.manifest.width, before.manifest.height)
        # A copy: what the source gave may be the next frame's by then.
        asked = Asked(frame.name, image.copy(), array.tobytes(), prediction, epoch, before)
        self._asked.put(asked)

    def _release_before(self, epoch: int) -> Optional[Before]:
        good = self._store.state.good
        if self._looked_for != (good, epoch):
            self._looked_for = good, epoch
            self._before = _release_before(self._store, good, epoch)
        return self._before

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                asked = self._asked.get(timeout=1.0)
            except queue.Empty:
                continue
            self._due = time.monotonic() + self._look(asked)

    def _look(self, asked: Asked) -> float:
        """Seconds until the next."""
        began = time.monotonic()
        epoch = asked.before.manifest.epoch
        try:
            prediction = answer_of(asked.before, asked.input)
            score = uncertain.disagreement(asked.prediction, prediction)
            if score is not None:
                self._keep(asked, prediction, score)
        except (BadArtifact, OSError) as error:
            log.warning("release %d could not be asked for its answer: %s", epoch, error)
            return BROKEN_SECONDS
        took = time.monotonic() - began
        return max(PAUSE_SECONDS, took / SHARE) * (0.5 + _chance())

    def _keep(self, asked: Asked, prediction: Prediction, score: float) -> None:
        before = {
            "epoch": asked.before.manifest.epoch,
            "predicted": prediction.predicted,
            "confidence": round(prediction.confidence, DIGITS),
        }
        answer = {"frame": asked.frame, "epoch": asked.epoch, **asked.prediction.content()}
        answer["previous"] = before
        self._waiting.keep(asked.picture, answer, uncertain.DISAGREES, score, now=time.time())


def _chance() -> float:
    return random.random()  # noqa: S311 - not a secret


def _release_before(store: Store, good: Tuple[Installed, ...], epoch: int) -> Optional[Before]:
    """None where the camera has none, or does not run the newest good one."""
    if len(good) < 2 or good[0].epoch != epoch:
        return None
    folder = store.folder(good[1].epoch)
    try:
        return Before(folder, model.read_manifest(folder / "manifest.json"))
    except LensloopError as error:
        log.warning("release %d cannot be asked for its answers: %s", good[1].epoch, error)
        return None


def answer_of(before: Before, given: bytes) -> Prediction:
    """What that release answers to a picture that was prepared for it. Raises BadArtifact."""
    command = [sys.executable, "-m", "camera.second", str(before.folder.resolve())]
    command += [str(trial.MEMORY), str(SECONDS)]
    top = trial.said(command, before.folder, SECONDS, given, do="answer")
    part = top.part("probabilities")
    found = {label: part.number(label, 0, 1.001) for label in before.manifest.labels}
    score = None
    if top.has("unfamiliarity"):
        score = top.number("unfamiliarity", -MOST_UNFAMILIAR, MOST_UNFAMILIAR)
    top.check(BadArtifact, trial.ANSWER)
    return Prediction.by(before.manifest, found, score)


# In the child


def main(arguments: List[str]) -> int:
    folder, memory, seconds = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    os.nice(NICENESS)
    signal.alarm(seconds)  # also when nobody waits any more, because the agent was killed
    return trial.tell(lambda: _answered(folder, memory))


def _answered(folder: Path, memory: int) -> Dict[str, Any]:
    import numpy
    import onnxruntime  # noqa: F401 - as long as files may be opened

    checked = model.read_checked(folder)
    height, width = checked.manifest.height, checked.manifest.width
    given = sys.stdin.buffer.read(height * width * 3 + 1)
    if len(given) != height * width * 3:
        raise BadArtifact(f"{len(given)} bytes are no input of {width} × {height} pixels")
    trial.shut(memory)
    array = numpy.frombuffer(given, numpy.uint8).reshape(height, width, 3)
    seen = model.opened(checked).predict_input(array)
    return {"probabilities": seen.probabilities, "unfamiliarity": seen.unfamiliarity}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
