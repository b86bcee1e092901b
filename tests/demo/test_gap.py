"""Do the pieces of the gap's story do their part? It is told whole by hand (`make demo-gap`), and
tests/stories/test_review.py has a camera and the page on a local cloud.
"""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import ImageStat

from camera import review, uncertain
from demo.album import FIRST_LABELS, Picture
from demo.cameras import THINGS, Camera, Sight
from demo.gap import elsewhere, short_days, sources
from demo.gap.labeller import Labeller, Waiting, chosen, complete
from demo.gap.sources import Sources
from demo.gap.story import GapStory, Round, table
from demo.pictures import EMOJI
from demo.show import Show
from demo.stage import Stage
from demo.watch import Delivery, Job, Release, Run
from lensloop import record
from lensloop.wire import uncertain as rules
from lensloop.wire.uncertain import Budget, Kept, Sent
from local.errors import LocalCloudError
from review.server import serving
from tests.demo.conftest import MakeFolder
from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import desk, fill


def picture(name: str) -> Picture:
    return Picture(Path(name), name.rstrip("0123456789"), name)


def waits(*names: str) -> list[Waiting]:
    return [
        Waiting(f"deeplens_a/{number}", "unsure", picture(name))
        for number, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    ("shown", "before", "each", "answered"),
    [
        (["can1", "can2", "can3", "jar1"], [], 2, ["can1", "can2", "jar1"]),
        (["can3", "jar2", "jar3"], ["can1", "can2", "jar1"], 2, ["jar2"]),
        (["can1", "can1", "can2"], ["can2"], 3, ["can1"]),
        (["can1"], ["can2"], 1, []),
    ],
)
def test_the_first_that_wait_are_answered_until_there_are_enough_of_each_label(
    shown: Sequence[str], before: Sequence[str], each: int, answered: list[str]
) -> None:
    found = chosen(waits(*shown), [picture(name) for name in before], each)
    assert [one.picture.name for one in found] == answered


@pytest.mark.parametrize(("names", "enough"), [("can1 jar1", True), ("can1 can2", False)])
def test_a_round_waits_for_every_label(names: str, enough: bool) -> None:
    assert complete(map(picture, names.split()), {"can", "jar"}, 1) is enough


def test_everything_that_waits_is_seen_in_the_pages_order_and_answered_by_its_interface(
    tmp_path: Path,
) -> None:
    s3 = FolderS3(tmp_path / "s3")
    fill(s3, frames=70)  # more than the page gives at once
    with serving(desk(s3, tmp_path), 0) as address:
        labeller = Labeller(address, lambda frame: picture("can1"))
        waiting = labeller.waiting()
        assert len(waiting) == len({one.frame for one in waiting}) == 70
        assert [one.kind for one in waiting[:10]] == ["unfamiliar"] * 10
        labeller.answer(waiting[0])
        assert [one.frame for one in labeller.waiting()] == [one.frame for one in waiting[1:]]
    name = waiting[0].frame.replace("/", ".")
    assert s3.keys("images/can/review") == [f"images/can/review.{name}.jpg"]


def test_a_camera_of_short_days_sends_in_a_minute_what_others_send_in_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short_days.shorten(monkeypatch.setattr)
    waiting, sent = [Kept("a", "unsure", 0.5, 0, 1)], list[Sent]()
    for second in range(10):
        for _ in range(2):
            now = float(second) + len(sent) % 2 / 2
            if rules.pick(waiting, sent, Budget(500), now):
                sent.append(Sent(now, 0, 1))
    assert len(sent) == 20
    assert review.TRY_SECONDS < 1
    assert len(FIRST_LABELS) * sources.SEEN < uncertain.REMEMBERED


def test_two_folders_are_dealt_so_that_nothing_that_is_answered_is_tested_on(
    pictures: MakeFolder, tmp_path: Path
) -> None:
    known = pictures({"glass": 40, "metal": 30}).rename(tmp_path / "known")
    new = pictures({"glass": 300, "metal": 50})
    dealt = sources.read(known, new)
    assert Counter(p.label for p in dealt.known) == {"glass": 40, "metal": 30}
    assert Counter(p.label for p in dealt.tested) == {"glass": 40, "metal": 20}
    assert Counter(p.label for p in dealt.seen) == {"glass": 90, "metal": 30}
    assert not {p.file for p in dealt.seen} & {p.file for p in dealt.tested}
    sending, *testing = dealt.looks
    assert sending == dealt.seen
    assert sorted(p.file for look in testing for p in look) == sorted(p.file for p in dealt.tested)


def test_a_place_with_labels_of_its_own_is_refused_with_their_names(
    pictures: MakeFolder, tmp_path: Path
) -> None:
    known = pictures({"glass": 30, "metal": 30}).rename(tmp_path / "known")
    with pytest.raises(LocalCloudError, match=r"NEW=.*has labels that IMAGES=.*has not: paper\."):
        sources.read(known, pictures({"glass": 30, "paper": 30}))


def test_the_second_folder_is_called_what_the_person_called_it(
    pictures: MakeFolder, tmp_path: Path
) -> None:
    known = pictures({"glass": 30, "metal": 30})
    with pytest.raises(LocalCloudError, match=r"^NEW=.* does not exist\."):
        sources.read(known, tmp_path / "nowhere")


