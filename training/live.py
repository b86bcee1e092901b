"""What is live now? The release that the candidate is compared with, if there is one."""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lensloop.model.release import LEARNT, TESTED
from lensloop.model.renames import renamed
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import parse
from lensloop.wire.picture import RESIZE
from training.model_file import ModelFile
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
    return LiveRelease(manifest.epoch, list(manifest.labels), ModelFile(model), judged_on, learnt)


def _pictures(file: Path) -> dict[str, str]:
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["sha256"]: row["label"] for row in csv.DictReader(lines)}
