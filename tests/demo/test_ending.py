"""How the story ends with the user's own pictures when they make no release, and what is said."""

import io
import time
from pathlib import Path
from typing import Any, cast

import pytest

from demo import ending, report, summary, unfamiliar
from demo.album import Album, Picture
from demo.cameras import Fleet, Sight
from demo.errors import DemoFailed
from demo.listener import Listener
from demo.loop import Refusal
from demo.show import Show
from demo.story import Act, Story
from demo.watch import Job, Release, Run, Watch
from lensloop import record

REASONS = ["recall of apple 0.31 is below its floor 0.50"]


class Cloud:
    """A bucket that takes pictures, and one run that ended as it is told."""

    bucket = "pictures"

    def __init__(self, outcome: str, told: bool = True) -> None:
        self.s3 = self
        self.put: list[str] = []
        self._outcome, self._told = outcome, told

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.put.append(Key)

    def retrainings(self) -> list[Run]:
        output = {"outcome": self._outcome, "reasons": REASONS}
        return [Run("r00000001", "arn", "SUCCEEDED", output)]

    def steps(self, _run: Run) -> list[str]:
        return ["Take snapshot", "Judge", "Tell: model refused"]

    def at_rest(self) -> bool:
        return True

    def training_jobs(self) -> list[Job]:
        return []

    def record(self, epoch: int) -> record.Record:
        message = {"subject": "the model of run 1 was refused", "sent": self._told}
        found = record.empty("deeplens-trash", epoch)
        found |= cast(Any, {"outcome": self._outcome, "reasons": REASONS, "messages": [message]})
        return found


class Cameras:
    cameras = ()

    def positions(self) -> dict[str, int]:
        return {}


def story(cloud: Cloud, folder: Path, new_label: str = "") -> tuple[Story, io.StringIO]:
    file = folder / "a.jpg"
    file.write_bytes(b"a")
    pictures = (Picture(file, "apple", "a.jpg"),)
    album = Album("the pictures", pictures, pictures, pictures, pictures, new_label)
    out = io.StringIO()
    fleet, listener = cast(Fleet, Cameras()), cast(Listener, None)
    return Story(Show(out), cast(Watch, cloud), fleet, listener, album), out


@pytest.mark.parametrize("outcome", ["refused", "too-few-images"])
def test_own_pictures_that_make_no_release_end_the_story_with_a_result(
    outcome: str, tmp_path: Path
) -> None:
    played, out = story(Cloud(outcome), tmp_path)
    refusal = played.tell()
    assert refusal is not None
    assert (refusal.act, refusal.record["outcome"]) == (1, outcome)
    assert REASONS[0] in out.getvalue()
    assert "the message: the model of run 1 was refused" in out.getvalue()


def test_drawn_pictures_that_make_no_release_are_a_failure(tmp_path: Path) -> None:
    played, _ = story(Cloud("refused"), tmp_path, new_label="electronics")
    with pytest.raises(DemoFailed, match="was to end in a release"):
        played.tell()


def test_a_refusal_that_nobody_was_told_of_is_a_failure(tmp_path: Path) -> None:
    played, _ = story(Cloud("refused", told=False), tmp_path)
    with pytest.raises(DemoFailed, match="Nobody was told"):
        played.tell()


@pytest.mark.parametrize(
    ("outcome", "to_do"),
    [
        ("refused", "Move those, add pictures of the labels that are found too seldom"),
        ("too-few-images", "the demo needs 20 that count of each label"),
        ("held", "The run's page says what to do."),
    ],
)
def test_the_end_says_why_what_to_do_and_where_the_page_is(
    outcome: str, to_do: str, tmp_path: Path
) -> None:
    refusal = Refusal(1, Cloud(outcome).record(1))
    end = ending.sentences(refusal, tmp_path / "refused-run.html", tmp_path / "demo.json")
    said = " ".join(end.split())
    assert "made no release in act 1" in said
    assert to_do in said
    assert f"The run's page: {tmp_path / 'refused-run.html'}" in said
    assert "failed" not in said


def test_the_figures_of_a_refusal_hold_its_reasons_and_no_camera(tmp_path: Path) -> None:
    cloud = Cloud("refused")
    played, _ = story(cloud, tmp_path)
    figures = summary.as_json(played, 12.34, Refusal(1, cloud.record(1)))
    assert figures["refused"] == [{"epoch": 1, "reasons": REASONS}]
    assert figures["cameras"] == figures["releases"] == []
    assert figures["seconds"]["total"] == 12.3


