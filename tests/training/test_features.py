"""What a backbone sees in the job's pictures: every picture is looked at once."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.algorithms.head.export import frozen_backbone
from training.features import Features
from training.paths import Paths
from training.pictures import Picture, Pictures

COUNT = 5


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = []
    for number in range(COUNT):
        file = io.BytesIO()
        Image.new("RGB", (40, 40), (number * 40, 99, 200 - number * 40)).save(file, "PNG")
        key = f"images/plum/{number}.png"
        path = tmp_path / "input/data/images" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.getvalue())
        sha256 = hashlib.sha256(file.getvalue()).hexdigest()
        rows.append(Picture(key, sha256, "plum", "train", "0" * 16))
    return Pictures(Paths(tmp_path), rows)


def test_a_picture_is_looked_at_once(pictures, capsys):
    features = Features(pictures, frozen_backbone)
    some, first = features.of(pictures.rows[:2])
    everything, seen = features.of(pictures.rows)
    assert (some, everything) == (pictures.rows[:2], pictures.rows)
    assert seen.shape == (COUNT, first.shape[1])
    assert np.array_equal(seen[:2], first)
    features.by(features.frozen, pictures.rows, "judged")
    said = [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["embedded 2 of 2 pictures", "embedded 3 of 3 pictures"]


def test_the_features_come_in_the_order_of_the_rows_that_can_be_used(pictures):
    features = Features(pictures, frozen_backbone)
    _, forward = features.of(pictures.rows)
    pictures.paths.picture(pictures.rows[2].key).unlink()
    again = Features(pictures, frozen_backbone)
    usable, backward = again.of(pictures.rows[::-1])
    assert usable == [row for row in pictures.rows[::-1] if row is not pictures.rows[2]]
    assert np.array_equal(backward, forward[[4, 3, 1, 0]])
    assert list(pictures.left_out) == [pictures.rows[2].key]


def test_without_pictures_the_features_have_their_width_all_the_same(pictures):
    usable, features = Features(pictures, frozen_backbone).of([])
    assert (usable, len(features)) == ([], 0)
    assert features.shape[1] >= 1280


def test_a_backbone_that_nobody_asks_for_is_not_made(pictures):
    def never() -> bytes:
        raise AssertionError

    Features(pictures, never)
