"""Which golden pictures did earlier jobs choose? Their JPEGs, kept beside the features, so that a
job proves its model without the test pictures' own files.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

from lensloop.dataset.kept_features import GOLDEN_FOLDER
from training import shards
from training.pictures import Picture


class KeptGolden:
    """Files named by the picture's content and by their own, by which they are checked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / GOLDEN_FOLDER
        self._found: dict[str, Path] = {}
        for path in self._folder.glob("*.jpg"):
            if path.stat().st_size:
                self._found[path.name[:64]] = path

    def holds(self, row: Picture) -> bool:
        return row.sha256 in self._found

    def get(self, row: Picture) -> bytes | None:
        """None for what is not kept, or not whole any more."""
        path = self._found.get(row.sha256)
        data = path.read_bytes() if path else b""
        return data if path and path == self._path(row, data) else None

    def put(self, row: Picture, data: bytes) -> None:
        path, before = self._path(row, data), self._found.get(row.sha256)
        if before == path:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        shards.replace(path, data)
        self._found[row.sha256] = path
        if before:
            shards.empty(before)

    def tidy(self, wanted: Collection[str]) -> None:
        """Empties those of pictures that are not in the data set any more."""
        for sha256, path in self._found.items():
            if sha256 not in wanted:
                shards.empty(path)

    def _path(self, row: Picture, data: bytes) -> Path:
        return self._folder / f"{row.sha256}-{hashlib.sha256(data).hexdigest()}.jpg"
