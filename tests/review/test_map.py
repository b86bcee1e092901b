"""Do alike pictures lie together on the map, and are those named that lie with another label?"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from review.features import Features
from review.mapping import basis, oddness, scaled
from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import LABELS, desk, fill, fill_dataset, fill_features

Page = Callable[..., TestClient]


def test_labels_are_clouds_and_what_lies_in_another_is_named(s3: FolderS3, page: Page) -> None:
    fill(s3, 0, 60)
    fill_dataset(s3)
    fill_features(s3)
    found = page().get("map/points").json()
    assert found["labels"] == list(LABELS)
    strange = [f"images/{label}/{number:06}.jpg" for label in LABELS for number in (7, 57)]
    assert sorted(found["key"][at] for at in found["odd"]) == strange
    points = np.array([found["x"], found["y"]]).T
    assert (points.min(), points.max()) == (0, 10_000)
    labels = np.array(found["label"])
    usual = np.array([key not in strange for key in found["key"]])
    for label in range(len(LABELS)):
        own = points[(labels == label) & usual]
        others = points[(labels != label) & usual]
        middle = own.mean(axis=0)
        widest = np.linalg.norm(own - middle, axis=1).max()
        assert widest < np.linalg.norm(others - middle, axis=1).min()


def test_the_map_is_made_again_only_when_something_has_changed(
    s3: FolderS3, tmp_path: Path
) -> None:
    fill(s3, 0, 20)
    fill_dataset(s3)
    fill_features(s3)
    at = desk(s3, tmp_path)
    first = at.mapper.map()
    assert at.mapper.map() is first
    fill_features(s3, of_a_shard=7)
    assert at.mapper.map() is not first


def test_there_is_no_map_without_features(s3: FolderS3, page: Page) -> None:
    fill(s3, 0, 3)
    assert page().get("map/points").json()["key"] == []
    fill_dataset(s3)
    found = page().get("map/points").json()
    assert (found["key"], found["without"]) == ([], 6)


def test_what_is_no_shard_is_passed_over(s3: FolderS3, tmp_path: Path) -> None:
    fill(s3, 0, 20)
    fill_dataset(s3)
    fill_features(s3)
    for name, body in (("broken", b"PK no"), ("empty", b""), ("other", b"x" * 100)):
        s3[f"features/abc/{name}.npz"] = body
    s3["features/golden/x.npz"] = b"y" * 10_000
    at = desk(s3, tmp_path)
    assert len(at.mapper.map().pictures) == len(at.library.accepted())
    features = Features(at.mapper._features._bucket, tmp_path / "features")
    assert len(list(features.read(features.shards()))) == 1


def test_the_directions_are_those_of_the_correlation() -> None:
    random = np.random.default_rng(3)
    cloud = random.normal(0, 1, (40, 60)).astype(np.float32)
    cloud[:, :9] += random.normal(0, 3, (40, 1))
    cloud[:, 9:15] += random.normal(0, 2, (40, 1))
    cloud *= np.linspace(9, 1, 60)
    cloud[:, 59] = 5
    mean, directions = basis(cloud)
    spread = cloud.std(axis=0)
    even = (cloud - cloud.mean(axis=0)) / np.where(spread > 0, spread, 1)
    _, vectors = np.linalg.eigh(np.cov(even.T))
    for number in range(2):
        here, there = (cloud - mean) @ directions[:, number], even @ vectors[:, -1 - number]
        assert abs(np.corrcoef(here, there)[0, 1]) > 0.999


def test_one_label_and_one_picture_make_no_outlier() -> None:
    alone = np.zeros((1, 3), np.float32)
    assert oddness(alone, np.array([0])).tolist() == [0]
    assert scaled(alone[:, 0]) == [0]
    assert scaled(np.zeros(0, np.float32)) == []
