"""In how many bits does the model run here? In eight where the release has it so, it proves itself
and is faster on this very processor: without AVX it is not.

Nothing of it fails a release: what runs otherwise is the model itself.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import List, Optional

from camera import chip, disk, download, model, trial
from camera.line import Line, TooLate
from camera.prove import Proof
from camera.running import FP16, INT8, Running
from camera.server import DownloadError
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import File, Manifest
from lensloop.wire.order import Order

# Of the model's own time: less is not worth the few answers that eight bits get otherwise, and
# another start would measure it the other way round.
WORTH = 0.9
_START_SECONDS = 5.0  # for the process itself, before it looks at a picture
# A slow camera has spent half of its time on the model's own proof, and must come to an end.
_TRYING = trial.TRYING / 2
log = logging.getLogger(__name__)


def bring(order: Order, manifest: Manifest, part: Path, home: Path, line: Line) -> None:
    """The further files, after all that the release cannot do without."""
    _bring(order.int8_url, manifest.int8, part, home, line)
    if chip.is_there():
        _bring(order.deeplens_url, manifest.deeplens, part, home, line)


def _bring(url: str, file: Optional[File], part: Path, home: Path, line: Line) -> None:
    if file is None or not url:
        return
    target = part / file.file
    try:
        download.check_space(home, max(0, file.size - download.arrived(target)))
        download.fetch(url, target, file.sha256, file.size, file.size, line)
    except (DownloadError, TooLate) as error:
        log.warning("the release comes without %s: %s", file.file, error)


def fastest(folder: Path, plain: Proof, began: float, seconds: float) -> Running:
    """Of a release whose model has proved itself with `plain`. Both proofs on the processor take no
    longer together than `seconds` from `began` on. Raises BadArtifact if not even the model can be
    loaded.
    """
    spent = time.monotonic() - began
    manifest = model.read_manifest(folder / "manifest.json")
    notes = []
    if chip.is_there() and _is_here(folder, manifest.deeplens):
        try:
            return chip.instead(folder, plain)
        except BadArtifact as error:
            notes.append(f"it runs on the processor and not on the chip: {error}")
    if _is_here(folder, manifest.int8):
        try:
            found = _in_eight_bits(folder, plain, spent, seconds)
            if found is not None:
                return _noted(found, notes)
        except BadArtifact as error:
            notes.append(f"in eight bits it does not prove itself here: {error}")
    return _noted(Running(model.load(folder), plain), notes)


def _is_here(folder: Path, file: Optional[File]) -> bool:
    return file is not None and (folder / file.file).is_file()


def _noted(running: Running, notes: List[str]) -> Running:
    for note in notes:
        log.warning("release %d: %s", running.installed.epoch, note)
    return running._replace(note="; ".join(notes))


def _in_eight_bits(folder: Path, plain: Proof, spent: float, seconds: float) -> Optional[Running]:
    """None where that is no faster."""
    # What takes longer than the model itself is of no use.
    limit = min(seconds - spent, spent + _START_SECONDS)
    proof = trial.prove_apart(folder, limit, int8=True, trying=_TRYING)
    log.info("%s ms a picture, and in eight bits %s", plain.milliseconds, proof.milliseconds)
    if proof.milliseconds > WORTH * plain.milliseconds:
        return None
    return Running(model.load(folder, int8=True), proof, INT8)


def give_up(folder: Path, running: Running, reason: str) -> None:
    """It failed so at run time: a restart does not try it again."""
    int8 = running.model.manifest.int8
    if running.precision == FP16:
        chip.give_up(folder, reason)
    elif int8 is not None:
        try:
            disk.remove(folder / int8.file)
        except OSError as error:  # until the next start, then
            log.error("%s cannot be removed: %s", int8.file, error)
