"""Folders of label folders, as a person might hand them to `make demo IMAGES=…`."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image

MakeFolder = Callable[[Mapping[str, int]], Path]


@pytest.fixture
def pictures(tmp_path: Path) -> MakeFolder:
    """pictures({"glass": 30}) makes a folder with 30 different pictures under glass/."""

    def make(labels: Mapping[str, int]) -> Path:
        root = tmp_path / "pictures"
        root.mkdir()
        for number, (label, count) in enumerate(labels.items()):
            (root / label).mkdir()
            for i in range(count):
                colour = (number * 60 % 256, i % 256, i * 7 % 256)
                Image.new("RGB", (16, 16), colour).save(root / label / f"{i:03d}.png")
        return root

    return make
