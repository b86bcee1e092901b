"""In which lessons does a network become a model, and where does it go on when it was interrupted?
The validation pictures are not taught: they say when to stop, and how confident it may be.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lensloop.model.standards import VERSIONS
from training.algorithms.finetune.checkpoint import Checkpoint
from training.algorithms.finetune.cut import LATE, WHOLE, Cut, Weights, cut, weights_of
from training.algorithms.finetune.lesson import (
    HEAD,
    Learnt,
    Lesson,
    Material,
    Pupil,
    State,
    Teacher,
)
from training.algorithms.finetune.maps import Maps, look
from training.algorithms.finetune.network import Network
from training.model_file import frozen
from training.pictures import Picture, Pictures, check_trainable, numbered

_LATE_RATE = 6e-4  # the best of five on two splits, by validation and test pictures alike
# The first layers know the most of all pictures, and the late ones have just been taught.
_WHOLE_RATE = 1e-4


@dataclass(frozen=True)
class Taught:
    weights: Weights  # of the network, by their names in the model file
    rows: Sequence[Picture]  # the usable ones
    facts: dict[str, Any]


def lessons(epochs: int, gpu: bool) -> list[Lesson]:
    """With a GPU the late layers are only the beginning. On a CPU all layers take much
    longer; whether they would be worth it there was not measured.
    """
    late = Lesson("late layers", LATE, epochs, _LATE_RATE)
    return [late, Lesson("all layers", WHOLE, epochs, _WHOLE_RATE)] if gpu else [late]


def teach(model: bytes, pictures: Pictures, epochs: int, kept: Path) -> Taught:
    """`model`: the pretrained network, from `image` to `features`; `kept`: where checkpoints go."""
    with _scratch(pictures.paths.root) as folder:
        looking = _Looking(folder, model, pictures)
        rows = looking.at(LATE)[1].rows
        check_trainable(rows, pictures.labels)
        plan = lessons(epochs, torch.cuda.is_available())
        checkpoint = Checkpoint(kept, _key(model, rows, plan))
        course = _Course(plan, looking, weights_of(model), pictures.labels)
        done = course.run(checkpoint)
    return _taught(plan, done, rows)


class _Looking:
    """The parts of the network and what their early ones see, made when they are asked for."""

    def __init__(self, folder: Path, model: bytes, pictures: Pictures) -> None:
        self._folder, self._model, self._pictures = folder, model, pictures
        self._found: dict[str, tuple[Cut, Maps]] = {}

    def at(self, first: str) -> tuple[Cut, Maps]:
        if first not in self._found:
            part, folder = cut(self._model, first), self._folder / str(len(self._found))
            folder.mkdir()
            rows = self._pictures.of("train", "validation")
            self._found[first] = part, look(folder, self._pictures, rows, part)
        return self._found[first]


class _Course:
    def __init__(
        self, plan: Sequence[Lesson], looking: _Looking, weights: Weights, labels: Sequence[str]
    ) -> None:
        self._plan, self._looking, self._weights, self._labels = plan, looking, weights, labels

    def run(self, checkpoint: Checkpoint) -> list[State]:
        """What came of each lesson."""
        before = checkpoint.read() or {"done": [], "now": None}
        done, now = list(before["done"]), before["now"]
        for place in range(len(done), len(self._plan)):

            def keep(state: State) -> None:
                checkpoint.write({"done": done, "now": state}, len(done), state["step"])

            done.append(asdict(self._lesson(place, done, now, keep)))
            now = None
            checkpoint.write({"done": done, "now": None}, len(done), 0)
        return done

    def _lesson(self, place: int, done: Sequence[State], now: State | None, keep: Any) -> Learnt:
        lesson = self._plan[place]
        part, maps = self._looking.at(lesson.first)
        pupil = Pupil(Network(part, self._weights), len(self._labels))
        if done:
            pupil.learn_from(done[-1]["weights"])
        teacher = Teacher(pupil, lesson, self._material(maps), keep)
        if now:
            teacher.take_up(now)
        return teacher.teach()

    def _material(self, maps: Maps) -> Material:
        asked = np.array([row.split == "validation" for row in maps.rows])
        return Material(
            maps,
            numbered(maps.rows, self._labels),
            np.flatnonzero(~asked),
            np.flatnonzero(asked),
            len(self._labels),
        )


def _taught(plan: Sequence[Lesson], done: Sequence[State], rows: Sequence[Picture]) -> Taught:
    weights = {name: values.numpy() for name, values in done[-1]["weights"].items()}
    for name in HEAD:
        del weights[name]  # it was there to teach; another is fitted to what the network sees now
    facts = []
    for lesson, state in zip(plan, done, strict=True):
        surprise = [round(loss, 4) for loss in state["losses"]]
        facts.append({"name": lesson.name, "epochs": state["epochs"], "surprise": surprise})
    return Taught(weights, rows, {"lessons": facts})


def _key(model: bytes, rows: Sequence[Picture], plan: Sequence[Lesson]) -> str:
    """Of all that decides what is taught, and of what only the same torch adds up the same way."""
    content = [
        [VERSIONS["finetune"], frozen(model).hash],
        [(row.sha256, row.label, row.split) for row in rows],
        [asdict(lesson) for lesson in plan],
        [torch.__version__, torch.get_num_threads()],
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """Where there is more room. SageMaker lays the channels and all that it carries in or out on
    the job's disk, and names /tmp for the rest; of /opt/ml itself it says nothing (SageMaker
    Developer Guide, storage paths for instance local storage).
    """
    elsewhere = Path(tempfile.gettempdir())
    if shutil.disk_usage(elsewhere).free > shutil.disk_usage(root).free:
        with tempfile.TemporaryDirectory(prefix="lensloop-maps-", dir=elsewhere) as found:
            yield Path(found)
        return
    folder = root / "maps"
    shutil.rmtree(folder, ignore_errors=True)  # what an earlier attempt left is of no use
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
