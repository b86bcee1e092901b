"""Do frames that are labelled on the page leave one record a day, and is no label lost by it?"""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lensloop.importing import provenance, takings
from review import recording
from review.desk import Desk
from review.recording import NotRecorded, Recorder
from tests.fakes.folder_s3 import FolderS3, refused
from tests.review.conftest import NOW, WHO, client, desk, fill
from tests.review.test_frames import copies, next_frames


@pytest.fixture
def at(s3: FolderS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Written when the test says so, and not beside it."""
    monkeypatch.setattr(recording, "_PAUSE", 60.0)
    fill(s3, 6)
    s3["review/deeplens_kitchen/frame-0001.jpg"] = b"a frame"
    return desk(s3, tmp_path)


def records(s3: FolderS3) -> list[dict[str, Any]]:
    keys = s3.keys(provenance.PREFIX)
    found = [json.loads(s3.get_object(Key=key)["Body"].read()) for key in keys]
    return sorted(found, key=lambda record: str(record["source"]))


def recorder(at: Desk) -> Recorder:
    assert at.frames.recorder
    return at.frames.recorder


def decide(page: TestClient, frame: str, label: str | None) -> None:
    assert page.post("frames/label", json={"frame": frame, "label": label}).status_code == 200


def test_labels_of_a_day_are_one_record_of_each_camera(s3: FolderS3, at: Desk) -> None:
    page = client(at)
    next_frames(page)
    decide(page, "deeplens_hall/frame-0000", "glass")
    decide(page, "deeplens_hall/frame-0001", None)
    recorder(at).write()
    decide(page, "deeplens_hall/frame-0002", "glass")
    decide(page, "deeplens_hall/frame-0002", "glass")  # the answer was lost
    decide(page, "deeplens_kitchen/frame-0001", "can")
    recorder(at).write()
    hall, kitchen = records(s3)
    assert (hall["source"], hall["licence"]) == (f"camera:deeplens_hall by page:{WHO}", "own")
    assert hall["version"] == NOW.date().isoformat()
    assert (hall["pictures"], hall["left_out"]) == ({"glass": 2}, {takings.NO_LABEL: 1})
    assert (kitchen["source"], kitchen["pictures"]) == (
        f"camera:deeplens_kitchen by page:{WHO}",
        {"can": 1},
    )
    assert hall["finished"]


def test_what_is_undone_is_not_counted(s3: FolderS3, at: Desk) -> None:
    page = client(at)
    next_frames(page)
    for number in (0, 1):
        decide(page, f"deeplens_hall/frame-000{number}", "glass")
    page.post("frames/undo", json={"frame": "deeplens_hall/frame-0000"})
    recorder(at).write()
    page.post("frames/undo", json={"frame": "deeplens_hall/frame-0001"})
    decide(page, "deeplens_hall/frame-0001", "can")
    recorder(at).write()
    (told,) = records(s3)
    assert told["pictures"] == {"can": 1}


def test_a_program_that_was_started_again_counts_on(s3: FolderS3, at: Desk, tmp_path: Path) -> None:
    for number, one in enumerate((at, desk(s3, tmp_path))):
        page = client(one)
        next_frames(page)
        decide(page, f"deeplens_hall/frame-000{number}", "glass")
        recorder(one).write()
    (told,) = records(s3)
    assert told["pictures"] == {"glass": 2}


def test_a_label_is_there_though_its_record_cannot_be_written(s3: FolderS3, at: Desk) -> None:
    page = client(at)
    next_frames(page)

    def no_record(_call: str, key: str) -> None:
        if key.startswith(provenance.PREFIX):
            raise refused("AccessDenied", 403, "PutObject")

    s3.before = no_record
    decide(page, "deeplens_hall/frame-0000", "glass")
    recorder(at).end(5.0)
    assert (len(copies(s3)), records(s3)) == (1, [])
    s3.before = lambda _call, _key: None
    decide(page, "deeplens_hall/frame-0001", "glass")
    recorder(at).write()
    (told,) = records(s3)
    assert told["pictures"] == {"glass": 2}, "the first is not forgotten"


def test_two_pages_that_write_at_once_are_both_counted(s3: FolderS3, at: Desk) -> None:
    page = client(at)
    next_frames(page)
    others = iter([{"can": 1}, {"can": 2}])

    def between(_call: str, key: str) -> None:
        changes = next(others, None) if key.startswith(provenance.PREFIX) else None
        if changes:
            s3.before = lambda _call, _key: None
            new = takings.day("deeplens_hall", WHO, NOW.date().isoformat(), NOW.isoformat())
            s3[key] = provenance.written(takings.counted(new, changes, NOW.isoformat()))
            s3.before = between

    s3.before = between
    decide(page, "deeplens_hall/frame-0000", "glass")
    recorder(at).write()
    (told,) = records(s3)
    assert told["pictures"] == {"can": 2, "glass": 1}


def test_who_is_never_let_in_says_so_and_forgets_nothing(s3: FolderS3, at: Desk) -> None:
    page = client(at)
    next_frames(page)
    count = iter(range(1, 100))

    def always(_call: str, key: str) -> None:
        if key.startswith(provenance.PREFIX):
            s3.before = lambda _call, _key: None
            s3[key] = str(next(count)).encode()
            s3.before = always

    s3.before = always
    decide(page, "deeplens_hall/frame-0000", "glass")
    with pytest.raises(NotRecorded):
        recorder(at).write()
    s3.before = lambda _call, _key: None
    recorder(at).write()
    (told,) = records(s3)
    assert told["pictures"] == {"glass": 1}


def test_it_is_written_a_moment_after_the_label(
    s3: FolderS3, at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_PAUSE", 0.01)
    page = client(at)
    next_frames(page)
    decide(page, "deeplens_hall/frame-0000", "glass")
    for _ in range(500):
        if s3.keys(provenance.PREFIX):
            break
        time.sleep(0.01)
    (told,) = records(s3)
    assert told["pictures"] == {"glass": 1}
