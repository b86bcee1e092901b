"""Strangers' files and names: none gets in, none stops the run,
and each has a reason that a person understands.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdas.decoding import decoder
from lambdas.decoding.decoder import Decoder, Unreadable
from lensloop.dataset.labels import key_problem
from tests.dataset import hostile
from tests.dataset.conftest import Picture, Project

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PLAIN_WORDS = ("Traceback", "Error(", "Exception", "<PIL", "0x")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch, opened: Decoder) -> Iterator[None]:
    monkeypatch.setattr(decoder, "CPU_SECONDS", 2)
    opened.close()  # the next child is started with it
    yield
    opened.close()


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return dict(hostile.hostile_files())


def test_at_least_thirty_hostile_files_and_thirty_hostile_keys_are_tried(
    files: dict[str, bytes],
) -> None:
    assert len(files) >= 30
    assert len(set(hostile.hostile_keys())) >= 30


def test_hostile_files_are_rejected_with_a_reason_and_the_good_ones_among_them_count(
    project: Project, files: dict[str, bytes]
) -> None:
    for name, content in {**files, **dict(hostile.odd_but_fine())}.items():
        project.s3[f"images/glass/{name}"] = content
    project.run()
    accepted, rejected = project.manifest(), project.rejected()
    assert set(accepted) == {f"images/glass/{name}" for name, _ in hostile.odd_but_fine()}
    assert set(rejected) == {f"images/glass/{name}" for name in files}
    for key, row in rejected.items():
        assert len(row["reason"]) > 20, key
        assert row["reason"].endswith("."), key
        assert not any(word in row["reason"] for word in PLAIN_WORDS), (key, row["reason"])


def test_hostile_files_are_not_opened_again_in_the_next_run(
    project: Project, files: dict[str, bytes]
) -> None:
    for name in ("truncated.jpg", "text.jpg", "bomb-13000.png", "animation.png"):
        project.s3[f"images/glass/{name}"] = files[name]
    project.run()
    again = project.run()
    assert again["snapshot"]["new"] == 0
    assert again["rejected"] == 4


@pytest.mark.parametrize("key", hostile.hostile_keys(), ids=ascii)
def test_a_hostile_key_is_rejected_in_plain_words(key: str) -> None:
    assert key_problem(key).endswith(".")


@pytest.mark.parametrize("key", hostile.odd_keys(), ids=ascii)
def test_a_key_that_people_use_is_accepted(key: str) -> None:
    assert key_problem(key) == ""


def test_hostile_keys_are_reported_and_never_read(project: Project, picture: Picture) -> None:
    for number, key in enumerate([*hostile.hostile_keys(), *hostile.odd_keys()]):
        project.s3[key] = picture(number)
    project.run()
    assert set(project.manifest()) == set(hostile.odd_keys())
    assert set(project.rejected()) == set(hostile.hostile_keys())
    assert project.s3.calls["GET"] < len(hostile.odd_keys()) + 20


def test_an_accepted_key_stays_inside_the_folder_that_it_is_joined_to(tmp_path: Path) -> None:
    for key in hostile.odd_keys():
        place = tmp_path / key
        assert place.resolve().is_relative_to(tmp_path.resolve())
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"")
    assert all((tmp_path / key).is_file() for key in hostile.odd_keys())


def test_a_picture_that_is_also_a_folder_keeps_the_pictures_inside_out(
    project: Project, picture: Picture
) -> None:
    project.s3["images/glass/a"] = picture(1)
    project.s3["images/glass/a/b.jpg"] = picture(2)
    project.run()
    assert list(project.manifest()) == ["images/glass/a"]
    assert "cannot be a folder too" in project.rejected()["images/glass/a/b.jpg"]["reason"]


def test_a_copy_counts_when_the_one_before_it_lies_inside_a_picture(
    project: Project, picture: Picture
) -> None:
    project.s3["images/glass/a"] = picture(1)
    project.s3["images/glass/a/b.jpg"] = project.s3["images/glass/c.jpg"] = picture(2)
    project.run()
    assert list(project.manifest()) == ["images/glass/a", "images/glass/c.jpg"]


def test_hostile_names_cannot_break_out_of_the_report(project: Project, picture: Picture) -> None:
    project.s3["images/<img src=x onerror=alert(1)>/a.jpg"] = picture(1)
    project.s3["images/glass/gpj\u202e.exe"] = picture(2)
    project.s3['images/glass/"><script>.jpg'] = picture(3)
    project.run()
    page = project.file("report.html").decode()
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "\\u202e" in page


def test_a_sound_picture_that_needs_too_much_memory_is_not_called_damaged_alone(
    opened: Decoder,
) -> None:
    """24 megapixels without colour subsampling, progressive:
    libjpeg has no memory for it and says "broken".
    """
    large = hostile.saved(hostile.noise(6000, 4000), "JPEG", progressive=True, subsampling=0)
    looked = opened.look(large)
    assert isinstance(looked, Unreadable)
    assert "or a progressive JPEG too large to open" in looked.reason


@pytest.mark.parametrize("name", ["header-only.jpg", "random-after-header.jpg", "no-width.png"])
def test_a_damaged_jpeg_or_png_is_not_said_to_be_something_else(
    opened: Decoder, files: dict[str, bytes], name: str
) -> None:
    looked = opened.look(files[name])
    assert isinstance(looked, Unreadable)
    assert "not a JPEG, PNG or WebP" not in looked.reason


def test_a_picture_that_takes_for_ever_is_stopped_and_the_next_one_is_read(
    files: dict[str, bytes], picture: Picture
) -> None:
    with Decoder() as opened:
        started = time.process_time()
        slow = opened.look(files["endless-scans.jpg"])
        assert isinstance(slow, Unreadable)
        assert "computing" in slow.reason
        assert isinstance(opened.look(picture(1)), dict)
    assert time.process_time() - started < 5, "the waiting side must not compute"


def test_a_child_that_dies_costs_one_picture(picture: Picture) -> None:
    with Decoder() as opened:
        opened.look(picture(1))
        assert opened.pid
        os.kill(opened.pid, 11)
        died = opened.look(picture(2))
        assert isinstance(died, Unreadable)
        assert isinstance(opened.look(picture(3)), dict)


def test_a_child_that_the_system_killed_is_not_held_against_the_picture(picture: Picture) -> None:
    with Decoder() as opened:
        opened.look(picture(1))
        assert opened.pid
        os.kill(opened.pid, 9)
        died = opened.look(picture(2))
        assert isinstance(died, Unreadable)
        assert died.may_pass


def test_the_child_gets_no_credentials(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with Decoder() as opened:
        opened.look(picture(1))
        environment = Path(f"/proc/{opened.pid}/environ").read_bytes()
    assert b"AWS_" not in environment


def test_all_hostile_files_together_need_at_most_256_megabytes(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """The step and its child process in a process of their own, the files on disk as if in S3."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    run = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "inspect_folder.py"), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    inspected = json.loads(run.stdout)
    print(inspected)
    assert inspected["accepted"] == 0
    assert inspected["rejected"] == len(files)
    assert inspected["megabytes"] <= 256
