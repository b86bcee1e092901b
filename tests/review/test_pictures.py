"""Does a person see what became of each picture, and is none lost when pictures are moved?"""

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from lensloop.dataset.suspicious import RIGHT_LABELS, Place
from lensloop.review import moves
from lensloop.review.moves import Move, MoveError
from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import DIGEST, desk, fill, fill_dataset, jpeg
from tests.review.test_frames import Killed

Page = Callable[..., TestClient]
CAN = [f"images/can/{number:06}.jpg" for number in range(12)]


@pytest.fixture
def filled(s3: FolderS3) -> FolderS3:
    fill(s3, 0, 12)
    fill_dataset(s3)
    return s3


def pictures(page: TestClient, **asked: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = page.get("label/pictures", params=asked).json()["pictures"]
    return found


def test_each_picture_shows_what_became_of_it(filled: FolderS3, page: Page) -> None:
    at = page()
    answer = at.get("label/pictures", params={"name": "can"}).json()
    assert answer["total"] == 12
    assert answer["counts"] == {"new": 1, "rejected": 1, "train": 2, "validation": 4, "test": 4}
    rejected = pictures(at, name="can", state="rejected")
    assert [(each["key"], each["reason"]) for each in rejected] == [
        (CAN[9], "It is nearly the same as `000008.jpg`.")
    ]
    assert [each["key"] for each in pictures(at, name="can", offset=10, limit=5)] == CAN[10:]
    overview = at.get("labels").text
    assert "12 pictures, 1 not looked at yet, " in overview
    assert "1 rejected" in overview


def test_moved_pictures_come_back_as_they_were(filled: FolderS3, page: Page) -> None:
    at = page()
    before = {each["key"]: each for each in pictures(at, name="can")}
    bodies = {key: filled.get_object(Key=key)["Body"].read() for key in CAN[:3]}
    moved = at.post("pictures/move", json={"keys": CAN[:3], "label": "glass"}).json()
    targets = [each["target"] for each in moved["done"]]
    assert targets == [f"images/glass/{number:06}-2.jpg" for number in range(3)]
    assert [filled.get_object(Key=key)["Body"].read() for key in targets] == list(bodies.values())
    assert [each["key"] for each in pictures(at, name="can")] == CAN[3:]
    assert filled.keys("review/") == [], "the plan is gone"
    at.post("pictures/back", json={"moves": moved["done"]})
    assert {each["key"]: each for each in pictures(at, name="can")} == before
    assert len(filled.keys("images/glass/")) == 12


def test_what_is_set_aside_trains_nothing_and_can_come_back(filled: FolderS3, page: Page) -> None:
    at = page()
    at.post("pictures/set-aside", json={"keys": CAN[:2]})
    aside = [each["key"] for each in pictures(at, aside="")]
    assert aside == ["review/set-aside/can/000000.jpg", "review/set-aside/can/000001.jpg"]
    assert len(filled.keys("images/can/")) == 10
    at.post("pictures/move", json={"keys": aside, "label": "can"})
    assert filled.keys("images/can/") == CAN


@pytest.mark.parametrize("change", range(1, 7))
def test_killed_at_any_change_a_move_is_finished_at_the_next_start(
    filled: FolderS3, page: Page, tmp_path: Any, change: int
) -> None:
    """The plan, two copies, two old places, the plan: six changes, killed before each in turn."""
    at = page()
    pictures(at, name="can")
    everything = sorted(filled._kept[key].etag for key in filled.keys("images/"))
    changes = itertools.count(1)

    def before(_call: str, _key: str) -> None:
        if next(changes) >= change:
            raise Killed

    filled.before = before
    with contextlib.suppress(Killed):
        at.post("pictures/move", json={"keys": CAN[:2], "label": "glass"})
    filled.before = lambda _call, _key: None
    desk(filled, tmp_path).prepare()
    assert sorted(filled._kept[key].etag for key in filled.keys("images/")) == everything
    assert filled.keys("review/") == []
    assert len(filled.keys("images/can/")) == (12 if change == 1 else 10)


def test_a_picture_that_changed_is_not_moved(filled: FolderS3, page: Page) -> None:
    at = page()
    pictures(at, name="can")
    filled[CAN[0]] = jpeg(77)
    moved = at.post("pictures/move", json={"keys": CAN[:2], "label": "glass"}).json()
    assert [each["source"] for each in moved["done"]] == [CAN[1]]
    assert moved["failed"] == [f"{CAN[0]} is not there any more, or is another picture by now."]
    assert CAN[0] in filled.keys("images/can/")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("move", {"keys": ["releases/3/manifest.json"], "label": "glass"}, 200),
        ("move", {"keys": [CAN[0]], "label": "Can"}, 409),
        ("back", {"moves": [{"source": "images/a/b", "etag": "x", "target": "releases/1/x"}]}, 409),
        ("back", {"moves": [{"source": "images/a/b", "etag": "x", "target": "images/a"}]}, 409),
        ("set-aside", {"keys": "all"}, 400),
    ],
)
def test_only_pictures_are_moved_and_only_to_labels(
    filled: FolderS3, page: Page, path: str, body: dict[str, Any], status: int
) -> None:
    before = filled.keys()
    answer = page().post(f"pictures/{path}", json=body)
    assert answer.status_code == status
    assert filled.keys() == before


