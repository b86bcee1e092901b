"""Do the pieces of the gap's story do their part? It is told whole by hand (`make demo-gap`), and
tests/stories/test_review.py has a camera and the page on a local cloud.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import ImageStat

from camera import review, uncertain
from demo.album import FIRST_LABELS, Picture
from demo.gap import elsewhere, short_days, sources
from demo.gap.labeller import Labeller, Waiting, chosen, complete
from demo.gap.story import Round, table
from demo.pictures import EMOJI
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


def test_the_table_says_what_each_round_brought() -> None:
    rounds = [Round(0, 0, 0, 1, 0.99, 120, 0.5, 8.2), Round(20, 60, 70, 2, 0.98, 120, 0.8667, 9)]
    assert table(rounds)[1:] == [
        ("the first source", "", "8 s", "99.0%", "50.0% of 120"),
        ("60 answers (20 of each label)", "70", "9 s", "98.0%", "86.7% of 120"),
    ]
