"""Where is everything in a training job?
SageMaker's folders, under /opt/ml or wherever LENSLOOP_ML_ROOT says.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lensloop.wire.errors import BadArtifact


@dataclass(frozen=True)
class Paths:
    root: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Paths":
        return cls(Path(environment.get("LENSLOOP_ML_ROOT", "/opt/ml")))

    @property
    def dependencies(self) -> Path:
        """The zip of unpacked wheels; CDK names an asset
        by its hash, so the channel's only zip is taken.
        """
        zips = sorted(self._channel("dependencies").glob("*.zip"))
        if len(zips) != 1:
            raise BadArtifact(
                f"The channel `dependencies` holds {len(zips)} zip files; it must hold exactly one."
            )
        return zips[0]

    @property
    def manifest(self) -> Path:
        return self._channel("dataset") / "manifest.csv.gz"

    def picture(self, key: str) -> Path:
        """Safe as a path: inspection accepts only keys that are."""
        return self._channel("images") / key

    @property
    def live(self) -> Path:
        """The live release; the channel is missing when there is none."""
        return self._channel("live")

    @property
    def golden_set(self) -> Path:
        """The channel is there only where the golden set is asked for."""
        return self._channel("golden")

    @property
    def artefact(self) -> Path:
        """A model that was made elsewhere; the channel is there only for algorithms that take
        one.
        """
        return self._channel("artefact")

    @property
    def hyperparameters(self) -> Path:
        return self.root / "input" / "config" / "hyperparameters.json"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def checkpoints(self) -> Path:
        """Filled before the job starts, and carried out while it runs, if it is asked for so."""
        return self.root / "checkpoints"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"

    def _channel(self, name: str) -> Path:
        return self.root / "input" / "data" / name