def acts(played: Story) -> list[Act]:
    """Release, refusal, release: four frames, one of them of a label that comes last."""

    def sights(*predicted: str) -> tuple[Sight, ...]:
        labels = ("apple", "apple", "pear", "plum")
        return tuple(
            Sight("kitchen", f"{n}.jpg", Picture(Path("a.jpg"), label, "a.jpg"), seen, 0.9)
            for n, (label, seen) in enumerate(zip(labels, predicted, strict=True))
        )

    before, after = ("apple", "pear", "pear", "apple"), ("apple", "apple", "pear", "plum")
    told = Cloud("released").record(1)
    run, job = played.watch.retrainings()[0], Job("job", "Completed", 12.3)
    first = Release(1, "a" * 64, 0.951, {"apple": 1.0}, ("apple", "pear"))
    last = Release(3, "b" * 64, 0.99, {"apple": 1.0}, ("apple", "pear", "plum"))
    return [
        Act(1, 4, 1, run, told, job, first, {}, sights(*before)),
        Act(2, 4, 1, run, told, job, None, {}, sights(*before)),
        Act(3, 4, 1, run, told, job, last, {}, sights(*after)),
    ]


def test_terminal_and_page_say_the_same_figures(tmp_path: Path) -> None:
    played, _ = story(Cloud("released"), tmp_path, new_label="plum")
    pictures = tuple(Picture(tmp_path / "a.jpg", label, "a") for label in ("apple", "pear"))
    played.album = Album("t", pictures, pictures, pictures, pictures, "plum")
    played.acts = acts(played)
    played.show.stages = dict.fromkeys(("cloud", "deploy", "cameras", "act 1", "act 2"), 61.0)
    played.show.stages["act 3"] = 9.94
    _, _, _, _, *rows, everything = summary.table(played, 75.4)
    assert everything[1] == "1 min 15 s"
    assert [row[-1] for row in rows] == [played.right(act) for act in played.acts]
    assert [row[-1] for row in rows] == [
        "50.0% (66.7% without plum)",
        "50.0% (66.7% without plum)",
        "100.0%",
    ]
    assert report._act(played, played.acts[1])["right"] == rows[1][-1]
    assert [row[0].partition("training ")[2] for row in rows] == ["12 s"] * 3
    assert [row[3] for row in rows] == ["95.1%", "–", "99.0%"]


def seen_as(flags: list[bool | None]) -> list[Sight]:
    labels = ("apple", "pear", "plum")
    sights = []
    for n, (label, flag) in enumerate(zip(labels, flags, strict=True)):
        shown = Picture(Path("a.jpg"), label, "a.jpg")
        sights.append(Sight("kitchen", f"{n}.jpg", shown, "apple", 0.9, flag))
    return sights


@pytest.mark.parametrize(
    ("flags", "taught", "said"),
    [
        (
            [False, True, True],
            ("apple", "pear"),
            "not like anything it was taught: 1 of 1 frames of plum, a label that it never saw,"
            " and 1 of 2 frames of labels that it was taught",
        ),
        (
            [False, True, True],
            ("apple", "pear", "plum"),
            "not like anything it was taught: 2 of 3 frames of labels that it was taught",
        ),
        ([None, None, None], ("apple", "pear"), ""),
    ],
)
def test_what_is_unfamiliar_is_said_of_frames_that_it_was_taught_and_of_the_others(
    flags: list[bool | None], taught: tuple[str, ...], said: str
) -> None:
    assert unfamiliar.sentence(seen_as(flags), taught) == said


def test_after_ten_silent_seconds_a_stage_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("demo.show.STILL_THERE_SECONDS", 0.05)
    monkeypatch.setattr("demo.show.TICK_SECONDS", 0.02)
    out = io.StringIO()
    with Show(out).stage("deploy", "The stacks"):
        time.sleep(0.3)
    assert "… still at it" in out.getvalue()


def test_a_wait_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.show.STILL_THERE_SECONDS", 0.05)
    monkeypatch.setattr("demo.show.TICK_SECONDS", 0.02)
    out, end = io.StringIO(), time.monotonic() + 0.4
    show = Show(out)
    with show.stage("act 1", "Act 1"):
        show.until("a run", lambda: time.monotonic() > end or None, 5)
    assert "… still waiting for a run" in out.getvalue()
