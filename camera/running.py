"""What classifies frames: a model that has proved itself on this camera, and how it runs."""

from __future__ import annotations

from typing import NamedTuple

from camera.model import Model
from camera.prove import Proof
from lensloop.wire.manifest import Installed

# As reports name them; the last one is a DeepLens' own chip, which computes in sixteen bits.
FP32, INT8, FP16 = "fp32", "int8", "fp16"


class Running(NamedTuple):
    model: Model
    proof: Proof
    precision: str = FP32
    note: str = ""  # why it does not run in another way, where a person should know

    @property
    def installed(self) -> Installed:
        return self.model.installed

    @property
    def seconds(self) -> float:
        """The median golden picture."""
        return self.proof.milliseconds / 1000
