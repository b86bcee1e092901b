"""Frames that wait for a person survive a restart, never fill the disk, and go once."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from camera import review as sender
from camera.capture import Capture
from camera.frames import of_image
from camera.review import Review, UploadError
from camera.uncertain import FOLDER, SENT, Waiting, WaitingError
from lensloop.wire import review, uncertain
from lensloop.wire.prediction import Prediction
from lensloop.wire.review import ReviewError
from lensloop.wire.uncertain import Budget

NOW = 1_800_000_000.0
BUDGET = Budget(10)
UNSURE = Prediction({"can": 0.5, "glass": 0.4}, True, False, None)
SURE = Prediction({"can": 0.9, "glass": 0.1}, False, False, None)


def noise() -> Image.Image:
    return Image.effect_noise((64, 48), 90).convert("RGB")


def kept(waiting: Waiting, image: Image.Image | None = None, score: float = 0.5) -> bool:
    return waiting.keep(image or noise(), {"frame": "f"}, uncertain.UNSURE, score, NOW)


def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    assert kept(Waiting(tmp_path))
    again = Waiting(tmp_path).next(BUDGET, NOW)
    assert again is not None
    files = Waiting(tmp_path).files(again)
    assert files.picture.startswith(b"\xff\xd8")
    assert json.loads(files.answer)["frame"] == "f"


def test_a_frame_like_one_that_waits_or_went_is_not_kept(tmp_path: Path) -> None:
    waiting, image = Waiting(tmp_path), noise()
    assert kept(waiting, image)
    assert not kept(waiting, image.resize((640, 480)))
    first = waiting.next(BUDGET, NOW)
    assert first is not None
    waiting.gone(first, NOW)
    assert not kept(waiting, image)
    assert not kept(Waiting(tmp_path), image), "also after a restart"
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [SENT]


def test_the_disk_is_never_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uncertain.room, "__defaults__", (8_000,))
    waiting = Waiting(tmp_path)
    assert [kept(waiting, score=n / 10) for n in range(1, 10)] == [True] * 9
    files = list((tmp_path / FOLDER).iterdir())
    assert 0 < sum(path.stat().st_size for path in files) <= 8_000
    best = waiting.next(BUDGET, NOW)
    assert best is not None
    assert best.score == 0.9


@pytest.mark.parametrize("damage", ["half", "no picture", "not json", "foreign"])
def test_what_a_cut_left_is_cleared_away(tmp_path: Path, damage: str) -> None:
    kept(Waiting(tmp_path))
    folder = tmp_path / FOLDER
    (answer,) = folder.glob("*.json")
    if damage == "half":
        answer.unlink()
    elif damage == "no picture":
        answer.with_suffix(".jpg").unlink()
    elif damage == "not json":
        answer.write_text("[" * 50)
    else:
        answer.rename(folder / "..json")
    assert Waiting(tmp_path).next(BUDGET, NOW) is None
    assert list(folder.glob("*.jpg")) == []


@pytest.mark.parametrize("content", ["", "[]", '{"sent": [{"at": "x"}]}', '{"sent": 7}'])
def test_a_damaged_memory_of_what_went_costs_no_start(tmp_path: Path, content: str) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / SENT).write_text(content)
    assert kept(Waiting(tmp_path))


def test_a_picture_that_is_gone_does_not_wait_on(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    kept(waiting)
    first = waiting.next(BUDGET, NOW)
    assert first is not None
    (tmp_path / FOLDER / f"{first.name}.jpg").unlink()
    with pytest.raises(WaitingError):
        waiting.files(first)
    assert waiting.next(BUDGET, NOW) is None


class Cloud:
    """Answers each wish at once, with addresses or with what it is given."""

    def __init__(self, home: Path, **answer: Any) -> None:
        self.wishes: list[Any] = []
        self._answer = answer
        self.waiting = Waiting(home)
        self.review = Review(self.waiting, "deeplens_a", 500, self.hears, lambda: True)

    def hears(self, topic: str, content: Any) -> bool:
        assert topic == "deeplens/deeplens_a/review/get"
        self.wishes.append(review.read_wish(content))
        links = {"picture": "https://s3/p", "answer": "https://s3/a"}
        answer = {"format": 1, "name": content["name"], **links, **self._answer}
        threading.Timer(0.05, self.review.received, (self.review.topics()[0], answer)).start()
        return True


def test_the_picture_goes_before_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[str] = []
    monkeypatch.setattr(sender, "put", lambda url, content, headers: put.append(url))
    cloud = Cloud(tmp_path)
    cloud.review.saw(of_image("a", noise()), UNSURE, 3)
    assert cloud.review.send_one() is True
    assert put == ["https://s3/p", "https://s3/a"]
    assert cloud.review.send_one() is False


def test_an_upload_that_breaks_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise UploadError("the server answered 503")

    monkeypatch.setattr(sender, "put", breaks)
    cloud = Cloud(tmp_path)
    cloud.review.saw(of_image("a", noise()), UNSURE, 3)
    for _ in range(2):
        with pytest.raises(UploadError):
            cloud.review.send_one()
    assert len(cloud.wishes) == 2
    assert cloud.waiting.next(BUDGET, NOW) is not None


@pytest.mark.parametrize("answer", [{"format": 2}, {"picture": 7}, {"name": "another"}])
def test_an_answer_that_is_none_ends_the_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(sender, "ANSWER_SECONDS", 0.3)
    cloud = Cloud(tmp_path, **answer)
    cloud.review.saw(of_image("a", noise()), UNSURE, 3)
    with pytest.raises(UploadError, match="did not say where"):
        cloud.review.send_one()


def test_frames_that_the_model_is_sure_of_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    cloud = Cloud(tmp_path)
    cloud.review.saw(of_image("a", noise()), SURE, 3)
    assert cloud.waiting.next(BUDGET, NOW) is None


def capture(session: str, frames: int = 2, seconds: int = 60) -> dict[str, Any]:
    return {"format": 1, "id": session, "frames": frames, "seconds": seconds}


def test_what_a_person_asks_for_goes_first_without_a_release_and_beside_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(sender, "put", lambda url, content, headers: None)
    cloud = Cloud(tmp_path)
    cloud.review.saw(of_image("a", noise()), UNSURE, 3)
    topic, twice = cloud.review.topics()[1], noise()
    assert not cloud.review.asked_for
    cloud.review.received(topic, capture("0123abcd"))
    assert cloud.review.asked_for
    for image in (twice, twice, noise(), noise()):  # two alike, and one too many
        cloud.review.saw(of_image("b", image))
    cloud.review.received(topic, capture("0123abcd"))  # said again: the same session
    assert not cloud.review.asked_for
    assert cloud.waiting.somebody_waits()
    while cloud.review.send_one():
        pass
    sent = [wish.name.split("-")[1:-1] for wish in cloud.wishes]
    assert sent == [["capture", "0123abcd"], ["capture", "0123abcd"], ["unsure"]]


def test_what_a_person_asked_for_is_known_after_a_restart(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    answer = {"frame": "f"}
    assert waiting.keep(noise(), answer, uncertain.CAPTURED, 0.0, NOW, session="0123abcd")
    again = Waiting(tmp_path)
    first = again.next(Budget(0), NOW)
    assert first is not None
    again.gone(first, NOW)
    kept(again)
    assert Waiting(tmp_path).next(Budget(1), NOW) is not None, "it cost nothing of the day's one"


@pytest.mark.parametrize(
    "change", [{"id": "../../x"}, {"frames": 0}, {"frames": 201}, {"seconds": 1e9}, {"format": 2}]
)
def test_a_wish_for_pictures_that_is_none_takes_none(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    cloud = Cloud(tmp_path)
    cloud.review.received(cloud.review.topics()[1], capture("0123abcd") | change)
    assert not cloud.review.asked_for


def test_pictures_are_taken_no_longer_than_asked() -> None:
    taking = Capture()
    taking.received(capture("0123abcd", seconds=60), now=100.0)
    assert taking.session(159.0) == "0123abcd"
    assert taking.session(160.0) is None


@pytest.mark.parametrize("url", ["http://example.org/x", "file:///etc/passwd", "ftp://h/x"])
def test_nothing_goes_to_an_address_that_is_not_https(url: str) -> None:
    with pytest.raises(Exception, match="is not taken"):
        sender.put(url, b"x", {})


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../images/can/x"},
        {"name": "A"},
        {"name": "a" * 81},
        {"picture": {"size": uncertain.MOST_BYTES + 1, "sha256": "0" * 64}},
        {"picture": {"size": 0, "sha256": "0" * 64}},
        {"answer": {"size": 1, "sha256": "0" * 63}},
        {"format": 2},
    ],
)
def test_a_wish_for_anything_else_is_refused(change: dict[str, Any]) -> None:
    file = {"size": 1, "sha256": "0" * 64}
    good = {"format": 1, "name": "1-unsure-a", "picture": file, "answer": file}
    assert review.read_wish(good).name == "1-unsure-a"
    with pytest.raises(ReviewError):
        review.read_wish(good | change)
