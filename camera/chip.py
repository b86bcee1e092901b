"""Does a stock DeepLens' own chip run the release? AWS' optimiser makes the network ready for it,
and it must prove itself on the golden pictures like any other; else the processor goes on.

`python -m camera.chip FOLDER SECONDS` does both in a process of its own. Names and arguments are
those of AWS' documentation of `awscam` and `mo`; both come with the device and with nothing else.
"""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import shutil
import signal
import sys
import tarfile
from pathlib import Path
from typing import Any, Dict, List

from camera import disk, model, trial
from camera.prove import Proof, prove
from camera.running import FP16, Running
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import Manifest
from lensloop.wire.onnx_check import IMAGE, MOST_BYTES

# The optimiser takes minutes on the Atom, once a release; a proof of what is ready takes seconds.
SECONDS, SECONDS_WHEN_READY = 240, 50
NAME = "image-classification"
_FILES = (f"{NAME}-symbol.json", f"{NAME}-0000.params", "labels.txt")
_NETWORK, _WEIGHTS = "network.xml", "network.bin"
_STATUS = {1: "it does not know this kind of network", 2: "it failed"}
_WHY = "chip.txt"  # in a release's folder: why it is not tried on the chip again
_INTEL = 0  # the runtime that reads what mo.optimize makes
# What AWS' libraries raise is written down nowhere; these are what a library in C++ becomes.
_FAULTS = (ArithmeticError, AttributeError, ImportError, LookupError, RuntimeError, TypeError)
log = logging.getLogger(__name__)


def is_there() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("mo", "awscam"))


def instead(folder: Path, plain: Proof) -> Running:
    """The release on the chip. Raises BadArtifact where it does not prove itself, or is no faster
    than the processor.
    """
    if (folder / _WHY).is_file():
        raise BadArtifact((folder / _WHY).read_text("utf-8", "replace"))
    network = _ready(folder) / _NETWORK
    seconds = SECONDS_WHEN_READY if network.is_file() else SECONDS
    command = [sys.executable, "-m", "camera.chip", str(folder.resolve()), str(seconds)]
    try:
        proof = trial.ask(command, folder, seconds)
    except BadArtifact as error:
        if not network.is_file():  # to optimise it anew at each start would take minutes
            give_up(folder, str(error))
        raise
    if proof.milliseconds >= plain.milliseconds:
        raise BadArtifact(
            f"it takes {proof.milliseconds} ms a picture, and the processor {plain.milliseconds}"
        )
    return Running(load(folder), proof, FP16)


def give_up(folder: Path, why: str) -> None:
    """A restart does not try the chip again with this release."""
    try:
        disk.write(folder / _WHY, why.encode("utf-8"))
    except OSError as error:  # then it does
        log.error("why the chip is given up cannot be written: %s", error)


def load(folder: Path) -> model.Model:
    """Raises BadArtifact."""
    manifest = model.read_manifest(folder / "manifest.json")
    try:
        import awscam

        loaded = awscam.Model(str(_ready(folder) / _NETWORK), {"GPU": 1}, runtime=_INTEL)
    except _FAULTS as error:
        raise BadArtifact(f"the chip cannot load the network: {error!r}") from error
    return model.Model(manifest, _Chip(loaded, manifest))


class _Chip:
    """What onnxruntime's session is to a model on the processor."""

    def __init__(self, loaded: Any, manifest: Manifest) -> None:
        self._loaded, self._manifest = loaded, manifest

    def run(self, _: List[str], given: Dict[str, Any]) -> List[Any]:
        import numpy

        # Blue first, as the device's own camera gives pictures.
        frame = numpy.ascontiguousarray(given[IMAGE][0][:, :, ::-1])
        try:
            raw = self._loaded.doInference(frame)
            listed = self._loaded.parseResult("classification", raw)["classification"]
            answers = numpy.zeros(len(self._manifest.labels))
            for one in listed:
                answers[int(one["label"])] = float(one["prob"])
        except _FAULTS as error:
            raise RuntimeError(f"the chip does not answer: {error!r}") from error
        # The network itself is surer of itself than it should be, as the training measured.
        calm = answers ** (1 / self._manifest.temperature)
        return [calm / calm.sum()]


def _ready(folder: Path) -> Path:
    return folder / "chip"


# In the process of its own


def main(arguments: List[str]) -> int:
    folder, seconds = Path(arguments[0]), int(arguments[1])
    answer = os.dup(1)
    os.dup2(2, 1)  # AWS' libraries print what they like
    signal.alarm(seconds)
    status = 0
    said: Dict[str, Any] = {}
    try:
        said = _proved(folder)._asdict()
    except (BadArtifact, OSError, ValueError, *_FAULTS) as error:
        status, said = trial.REFUSED, {"refused": (str(error) or repr(error))[:1000]}
    os.write(answer, json.dumps(said).encode())
    return status


def _proved(folder: Path) -> Proof:
    manifest = model.read_manifest(folder / "manifest.json")
    if not (_ready(folder) / _NETWORK).is_file():
        _make_ready(folder, manifest)
    with open(str(folder / manifest.golden.file), "rb") as golden:
        return prove(load(folder), golden, trying=trial.TRYING)


def _make_ready(folder: Path, manifest: Manifest) -> None:
    """All at once, so that a cut of the power leaves nothing half made."""
    part = folder / "chip.part"
    disk.remove(part)
    part.mkdir()
    _unpack(folder, manifest, part)
    made = _optimised(part, manifest)
    for source, name in ((made, _NETWORK), (made.with_suffix(".bin"), _WEIGHTS)):
        if source != part / name:
            shutil.copyfile(str(source), str(part / name))
    disk.remove(_ready(folder))
    disk.move(part, _ready(folder))


def _unpack(folder: Path, manifest: Manifest, part: Path) -> None:
    """Three known names, as plain files: nothing else is ever written."""
    if manifest.deeplens is None:
        raise BadArtifact("the release has no network for the chip")
    data = model.read_file(folder, manifest.deeplens)
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for name in _FILES:
                entry = archive.getmember(name)
                file = archive.extractfile(entry)
                if file is None or entry.size > MOST_BYTES:
                    raise BadArtifact(f"{name} is no file, or too large")
                with open(str(part / name), "wb") as target:
                    shutil.copyfileobj(file, target)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise BadArtifact(f"{manifest.deeplens.file} cannot be read: {error}") from error


def _optimised(part: Path, manifest: Manifest) -> Path:
    import mo

    where = {"--models-dir": str(part), "--output-dir": str(part)}
    status, path = mo.optimize(NAME, manifest.width, manifest.height, aux_inputs=where)
    if status != 0:
        raise BadArtifact(f"AWS' optimiser answers {status}: {_STATUS.get(status, 'unknown')}")
    return Path(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
