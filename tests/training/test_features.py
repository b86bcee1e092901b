"""What a backbone sees in the job's pictures: every picture is looked at once."""

import base64
import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from PIL import Image

from lensloop.dataset.kept_features import ALL, UNCACHED
from lensloop.machines.choose import CACHE_DAMAGED
from lensloop.wire.errors import BadArtifact
from training import golden, shards
from training.algorithms.head.backbone import Graph
from training.algorithms.head.export import frozen_backbone
from training.embed import session
from training.features import CacheDamaged, Features, Kept
from training.golden_kept import KeptGolden
from training.paths import Paths
from training.pictures import Picture, Pictures

COUNT = 5


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = []
    for number in range(COUNT):
        file = io.BytesIO()
        Image.new("RGB", (40, 40), (number * 40, 99, 200 - number * 40)).save(file, "JPEG")
        key = f"images/plum/{number}.jpg"
        path = tmp_path / "input/data/images" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.getvalue())
        sha256 = hashlib.sha256(file.getvalue()).hexdigest()
        rows.append(Picture(key, sha256, "plum", "train", "0" * 16))
    return Pictures(Paths(tmp_path), rows)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "checkpoints")


def test_a_picture_is_looked_at_once(pictures, kept, capsys):
    features = Features(pictures, frozen_backbone, kept)
    some, first = features.of(pictures.rows[:2])
    everything, seen = features.of(pictures.rows)
    assert (some, everything) == (pictures.rows[:2], pictures.rows)
    assert seen.shape == (COUNT, first.shape[1])
    assert np.array_equal(seen[:2], first)
    features.by(features.frozen, pictures.rows, "judged")
    said = [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["embedded 2 of 2 pictures", "embedded 3 of 3 pictures"]


def test_the_features_come_in_the_order_of_the_rows_that_can_be_used(pictures, kept, tmp_path):
    features = Features(pictures, frozen_backbone, kept)
    _, forward = features.of(pictures.rows)
    pictures.paths.picture(pictures.rows[2].key).unlink()
    again = Features(pictures, frozen_backbone, Kept(tmp_path / "elsewhere"))
    usable, backward = again.of(pictures.rows[::-1])
    assert usable == [row for row in pictures.rows[::-1] if row is not pictures.rows[2]]
    assert np.array_equal(backward, forward[[4, 3, 1, 0]])
    assert list(pictures.left_out) == [pictures.rows[2].key]


def test_without_pictures_the_features_have_their_width_all_the_same(pictures, kept):
    usable, features = Features(pictures, frozen_backbone, kept).of([])
    assert (usable, len(features)) == ([], 0)
    assert features.shape[1] >= 1280


def test_a_backbone_that_nobody_asks_for_is_not_made(pictures, kept):
    def never() -> bytes:
        raise AssertionError

    Features(pictures, never, kept)


def test_the_next_job_needs_no_picture_that_is_kept(pictures, kept):
    first = Features(pictures, frozen_backbone, kept)
    _, before = first.of(pictures.rows[:4])
    thumbnail = first.thumbnail(pictures.rows[1])
    first.close()
    for row in pictures.rows[:4]:
        pictures.paths.picture(row.key).unlink()
    second = Features(pictures, frozen_backbone, replace(kept, pictures=UNCACHED))
    usable, after = second.of(pictures.rows)
    assert usable == pictures.rows
    assert np.array_equal(after[:4], before)
    assert (second.embedded, second.kept_by(second.frozen)) == (1, 4)
    assert second.thumbnail(pictures.rows[1]) == thumbnail
    assert thumbnail is not None
    assert max(Image.open(io.BytesIO(base64.b64decode(thumbnail))).size) <= 96
    assert not pictures.left_out


def test_a_picture_that_should_be_kept_and_is_not_is_no_reason_to_train_without_it(pictures, kept):
    pictures.paths.picture(pictures.rows[2].key).unlink()
    features = Features(pictures, frozen_backbone, replace(kept, pictures=UNCACHED))
    with pytest.raises(CacheDamaged, match=f"{CACHE_DAMAGED}: it lacks 1 picture that"):
        features.of(pictures.rows)


def lie(kept: Kept, features: Features) -> None:
    """A shard that is whole and says something else of the pictures."""
    backbone = features.frozen
    (path,) = (kept.folder / backbone.hash).glob("*.npz")
    shard = shards.read(path, backbone.hash, backbone.width)
    assert shard
    found = shard.only(shard.pictures)
    path.unlink()
    wrong = replace(found, features=found.features[::-1])
    shards.write(path.parent, backbone.hash, wrong)


def test_a_cache_that_is_wrong_is_found_out_and_all_is_embedded_again(pictures, kept):
    first = Features(pictures, frozen_backbone, kept)
    _, right = first.of(pictures.rows)
    lie(kept, first)
    second = Features(pictures, frozen_backbone, kept)
    _, seen = second.of(pictures.rows)
    assert np.array_equal(seen, right)
    assert (second.embedded, second.kept_by(second.frozen)) == (COUNT, 0)
    second.close()
    third = Features(pictures, frozen_backbone, kept)
    assert np.array_equal(third.of(pictures.rows)[1], right)
    assert third.embedded == 0


def test_where_the_pictures_are_not_there_another_job_must_embed_them_again(pictures, kept):
    first = Features(pictures, frozen_backbone, kept)
    _, right = first.of(pictures.rows)
    lie(kept, first)
    second = Features(pictures, frozen_backbone, replace(kept, pictures=UNCACHED))
    with pytest.raises(CacheDamaged, match="not what the network sees"):
        second.of(pictures.rows)
    third = Features(pictures, frozen_backbone, Kept.found(kept.folder, ALL, "job"))
    _, seen = third.of(pictures.rows)
    assert np.array_equal(seen, right)
    assert third.embedded == COUNT


PROOFS = [(True, CacheDamaged, "feature cache is damaged"), (False, BadArtifact, "must not be")]


@pytest.mark.parametrize(("before", "error", "said"), PROOFS)
def test_a_head_that_answers_otherwise_than_its_file_is_never_shipped(
    pictures, tmp_path, before, error, said
):
    """Of a golden picture the whole file is asked, and must say what decided the verdict."""
    model, row = session(plain()), pictures.rows[0]
    right = golden.Proof(model, ["lime", "plum"], {row.sha256: 0.75}, kept=before)
    wrong = replace(right, confidence={row.sha256: 0.753})
    chosen, kept = [row], KeptGolden(tmp_path / "checkpoints")
    assert len(golden.write(tmp_path / "golden", iter(chosen), pictures, right, kept)) == 1
    with pytest.raises(error, match=said):
        golden.write(tmp_path / "golden", iter(chosen), pictures, wrong, kept)


def plain() -> bytes:
    """It answers 0.25 and 0.75, whatever it is shown."""
    graph = Graph()
    ground = graph.node("Cast", "image", to=TensorProto.FLOAT)
    nothing = graph.node("Mul", ground, graph.constant("none", np.float32(0)))
    row = graph.node("ReduceMean", nothing, axes=[1, 2, 3], keepdims=0)
    rows = graph.node("Reshape", row, graph.constant("shape", np.array([-1, 1], np.int64)))
    answers = graph.constant("answers", np.array([[0.25, 0.75]], np.float32))
    graph.node("Add", rows, answers, output="probabilities")
    return bytes(graph.model("probabilities", 2).SerializeToString())
