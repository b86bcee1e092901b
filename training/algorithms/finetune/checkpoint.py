"""Where was the teaching when the job was taken away? Written at once and with a checksum; what is
damaged, or of other pictures, another version or another machine's torch, is no checkpoint.

SageMaker carries the folder out while the job runs, and deletes nothing there. So the same two
names are used in turns – one is whole even if the other was carried out half – and emptied when the
whole job is over (feature_cache.clear_lessons): what was taught is not taught again either when the
judging is interrupted.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from lensloop.dataset.kept_features import CHECKPOINT
from training.shards import replace

_HASH = 32  # bytes of a sha256
State = Mapping[str, Any]


class Checkpoint:
    def __init__(self, folder: Path, key: str) -> None:
        """`key`: of all that decides how the teaching goes on."""
        self._key, self._turn = key, 0
        self._paths = [folder / f"finetune-{turn}{CHECKPOINT}" for turn in (0, 1)]
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, state: State, *moment: int) -> None:
        """`moment`: numbers that grow while the job runs."""
        content = io.BytesIO()
        torch.save({"key": self._key, "moment": [*moment], "state": dict(state)}, content)
        data = content.getvalue()
        replace(self._paths[self._turn], hashlib.sha256(data).digest() + data)
        self._turn = 1 - self._turn

    def read(self) -> State | None:
        """The latest."""
        kept = [(found["moment"], turn) for turn in (0, 1) if (found := self._read(turn))]
        if not kept:
            return None
        _, turn = max(kept)
        self._turn = 1 - turn
        latest = self._read(turn)
        return latest["state"] if latest else None

    def _read(self, turn: int) -> Any:
        try:
            data = self._paths[turn].read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data[_HASH:]).digest() != data[:_HASH]:
            return None
        # Tensors and plain values only: nothing in it is run.
        found = torch.load(io.BytesIO(data[_HASH:]), weights_only=True, map_location="cpu")
        return found if found["key"] == self._key else None
