"""Are pictures that a person drops onto a label planned first, and brought in only then?"""

import errno
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lensloop.importing import provenance
from review.dropping import Dropped
from review.library import Library
from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import WHO, fill, jpeg

Page = Callable[..., TestClient]


def dropped(page: TestClient, files: Mapping[str, bytes], label: str | None) -> str:
    identity: str = page.post("drops", json={"label": label}).json()["id"]
    for path, content in files.items():
        sent = page.put(f"drops/{identity}/file", params={"path": path}, content=content)
        assert sent.status_code == 200
    return identity


def carried_out(page: TestClient, identity: str, **said: str) -> dict[str, Any]:
    page.post(f"drops/{identity}/run", json=said)
    for _ in range(200):
        told: dict[str, Any] = page.get(f"drops/{identity}").json()
        if told.get("ended", True):
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def test_pictures_come_to_the_label_once_the_plan_was_agreed_to(
    s3: FolderS3, page: Page, tmp_path: Path
) -> None:
    fill(s3, 0)
    at = page()
    files = {"a.jpg": jpeg(70), "../b.jpg": jpeg(71), "notes.txt": b"hello", "broken.jpg": b"x"}
    before = s3.keys("images/")
    identity = dropped(at, files, "can")
    plan = at.post(f"drops/{identity}/plan", json={}).json()
    assert plan["new"] == {"can": 2}
    assert [each["path"] for kind in plan["left_out"] for each in kind["examples"]] == [
        "broken.jpg"
    ]
    assert plan["missing"], "two pictures of a label are too few"
    assert s3.keys("images/") == before, "a plan changes nothing"
    assert carried_out(at, identity)["uploaded"] == 2
    new = set(s3.keys("images/")) - set(before)
    assert {key.rpartition("-")[0] for key in new} == {"images/can/a", "images/can/b"}
    at.post(f"drops/{identity}/forget", json={})
    assert list((tmp_path / "dropped").iterdir()) == []


def recorded(s3: FolderS3) -> dict[str, Any]:
    (key,) = s3.keys(provenance.PREFIX)
    found: dict[str, Any] = json.loads(s3.get_object(Key=key)["Body"].read())
    return found


@pytest.mark.parametrize(
    ("said", "licence"),
    [({}, "own"), ({"licence": " CC BY 4.0 "}, "CC BY 4.0"), ({"licence": ""}, "")],
)
def test_they_leave_a_record_under_the_licence_that_the_person_says(
    s3: FolderS3, page: Page, said: dict[str, str], licence: str
) -> None:
    fill(s3, 0)
    at = page()
    identity = dropped(at, {"a.jpg": jpeg(70), "b.jpg": jpeg(71)}, "can")
    at.post(f"drops/{identity}/plan", json={})
    carried_out(at, identity, **said)
    told = recorded(s3)
    assert (told["source"], told["licence"]) == (f"page:{WHO}", licence)
    assert (told["pictures"], told["version"]) == ({"can": 2}, told["begun"][:10])
    assert told["finished"]


def test_what_is_being_brought_in_comes_though_the_window_was_closed(
    s3: FolderS3, page: Page, tmp_path: Path
) -> None:
    fill(s3, 0)
    at = page()
    identity = dropped(at, {f"{number}.jpg": jpeg(70 + number) for number in range(5)}, "can")
    at.post(f"drops/{identity}/plan", json={})
    at.post(f"drops/{identity}/run", json={})
    at.post(f"drops/{identity}/forget", json={})
    folder = tmp_path / "dropped"
    for _ in range(200):
        if not any(folder.iterdir()):
            break
        time.sleep(0.05)
    assert not any(folder.iterdir())
    assert len(s3.keys("images/can/")) == 2 + 5


def test_a_folder_of_label_folders_says_its_labels(s3: FolderS3, page: Page) -> None:
    fill(s3, 0)
    at = page()
    files = {
        f"set/{label}/{number}.jpg": jpeg(80 + number + 10 * at_)
        for at_, label in enumerate(("Can", "tin"))
        for number in range(3)
    }
    identity = dropped(at, files, None)
    assert at.post(f"drops/{identity}/plan", json={}).json()["new"] == {"can": 3, "tin": 3}


def test_what_is_there_already_is_not_brought_twice(s3: FolderS3, page: Page) -> None:
    fill(s3, 0)
    at = page()
    first = dropped(at, {"a.jpg": jpeg(70)}, "can")
    at.post(f"drops/{first}/plan", json={})
    carried_out(at, first)
    again = dropped(at, {"other-name.jpg": jpeg(70)}, "can")
    plan = at.post(f"drops/{again}/plan", json={}).json()
    assert (plan["new"], plan["there"]) == ({}, 1)


@pytest.mark.parametrize(
    ("label", "said"), [("Glass", "looks like the label `glass`"), ("a/b", "a slash")]
)
def test_they_come_to_labels_only(s3: FolderS3, page: Page, label: str, said: str) -> None:
    fill(s3, 0)
    answer = page().post("drops", json={"label": label})
    assert answer.status_code == 409
    assert said in answer.json()["sentence"]


def test_what_was_forgotten_is_said_to_be(page: Page) -> None:
    at = page()
    for path in ("plan", "run"):
        answer = at.post(f"drops/../../{path}", json={})
        assert answer.status_code in (403, 404)
        answer = at.post(f"drops/nothing/{path}", json={})
        assert answer.json()["sentence"].endswith("Drop it again.")


def test_where_the_cloud_is_lost_at_the_end_nobody_waits_for_ever(
    s3: FolderS3, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(s3, 0)
    at = page()
    identity = dropped(at, {"a.jpg": jpeg(70)}, "can")
    at.post(f"drops/{identity}/plan", json={})

    def lost(_: Library) -> None:
        raise OSError("The network is gone.")

    monkeypatch.setattr(Library, "_look", lost)
    told = carried_out(at, identity)
    assert (told["uploaded"], told["ended"]) == (1, True)


def test_what_a_full_disk_took_a_part_of_is_none_of_what_was_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    there = Dropped(tmp_path / "drop", "can", "someone")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        there.add("a.jpg", jpeg(1))
    assert list(there.found()) == []
