"""Which pictures is SageMaker to fetch?
The list beside a data set, as a `ManifestFile` channel reads it.
"""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from lensloop.model.standards import BACKBONES
from lensloop.wire import names
from tests.dataset.conftest import Picture, Project


def test_the_image_manifest_lists_exactly_the_accepted_keys(
    project: Project, picture: Picture
) -> None:
    names = ["plain.jpg", 'quote".jpg', "ünï.jpg", "space and (brackets).jpg"]
    for number, name in enumerate(names):
        project.s3[f"images/glass/{name}"] = picture(number)
    project.s3["images/glass/text.jpg"] = b"text"
    project.run()
    prefix, *keys = json.loads(project.file("images.manifest"))
    assert prefix == {"prefix": "s3://deeplens-test/"}
    assert keys == sorted(f"images/glass/{name}" for name in names)


def test_an_empty_image_manifest_is_still_a_manifest(project: Project) -> None:
    project.run()
    assert json.loads(project.file("images.manifest")) == [{"prefix": "s3://deeplens-test/"}]


def to_fetch(project: Project) -> list[str]:
    prefix, *keys = json.loads(project.file("fetch.manifest"))
    assert prefix == {"prefix": "s3://deeplens-test/"}
    return [key.removeprefix("images/") for key in keys]


def keep(project: Project, backbone: str, name: str, keys: Iterable[str]) -> None:
    """As a training job leaves what a backbone saw."""
    rows = project.manifest()
    index = b"".join(bytes.fromhex(rows[key]["sha256"]) for key in keys)
    project.s3[f"features/{backbone}/{name}.index"] = index
    project.s3[f"features/{backbone}/{name}.npz"] = b"features" * 1000


def keep_golden(project: Project) -> None:
    for row in project.manifest().values():
        if row["split"] == "test":
            project.s3[f"features/golden/{row['sha256']}-{'0' * 64}.jpg"] = b"JPEG"


def goes_live(project: Project) -> None:
    """Its files are there too: a live release without them asks for no pictures."""
    project.table.items["live"] = {"id": "live", "epoch": 1, "model_sha256": "a", "dataset": "d0"}
    project.s3[names.release(1, "manifest.json")] = b"{}"


OURS, OTHER = BACKBONES["head"], "fedcba9876543210"


@pytest.fixture
def kept(project: Project, picture: Picture) -> Project:
    """Eighty pictures that a job has looked at, and golden ones; and a new one."""
    for number in range(80):
        label = "jar" if number % 2 else "can"
        project.s3[f"images/{label}/{number:02d}.jpg"] = picture(number)
    project.run()
    keys = [*project.manifest()]
    keep(project, OURS, "a", keys[:50])
    keep(project, OURS, "b", keys[50:])
    keep_golden(project)
    project.s3["images/can/new.jpg"] = picture(99)
    return project


def test_what_a_job_has_looked_at_is_not_fetched_again_but_for_a_few(kept: Project) -> None:
    answer = kept.run()
    found = to_fetch(kept)
    assert "can/new.jpg" in found
    assert 2 <= len(found) <= 4
    size = sum(int(row["size"]) for key, row in kept.manifest().items() if key[7:] in found)
    assert answer["fetched"] == {
        "images": len(found),
        "bytes": size,
        "volume_gb": 30,
        "everything_gb": 30,
    }
    assert len(json.loads(kept.file("images.manifest"))) == 82


LOST = {
    "nothing is kept": lambda s3: [s3.pop(key) for key in [*s3] if key.startswith("features/")],
    "a shard is gone": lambda s3: s3.pop(f"features/{OURS}/b.npz"),
    "an index is gone": lambda s3: s3.pop(f"features/{OURS}/b.index"),
    "an index was emptied": lambda s3: s3.update({f"features/{OURS}/b.index": b""}),
    "a shard was emptied": lambda s3: s3.update({f"features/{OURS}/b.npz": b""}),
    "an index was cut": lambda s3: s3.update({f"features/{OURS}/b.index": b"cut"}),
}


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST.keys())
def test_what_is_not_kept_any_more_is_fetched(kept: Project, lose: Any) -> None:
    lose(kept.s3.objects)
    kept.s3._order = None
    kept.run()
    assert len(to_fetch(kept)) >= 31


LIVE = [
    ({}, 2, 30),  # of which backbone it is, nobody has noted
    ({"1": OURS}, 2, 4),
    ({"1": OTHER}, 2, 30),
    ({"7": OURS}, 2, 30),
]


@pytest.mark.parametrize(("noted", "least", "most"), LIVE)
def test_test_pictures_come_for_a_live_model_that_has_not_seen_them(
    kept: Project, noted: dict[str, str], least: int, most: int
) -> None:
    goes_live(kept)
    note = json.dumps({"format": 1, "epochs": noted})
    kept.s3["features/backbones.json"] = note.encode()
    kept.run()
    tests = {key[7:] for key, row in kept.manifest().items() if row["split"] == "test"}
    found = {*to_fetch(kept)}
    assert (tests <= found) is (most > 4)
    assert least <= len(found) <= most
    keep(kept, OTHER, "c", [f"images/{name}" for name in tests])
    kept.run()
    assert (len(to_fetch(kept)) <= 4) is (noted.get("1") in (OURS, OTHER))


def test_a_note_that_cannot_be_read_says_nothing(kept: Project) -> None:
    goes_live(kept)
    kept.s3["features/backbones.json"] = b"{"
    kept.run()
    assert len(to_fetch(kept)) > 4
