"""Does the step leave what SageMaker's own algorithm can read, and only what is new?"""

import io
import json
from typing import Any

import pytest
from PIL import Image

from lambdas import copy_pictures
from lambdas.decoding.decoder import Decoder
from lensloop.dataset.lists import ConversionUnfinished
from tests.dataset.conftest import Picture, Project, connected

ALGORITHM = {"algorithm": "image-classification"}


@pytest.fixture
def copying(project: Project, opened: Decoder, monkeypatch: pytest.MonkeyPatch) -> Project:
    class Kept:
        def __enter__(self) -> Decoder:
            return opened

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(copy_pictures, "Decoder", Kept)
    return connected(monkeypatch, project, **ALGORITHM)


def filled(project: Project, picture: Picture, each: int = 10) -> dict[str, Any]:
    for number in range(each):
        kind = "WEBP" if number % 2 else "PNG"
        project.s3[f"images/glass/{number}.jpg"] = picture(number, 64, kind)
        project.s3[f"images/Müll/{number} ü.webp"] = picture(100 + number, 300, kind)
    return project.run()


def copy(project: Project, live_epoch: int | None = None, context: Any = None) -> dict[str, Any]:
    digest = project.table.items["dataset"]["digest"]
    event = {"digest": digest, "live_epoch": live_epoch}
    answer: dict[str, Any] = json.loads(json.dumps(copy_pictures.handler(event, context)))
    return answer


def test_every_copy_is_an_upright_jpeg_that_is_large_enough(
    copying: Project, picture: Picture
) -> None:
    filled(copying, picture)
    answer = copy(copying)
    rows = copying.manifest().values()
    learnt = [row for row in rows if row["split"] != "test"]
    copies = list(copying.s3.keys("datasets/copies/"))
    assert sorted(copies) == sorted(f"datasets/copies/{row['sha256']}.jpg" for row in learnt)
    for key in copies:
        with Image.open(io.BytesIO(copying.content(key))) as made:
            assert (made.format, made.mode, min(made.size)) == ("JPEG", "RGB", 256)
    train = [row for row in learnt if row["split"] == "train"]
    assert answer == {"classes": 2, "pictures": len(train), "batch": len(train), "model": None}


def test_lists_and_channels_name_the_same_copies(copying: Project, picture: Picture) -> None:
    filled(copying, picture)
    copy(copying)
    for split in ("train", "validation"):
        lines = copying.file(f"{split}.lst").decode().splitlines()
        head, *objects = json.loads(copying.file(f"{split}.manifest"))
        assert head == {"prefix": "s3://deeplens-test/datasets/copies/"}
        assert [line.split("\t")[2] for line in lines] == objects
        assert [int(line.split("\t")[0]) for line in lines] == list(range(len(lines)))
        labels = {row["sha256"]: row["label"] for row in copying.manifest().values()}
        for line in lines:
            _, number, name = line.split("\t")
            assert ["Müll", "glass"][int(number)] == labels[name.removesuffix(".jpg")]


def test_a_picture_is_copied_once(
    copying: Project, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(copying, picture)
    copy(copying)
    asked = []
    monkeypatch.setattr(copy_pictures, "_content", lambda row: asked.append(row.key))
    copy(copying)
    assert asked == []


def test_a_picture_that_was_replaced_meanwhile_is_left_out(
    copying: Project, picture: Picture
) -> None:
    filled(copying, picture)
    train = [row for row in copying.manifest().values() if row["split"] == "train"]
    copying.s3[train[0]["key"]] = picture(999)
    assert copy(copying)["pictures"] == len(train) - 1
    assert train[0]["sha256"] not in copying.file("train.lst").decode()


def test_a_call_that_runs_out_of_time_leaves_what_it_made_to_the_next(
    copying: Project, picture: Picture
) -> None:
    filled(copying, picture)

    class Context:
        left = iter([900_000, 100_000])

        def get_remaining_time_in_millis(self) -> int:
            return next(self.left)

    with pytest.raises(ConversionUnfinished, match=r"^4 of 1[56] pictures are copied"):
        copy(copying, context=Context())
    assert len(list(copying.s3.keys("datasets/copies/"))) == 4
    assert copy(copying)["classes"] == 2


def test_it_goes_on_from_the_live_network_as_long_as_its_archive_is_there(
    copying: Project, picture: Picture
) -> None:
    filled(copying, picture)
    archive = "training/deeplens-test-1-1/output/model.tar.gz"
    evaluation = {
        "algorithm": "image-classification",
        "labels": ["Müll", "glass"],
        "artefact": {"uri": f"s3://deeplens-test/{archive}", "layers": 18},
    }
    copying.s3["releases/1/evaluation.json"] = json.dumps(evaluation).encode()
    assert copy(copying, live_epoch=1)["model"] is None  # it has expired
    copying.s3[archive] = b"an archive"
    assert copy(copying, live_epoch=1)["model"] == f"s3://deeplens-test/{archive}"


@pytest.mark.parametrize("damage", [None, b"", b"{half", b"\xff", b"[]", b'{"artefact": 5}'])
def test_a_live_release_that_cannot_be_read_never_blocks_a_training(
    copying: Project, picture: Picture, damage: bytes | None
) -> None:
    filled(copying, picture)
    if damage is not None:
        copying.s3["releases/1/evaluation.json"] = damage
    assert copy(copying, live_epoch=1)["model"] is None
