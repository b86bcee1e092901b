"""Does every frame that a person labels reach its label, whatever happens half-way?"""

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from lensloop.review import places
from lensloop.review.places import FrameId
from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import LABELS, fill, jpeg

FRAME = "deeplens_hall/frame-0003"
COPY = "images/{}/review.deeplens_hall.frame-0003.jpg"
MARK = "review/deeplens_hall/frame-0003.labelled.json"
Page = Callable[..., TestClient]


class Killed(BaseException):
    """As a program that is killed: nothing of ours catches it."""


def next_frames(page: TestClient, have: tuple[str, ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = page.post("frames/next", json={"have": have, "fresh": True}).json()
    return found


def waiting(page: TestClient) -> set[str]:
    return {frame["id"] for frame in next_frames(page)["frames"]}


def copies(s3: FolderS3) -> list[str]:
    return [key for key in s3.keys("images/") if "/review." in key]


def test_a_labelled_frame_is_copied_and_not_asked_again(s3: FolderS3, page: Page) -> None:
    fill(s3, 5)
    at = page()
    assert next_frames(at)["left"] == 5
    answer = at.post("frames/label", json={"frame": FRAME, "label": "glass"})
    assert answer.json() == {"label": "glass", "left": 4}
    assert copies(s3) == [COPY.format("glass")]
    assert s3.get_object(Key=COPY.format("glass"))["Body"].read() == jpeg(3)
    for each in (at, page()):  # also for a program that has just been started
        assert FRAME not in waiting(each)
    assert s3.keys(f"review/{FRAME}.jpg"), "the frame itself stays where it came"


def test_the_same_decision_twice_is_one(s3: FolderS3, page: Page) -> None:
    fill(s3, 5)
    at = page()
    waiting(at)
    for _ in range(2):
        answer = at.post("frames/label", json={"frame": FRAME, "label": "glass"})
        assert answer.status_code == 200
    assert copies(s3) == [COPY.format("glass")]


def test_of_two_people_the_first_one_is_kept(s3: FolderS3, page: Page) -> None:
    fill(s3, 5)
    one, other = page(), page()
    waiting(one), waiting(other)
    one.post("frames/label", json={"frame": FRAME, "label": "glass"})
    answer = other.post("frames/label", json={"frame": FRAME, "label": "can"})
    assert answer.status_code == 409
    assert "`glass`" in answer.json()["sentence"]
    assert copies(s3) == [COPY.format("glass")]


@pytest.mark.parametrize("label", ["glass", ""])
def test_what_is_undone_waits_again(s3: FolderS3, page: Page, label: str) -> None:
    fill(s3, 5)
    at = page()
    waiting(at)
    at.post("frames/label", json={"frame": FRAME, "label": label or None})
    assert FRAME not in waiting(page())
    assert at.post("frames/undo", json={"frame": FRAME}).json() == {"left": 5}
    assert copies(s3) == []
    assert FRAME in waiting(at)
    assert FRAME in waiting(page())
    assert at.post("frames/undo", json={"frame": FRAME}).status_code == 409


@pytest.mark.parametrize("change", range(1, 5))
def test_killed_at_any_change_a_frame_waits_or_is_labelled(
    s3: FolderS3, page: Page, change: int
) -> None:
    """Label, undo: four changes of the bucket, killed before each in turn."""
    fill(s3, 5)
    at = page()
    waiting(at)
    changes = itertools.count(1)

    def before(_call: str, _key: str) -> None:
        if next(changes) == change:
            raise Killed

    s3.before = before
    with contextlib.suppress(Killed):
        at.post("frames/label", json={"frame": FRAME, "label": "glass"})
        at.post("frames/undo", json={"frame": FRAME})
        pytest.fail("it was not killed")
    s3.before = lambda _call, _key: None
    anew = page()
    is_waiting, is_copied = FRAME in waiting(anew), bool(copies(s3))
    assert is_waiting != is_copied
    if is_waiting:
        anew.post("frames/label", json={"frame": FRAME, "label": "can"})
        assert copies(s3) == [COPY.format("can")]
    else:
        anew.post("frames/undo", json={"frame": FRAME})
        assert copies(s3) == []
        assert FRAME in waiting(page())


def test_a_frame_that_changed_or_went_is_not_labelled(s3: FolderS3, page: Page) -> None:
    fill(s3, 5)
    at = page()
    waiting(at)
    s3[f"review/{FRAME}.jpg"] = jpeg(99)
    answer = at.post("frames/label", json={"frame": FRAME, "label": "glass"})
    assert answer.status_code == 409
    assert copies(s3) == []
    assert (
        at.post("frames/label", json={"frame": "deeplens_hall/x", "label": "can"}).status_code
        == 409
    )


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("Glass", "looks like the label `glass`"),
        ("a/b", "a slash"),
        (".hidden", "begins with a dot"),
        ("../x", "a slash"),
        ("x" * 64, "63 are allowed"),
    ],
)
def test_a_label_that_cannot_be_one_is_refused(
    s3: FolderS3, page: Page, label: str, said: str
) -> None:
    fill(s3, 5)
    at = page()
    waiting(at)
    answer = at.post("frames/label", json={"frame": FRAME, "label": label})
    assert answer.status_code == 409
    assert said in answer.json()["sentence"]
    assert copies(s3) == []


