"""Does every picture of a data set find a place of its own on any disk?"""

import csv
import io
from typing import Any

import pytest

from lensloop.dataset import export, layout
from lensloop.dataset.rows import Row
from tests.dataset.made import row

LONG = "x" * 250 + ".jpg"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("images/glass/jar.jpg", "train/glass/jar.jpg"),
        ("images/glass/kitchen/jar.jpg", "train/glass/jar.jpg"),
        ("images/glass/11:30 jar?.jpg", "train/glass/11_30 jar_.jpg"),
        ("images/glass/\x1b[31m.jpg", "train/glass/_[31m.jpg"),
        ("images/glass/..", "train/glass/{sha256}"),
        ("images/glass/.jpg", "train/glass/{sha256}"),
        ("images/glass/" + LONG, "train/glass/{sha256}.jpg"),
        ("images/glass/jar", "train/glass/jar"),
        ("images/glass/CON.jpg", "train/glass/{sha256}.jpg"),
        ("images/glass/aux", "train/glass/{sha256}"),
        ("images/glass/com1.2.jpg", "train/glass/{sha256}.jpg"),
        ("images/glass/console.jpg", "train/glass/console.jpg"),
    ],
)
def test_a_picture_lies_under_its_split_and_label_with_a_name_every_disk_takes(
    key: str, path: str
) -> None:
    one = row(1, key=key, split="train")
    assert export.placed([one]) == [(path.format(sha256=one.sha256), one)]


def test_files_of_one_name_are_told_apart_by_what_is_in_them() -> None:
    keys = ("images/glass/1.jpg", "images/glass/hall/1.JPG", "images/glass/yard/1.jpg")
    rows = [row(n, key=key, split="train") for n, key in enumerate(keys)]
    elsewhere = row(9, key="images/glass/shed/1.jpg", split="test")
    paths = [path for path, _ in export.placed([*rows, elsewhere])]
    assert paths[0] == "train/glass/1.jpg"
    assert paths[1] == f"train/glass/1-{rows[1].sha256[:12]}.JPG"
    assert paths[-1] == f"train/glass/1-{rows[2].sha256[:12]}.jpg"
    assert "test/glass/1.jpg" in paths
    assert len({path.casefold() for path in paths}) == 4


def test_the_list_names_each_picture_once_with_its_address() -> None:
    comma = row(1, label="can, tin", key="images/can, tin/a.jpg", split="test")
    text = export.listing(export.placed([comma]), "deeplens-x")
    (line,) = csv.DictReader(io.StringIO(text))
    told: dict[str, Any] = {"filename": "test/can, tin/a.jpg", "label": "can, tin", "split": "test"}
    assert line == told | {
        "uri": "s3://deeplens-x/images/can, tin/a.jpg",
        "sha256": comma.sha256,
        "width": "64",
        "height": "48",
    }


def test_what_is_exported_is_recognised_by_its_folders_as_split_already() -> None:
    rows: list[Row] = []
    for n in range(40):
        label, split = ("glass", "paper")[n % 2], ("train", "validation", "test")[n % 3]
        rows.append(row(n, label=label, split=split))
    found = layout.mistake(path for path, _ in export.placed(rows))
    assert found is not None
    assert found.labels == ("glass", "paper")
