"""What is live now? The release that the candidate is compared with, if there is one."""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lensloop.model.release import LEARNT, TESTED
from lensloop.model.renames import renamed
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import Manifest, parse
from lensloop.wire.onnx_check import check_model
from lensloop.wire.picture import RESIZE
from training.embed import runtime_errors
from training.model_file import IMAGE, ModelFile
from training.paths import Paths
from training.pictures import SIZE


@dataclass(frozen=True)
class LiveRelease:
    epoch: int
    labels: list[str]
    model: ModelFile
    judged_on: Mapping[str, str]  # sha256 → label of the test pictures that it was judged on
    # The same of those that it learnt; None where its release does not say (before issue 9).
    learnt: Mapping[str, str] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)  # its labels that have another name

    def in_the_names_of(self, now: Mapping[str, str]) -> "LiveRelease":
        """The same model with its labels called as people call them now. `now`: sha256 → label."""
        names = renamed(self.judged_on, now)
        return replace(
            self,
            labels=[names.get(label, label) for label in self.labels],
            judged_on=_in(names, self.judged_on),
            learnt=None if self.learnt is None else _in(names, self.learnt),
            renamed=names,
        )

    def had(self, sha256: str, label: str) -> bool:
        """A picture, under the label that it has now."""
        return label in (self.judged_on.get(sha256), (self.learnt or {}).get(sha256))


def _in(names: Mapping[str, str], pictures: Mapping[str, str]) -> dict[str, str]:
    return {sha256: names.get(label, label) for sha256, label in pictures.items()}


def usable_live(paths: Paths) -> tuple[LiveRelease | None, str]:
    """The live release, and no sentence; or none, and why it cannot be used any more. A model that
    nobody can read must not keep a better one from being trained.
    """
    try:
        live = read_live(paths)
        if live:
            _try(live)
    except BadArtifact as problem:
        return None, str(problem)
    return live, ""


def _try(live: LiveRelease) -> None:
    """Answers for one black picture. Raises BadArtifact."""
    black = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    backbone = live.model.backbone.session
    try:
        seen = backbone.run([backbone.get_outputs()[0].name], {IMAGE: black})[0]
        answers = live.model.probabilities(seen)
    except runtime_errors() as error:
        raise BadArtifact(f"The live release's model cannot be run: {error}.") from error
    if answers.shape != (1, len(live.labels)):
        raise BadArtifact(
            f"The live release's model answers {list(answers.shape)} for a picture; it must be one"
            f" probability for each of {len(live.labels)} labels."
        )


def read_live(paths: Paths) -> LiveRelease | None:
    if not paths.live.is_dir() or not any(paths.live.iterdir()):
        return None
    try:
        manifest = parse(json.loads((paths.live / "manifest.json").read_text("utf-8")))
        model = (paths.live / manifest.model.file).read_bytes()
        judged_on = _pictures(paths.live / TESTED)
        learnt = _pictures(paths.live / LEARNT) if (paths.live / LEARNT).is_file() else None
    except (OSError, ValueError, KeyError) as damage:
        raise BadArtifact(f"The live release cannot be read: {damage}.") from damage
    if hashlib.sha256(model).hexdigest() != manifest.model.sha256:
        raise BadArtifact(
            f"The live release's {manifest.model.file} is not the file that its manifest names."
        )
    if (manifest.resize, manifest.width, manifest.height) != (RESIZE, SIZE, SIZE):
        raise BadArtifact(
            f"The live release prepares pictures by {manifest.resize}, this job by {RESIZE}."
        )
    return LiveRelease(
        manifest.epoch, list(manifest.labels), _model(manifest, model), judged_on, learnt
    )


def _model(manifest: Manifest, data: bytes) -> ModelFile:
    """Looked at as a camera looks at it, before onnx and onnxruntime see it."""
    tells_unfamiliar = manifest.unfamiliar_threshold is not None
    check_model(data, manifest.labels, manifest.width, manifest.height, tells_unfamiliar)
    try:
        return ModelFile(data)
    except runtime_errors() as error:
        raise BadArtifact(f"The live release's model cannot be read: {error}.") from error


def _pictures(file: Path) -> dict[str, str]:
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["sha256"]: row["label"] for row in csv.DictReader(lines)}