@pytest.mark.skipif(not EMOJI.is_dir(), reason="npm's emoji are not installed")
def test_another_place_looks_the_same_each_time_and_lies_in_the_evening(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, again, other = (elsewhere.render(EMOJI, "compost", words) for words in ("1", "1", "2"))
    assert one.tobytes() == again.tobytes() != other.tobytes()
    monkeypatch.setattr(elsewhere, "LIGHT", (1, 1, 1))
    by_day = elsewhere.render(EMOJI, "compost", "1")
    warmth = [ImageStat.Stat(seen).mean[0] / ImageStat.Stat(seen).mean[2] for seen in (one, by_day)]
    assert warmth[0] > 1.3 * warmth[1]


class Place:
    """A cloud whose retrainings end as they are told to, one after each change of pictures, and the
    cameras there, which are right half the time with release 1 and always with any later.
    """

    bucket, at = "pictures", datetime(2026, 11, 27, tzinfo=UTC)

    def __init__(self, *outcomes: str) -> None:
        self.s3, self._outcomes, self._changed = self, list(outcomes), False
        self.runs: list[Run] = []
        self.cameras = tuple(
            Camera(thing, wave, Path(thing), most)
            for (thing, wave), most in zip(THINGS, (500, 0, 0), strict=True)
        )

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self._changed = True

    def waiting(self) -> list[Waiting]:
        return waits(*(f"{label}{n}" for n in range(60) for label in ("can", "jar")))

    def answer(self, waiting: Waiting) -> None:
        self._changed = True

    def retrainings(self) -> list[Run]:
        if self._changed:
            self._changed = False
            told = {"outcome": self._outcomes.pop(0), "reasons": ["worse"]}
            self.runs.append(Run(f"r{len(self.runs) + 1:08}", "arn", "SUCCEEDED", told))
        return [*self.runs]

    def rollouts(self) -> list[Run]:
        return [replace(run, output={"outcome": "rolled-out"}) for run in self._released()]

    def _released(self) -> list[Run]:
        return [run for run in self.runs if run.output["outcome"] == "released"]

    def record(self, epoch: int) -> record.Record:
        found = record.empty("deeplens-trash", epoch)
        message = {"subject": "refused", "sent": True}
        return cast(record.Record, {**found, **self.runs[epoch - 1].output, "messages": [message]})

    def training_jobs(self) -> list[Job]:
        return [Job(run.name, "Completed", 1.0) for run in self.runs]

    def release(self, epoch: int) -> Release:
        return Release(epoch, "a" * 64, 0.9, {}, ("can", "jar"))

    def delivery(self, epoch: int, wave: str, thing: str) -> Delivery:
        return Delivery("SUCCEEDED", {"sha256": "a" * 64}, self.at, self.at)

    def live_epoch(self) -> int | None:
        released = self._released()
        return released[-1].epoch if released else None

    def steps(self, run: Run) -> list[str]:
        return []

    def at_rest(self) -> bool:
        return True

    def positions(self) -> dict[str, int]:
        return {}

    def sights(self, epoch: int, _listener: object, _since: object) -> tuple[Sight, ...]:
        seen = ("can", "can" if epoch == 1 else "jar")
        frames = zip(("can", "jar"), seen, strict=True)
        return tuple(Sight("a", "f", picture(label), said, 0.9) for label, said in frames)


def told(place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[GapStory, Any]:
    """The story, and how it ended."""
    monkeypatch.setattr("demo.gap.story.LOOK_SECONDS", 0)
    file = folder / "known.jpg"
    file.write_bytes(b"a picture")
    known, seen = (Picture(file, "can", "1.jpg"),), (picture("can1"), picture("jar1"))
    there: Any = place
    stage = Stage(Show(io.StringIO()), there, there, there, "http://127.0.0.1:1/token/", there)
    story = GapStory(stage, Sources("", known, seen, seen))
    story.labeller = there
    return story, story.tell()


@pytest.mark.parametrize(
    ("outcomes", "rounds", "ending"),
    [
        ("released released released", [(1, 0.5), (2, 1.0), (3, 1.0)], ""),
        ("released refused released", [(1, 0.5), (1, 0.5), (3, 1.0)], ""),
        ("released released refused", [(1, 0.5), (2, 1.0), (2, 1.0)], "refused"),
        ("refused", [], "refused"),
        ("released too-few-images", [(1, 0.5)], "too-few-images"),
    ],
)
def test_a_refusal_leaves_the_cameras_what_they_have_and_the_next_answers_are_added(
    outcomes: str,
    rounds: list[tuple[int, float]],
    ending: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story, refusal = told(Place(*outcomes.split()), tmp_path, monkeypatch)
    assert [(one.epoch, one.accuracy) for one in story.rounds] == rounds
    assert [one.answers for one in story.rounds] == [0, 40, 100][: len(rounds)]
    assert (refusal.record["outcome"] if refusal else "") == ending
    refused = [bool(one.refused) for one in story.rounds]
    assert refused == [outcome == "refused" for outcome in outcomes.split()][: len(rounds)]


def test_the_table_says_what_each_round_brought() -> None:
    rounds = [Round(0, 0, 0, 1, 0.99, 120, 0.5, 8.2), Round(20, 60, 70, 2, 0.98, 120, 0.8667, 9)]
    assert table(rounds)[1:] == [
        ("the first source", "", "8 s", "99.0%", "50.0% of 120"),
        ("60 answers (20 of each label)", "70", "9 s", "98.0%", "86.7% of 120"),
    ]
    assert table([replace(rounds[1], refused=("worse",))])[1][0].endswith("each label): refused")