@pytest.mark.parametrize(
    ("key", "target"),
    [
        ("images/can/a.jpg", "images/glass/a.jpg"),
        ("images/can/sub/a.jpg", "images/glass/sub/a.jpg"),
        ("review/set-aside/can/a.jpg", "images/glass/a.jpg"),
        ("images/can/taken.jpg", "images/glass/taken-2.jpg"),
        ("images/glass/a.jpg", ""),
    ],
)
def test_a_picture_keeps_its_name(key: str, target: str) -> None:
    found = moves.to_label("glass", [(key, "e")], {"images/glass/taken.jpg"}.__contains__)
    assert [each.target for each in found] == ([target] if target else [])
    assert moves.read(moves.to_json(found)) == found


@pytest.mark.parametrize("key", ["images/loose.jpg", "review/deeplens_a/1.jpg", "images/can/"])
def test_what_lies_under_no_label_is_not_moved(key: str) -> None:
    with pytest.raises(MoveError):
        moves.to_label("glass", [(key, "e")], lambda _key: False)


def to_check(page: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.get("check/next").json()["pictures"]
    return found


def test_a_label_that_is_right_is_not_asked_again(filled: FolderS3, page: Page) -> None:
    at = page()
    first, second = to_check(at)
    said = {"sha256": first["sha256"], "label": first["label"], "right": True}
    assert at.post("check/right", json=said).status_code == 200
    assert to_check(page()) == [second]
    at.post("check/right", json=said | {"right": False})
    assert to_check(page()) == [first, second]


def test_two_people_who_say_it_at_once_are_both_heard(filled: FolderS3, page: Page) -> None:
    one, other = desk(filled, filled._folder), desk(filled, filled._folder)
    first, second = Place("1" * 64, "can"), Place("2" * 64, "can")

    def before(call: str, key: str) -> None:
        filled.before = lambda _call, _key: None
        if key == RIGHT_LABELS:
            other.right.say(second, True)

    filled.before = before
    one.right.say(first, True)
    assert one.right.read() == {first, second}


def test_a_doubted_picture_that_was_moved_is_not_asked_about(filled: FolderS3, page: Page) -> None:
    at = page()
    first, second = to_check(at)
    at.post("pictures/move", json={"keys": [first["key"]], "label": "glass"})
    assert to_check(at) == [second]


def test_without_a_data_set_all_pictures_are_new(s3: FolderS3, page: Page) -> None:
    fill(s3, 0, 2)
    at = page()
    assert {each["state"] for each in pictures(at, name="can")} == {"new"}
    assert to_check(at) == []
    assert DIGEST not in "".join(s3.keys())


def test_a_move_knows_its_way_back() -> None:
    done = [Move("images/can/a.jpg", "e", "images/glass/a-2.jpg")]
    assert moves.back(done, lambda key: key == "images/can/a.jpg") == [
        Move("images/glass/a-2.jpg", "e", "images/can/a-2.jpg")
    ]
