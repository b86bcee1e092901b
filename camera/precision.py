"""In how many bits does the model run here? In eight where the release has it so, it proves itself
and is faster on this very processor: without AVX it is not.

Nothing of it fails a release: what runs otherwise is the model itself.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Optional

from camera import disk, download, model, trial
from camera.line import Line, TooLate
from camera.prove import Proof
from camera.running import INT8, Running
from camera.server import DownloadError
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import Manifest
from lensloop.wire.order import Order

# Of the model's own time: less is not worth the few answers that eight bits get otherwise, and
# another start would measure it the other way round.
WORTH = 0.9
_START_SECONDS = 5.0  # for the process itself, before it looks at a picture
log = logging.getLogger(__name__)


def bring(order: Order, manifest: Manifest, part: Path, home: Path, line: Line) -> None:
    """The second file, after all that the release cannot do without."""
    file = manifest.int8
    if file is None or not order.int8_url:
        return
    target = part / file.file
    try:
        download.check_space(home, max(0, file.size - download.arrived(target)))
        download.fetch(order.int8_url, target, file.sha256, file.size, file.size, line)
    except (DownloadError, TooLate) as error:
        log.warning("release %d comes without its eight bits: %s", manifest.epoch, error)


def fastest(folder: Path, plain: Proof, began: float, seconds: float) -> Running:
    """Of a release whose model has proved itself with `plain`. Both proofs together take no longer
    than `seconds` from `began` on. Raises BadArtifact if not even the model can be loaded.
    """
    manifest = model.read_manifest(folder / "manifest.json")
    note = ""
    if manifest.int8 and (folder / manifest.int8.file).is_file():
        try:
            way = _in_eight_bits(folder, plain, began, seconds)
            if way is not None:
                return way
        except BadArtifact as error:
            note = f"in eight bits release {manifest.epoch} does not prove itself here: {error}"
            log.warning("%s", note)
    return Running(model.load(folder), plain, note=note)


def _in_eight_bits(folder: Path, plain: Proof, began: float, seconds: float) -> Optional[Running]:
    """None where that is no faster."""
    spent = time.monotonic() - began
    # What takes longer than the model itself is of no use.
    proof = trial.prove_apart(folder, min(seconds - spent, spent + _START_SECONDS), int8=True)
    log.info("%s ms a picture, and in eight bits %s", plain.milliseconds, proof.milliseconds)
    if proof.milliseconds > WORTH * plain.milliseconds:
        return None
    return Running(model.load(folder, int8=True), proof, INT8)


def give_up(folder: Path, manifest: Manifest) -> None:
    """They failed at run time: a restart does not try them again."""
    if manifest.int8 is None:
        return
    try:
        disk.remove(folder / manifest.int8.file)
    except OSError as error:  # until the next start, then
        log.error("the model in eight bits cannot be removed: %s", error)