def test_a_new_label_is_offered_at_once(s3: FolderS3, page: Page) -> None:
    fill(s3, 5)
    at = page()
    assert next_frames(at)["labels"] == list(LABELS)
    at.post("frames/label", json={"frame": FRAME, "label": "  tetra pak "})
    assert copies(s3) == [COPY.format("tetra pak")]
    assert next_frames(at)["keys"] == {"can": "1", "glass": "2", "paper": "3", "tetra pak": "4"}


def test_what_the_browser_has_is_not_sent_again(s3: FolderS3, page: Page) -> None:
    fill(s3, 100)
    at = page()
    first = waiting(at)
    second = {frame["id"] for frame in next_frames(at, tuple(first))["frames"]}
    assert (len(first), len(second), first & second) == (60, 40, set())


def test_what_lies_elsewhere_in_review_is_no_frame(s3: FolderS3, page: Page) -> None:
    fill(s3, 1)
    for key in ("set-aside/can/1.jpg", "loose.jpg", "deeplens_a/sub/1.jpg", "deeplens_a/1.txt"):
        s3[f"review/{key}"] = jpeg(1)
    s3["review/deeplens_a/no-answer.jpg"] = jpeg(2)
    s3["review/deeplens_a/broken.jpg"] = jpeg(3)
    s3["review/deeplens_a/broken.json"] = b"{"
    found = next_frames(page())["frames"]
    assert [frame["id"] for frame in found] == [
        "deeplens_hall/frame-0000",
        "deeplens_a/broken",
        "deeplens_a/no-answer",
    ]
    assert "words" not in found[1]


@pytest.mark.parametrize("thing", ["deeplens_a", "deeplens_a-b", "deeplens_-_-"])
def test_a_copy_says_which_frame_it_is_of(thing: str) -> None:
    frame = FrameId(thing, "2026-11-26-b-1")
    key = places.copy_of(frame, "tetra pak")
    assert key.startswith(places.copies("tetra pak"))
    assert places.copied_from(key.rpartition("/")[2]) == frame


def test_a_picture_is_made_small_once(s3: FolderS3, page: Page) -> None:
    fill(s3, 1)
    at = page()
    frame = next_frames(at)["frames"][0]
    asked = {"key": frame["key"], "etag": frame["etag"], "size": "large"}
    first = at.get("picture", params=asked)
    assert first.headers["content-type"] == "image/jpeg"
    assert "immutable" in first.headers["cache-control"]
    del s3._kept[frame["key"]]
    assert at.get("picture", params=asked).content == first.content
    assert at.get("picture", params={**asked, "etag": "another"}).status_code == 409
