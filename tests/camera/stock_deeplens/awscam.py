"""A stand-in for AWS DeepLens' device library, as its documentation has it. Its network tells
colours apart; what the weights say besides is what goes wrong.
"""

from pathlib import Path
from typing import Any

import numpy as np


class Model:
    def __init__(
        self, model_topology_file: str, loading_config: dict[str, int], runtime: int = 0
    ) -> None:
        topology = Path(model_topology_file)
        if runtime != 0 or topology.suffix != ".xml" or not topology.is_file():
            raise RuntimeError("no network for this runtime")
        if loading_config != {"GPU": 1}:
            raise RuntimeError("it was to run on the chip")
        width, height = topology.read_text().split("'")[1].split("x")
        self._shape = int(height), int(width), 3
        self._weights = topology.with_suffix(".bin").read_bytes()
        if self._weights == b"does not load":
            raise RuntimeError("the chip has not this layer")

    def doInference(self, frame: Any) -> dict[str, Any]:
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
            raise TypeError("a frame is an array of bytes")
        if frame.shape != self._shape:
            raise ValueError("the frame's size is not the network's")
        if self._weights == b"fails in the dark" and not frame.any():
            raise RuntimeError("the chip hangs up")
        blue, green, red = frame.reshape(-1, 3).mean(axis=0)
        scores = np.array([red, green, blue]) * 0.05
        if self._weights == b"mixed up":
            scores = np.roll(scores, 1)
        answers = np.exp(scores - scores.max())
        return {"softmax_label": answers / answers.sum()}

    def parseResult(self, model_type: str, raw: dict[str, Any]) -> dict[str, Any]:
        """The best first; labels are texts, as the documentation prints them."""
        answers = raw["softmax_label"]
        best = sorted(range(len(answers)), key=lambda i: -answers[i])
        return {model_type: [{"label": str(i), "prob": float(answers[i])} for i in best]}
