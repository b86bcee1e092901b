"""Which folders of pictures can carry the story, and how are they dealt out?"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from demo import own_pictures
from demo.album import Album
from local.errors import LocalCloudError
from tests.demo.conftest import MakeFolder


def _missing(pictures: MakeFolder) -> Path:
    return pictures({}) / "nowhere"


def _a_file(pictures: MakeFolder) -> Path:
    file = pictures({}) / "photo.jpg"
    file.write_text("")
    return file


def _no_pictures_only_text(pictures: MakeFolder) -> Path:
    folder = pictures({"glass": 0, "metal": 0})
    (folder / "glass" / "list.txt").write_text("nothing here")
    return folder


def _texts_named_jpg(pictures: MakeFolder) -> Path:
    folder = pictures({"glass": 25, "metal": 5})
    for number in range(20):
        (folder / "metal" / f"note-{number}.jpg").write_text("not a picture")
    return folder


def _an_iphones(pictures: MakeFolder) -> Path:
    folder = pictures({"glass": 0, "metal": 0})
    for number in range(3):
        head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
        (folder / "glass" / f"IMG_{number}.HEIC").write_bytes(head)
    return folder


def _one_picture_copied(pictures: MakeFolder) -> Path:
    folder = pictures({"glass": 25, "metal": 1})
    for number in range(24):
        shutil.copy(folder / "metal" / "000.png", folder / "metal" / f"copy-{number}.png")
    return folder


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_missing, "nowhere does not exist. It should hold one folder per label"),
        (_a_file, "is a file, not a folder"),
        (lambda pictures: pictures({}), "holds no pictures in label folders"),
        (_no_pictures_only_text, "holds no pictures in label folders"),
        (
            _an_iphones,
            "holds no pictures in label folders. There are 3 .heic files. `mogrify -format jpg"
            " *.heic` makes JPEGs of a folder of them",
        ),
        (lambda pictures: pictures({"glass": 30}), "has one label only, `glass`;"),
        (lambda pictures: pictures({"glass": 30}).parent, "has one label only, `pictures`;"),
        (lambda pictures: pictures({"train": 30, "test": 30}), "and no label is below them."),
        (
            lambda pictures: pictures({"glass": 30, "metal": 1}),
            "`metal` has 1 JPEG, PNG or WebP picture; the demo needs at least 20",
        ),
        (
            lambda pictures: pictures({"glass": 30, "metal": 0}),
            "`metal` has 0 JPEG, PNG or WebP pictures",
        ),
        (lambda pictures: pictures({"glass": 30, "métal*": 30}), "cannot be a label"),
        (_texts_named_jpg, "Of the 25 files of the label `metal` only 5 can be used"),
        (_one_picture_copied, "Of the 25 files of the label `metal` only 1 can be used"),
    ],
)
def test_a_folder_that_cannot_carry_the_story_gets_one_sentence(
    pictures: MakeFolder, make: Callable[[MakeFolder], Path], sentence: str
) -> None:
    with pytest.raises(LocalCloudError, match=r".+") as refused:
        own_pictures.read(make(pictures))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def _keys(album: Album) -> list[str]:
    return [picture.key for picture in (*album.first, *album.wrong)]


@pytest.mark.parametrize("counts", [{"glass": 20, "metal": 20}, {"a": 21, "b": 94, "c": 137}])
def test_every_picture_has_exactly_one_part_and_every_part_has_every_label(
    pictures: MakeFolder, counts: dict[str, int]
) -> None:
    album = own_pictures.read(pictures(counts))
    parts = (album.first, album.better, album.frames)
    files = [picture.file for part in parts for picture in part]
    assert len(files) == len(set(files)) == sum(counts.values())
    assert all({picture.label for picture in part} == set(counts) for part in parts)
    assert all(len([p for p in album.first if p.label == label]) >= 10 for label in counts)


def test_folders_below_a_label_mean_nothing_and_hidden_ones_are_passed_over(
    pictures: MakeFolder,
) -> None:
    folder = pictures({"glass": 40, "metal": 40})
    for year, picture in (("2024", "000.png"), ("2025", "001.png"), (".thumbnails", "002.png")):
        (folder / "glass" / year).mkdir()
        (folder / "glass" / picture).rename(folder / "glass" / year / "same.png")
    album = own_pictures.read(folder)
    files = {picture.file for picture in (*album.first, *album.better, *album.frames)}
    names = {
        picture.name
        for picture in (*album.first, *album.better, *album.frames)
        if "same" in picture.name
    }
    assert (len(files), names) == (79, {"2024/same.png", "2025/same.png"})


def test_the_wrong_batch_shows_the_held_back_pictures_under_other_labels(
    pictures: MakeFolder,
) -> None:
    album = own_pictures.read(pictures({"glass": 40, "metal": 30, "paper": 30}))
    true = {picture.file: picture.label for picture in album.better}
    assert {picture.file for picture in album.wrong} == set(true)
    assert all(picture.label != true[picture.file] for picture in album.wrong)


def test_same_file_names_in_two_labels_never_overwrite_each_other_in_the_bucket(
    pictures: MakeFolder,
) -> None:
    album = own_pictures.read(pictures({"glass": 40, "metal": 40}))
    assert len(_keys(album)) == len(set(_keys(album)))


def test_each_camera_gets_frames_of_every_label(pictures: MakeFolder) -> None:
    album = own_pictures.read(pictures({"glass": 20, "metal": 100}))
    for looks in album.looks:
        assert {picture.label for picture in looks} == {"glass", "metal"}


def test_a_text_file_named_jpg_is_uploaded_so_that_the_system_says_why_it_is_left_out(
    pictures: MakeFolder,
) -> None:
    folder = pictures({"glass": 40, "metal": 40})
    (folder / "glass" / "notes.jpg").write_text("milk, bread")
    album = own_pictures.read(folder)
    assert "images/glass/notes.jpg" in _keys(album)
    assert "notes.jpg" not in {picture.file.name for picture in (*album.better, *album.frames)}


def test_the_same_picture_twice_is_not_both_learned_and_asked(pictures: MakeFolder) -> None:
    folder = pictures({"glass": 40, "metal": 40})
    for file in list((folder / "glass").iterdir()):
        (folder / "glass" / f"copy-of-{file.name}").write_bytes(file.read_bytes())
    album = own_pictures.read(folder)
    learned = {picture.file.read_bytes() for picture in (*album.first, *album.better)}
    assert not learned & {picture.file.read_bytes() for picture in album.frames}


def split_first(folder: Path) -> Path:
    """train/ and test/ with all the labels in each."""
    for label in ("glass", "metal"):
        for part, half in (("train", "0*"), ("test", "[1-9]*")):
            (folder / part / label).mkdir(parents=True)
            for file in (folder / label).glob(half):
                file.rename(folder / part / label / file.name)
        (folder / label).rmdir()
    return folder


def test_a_split_above_the_labels_is_told_with_the_commands_that_mend_it(
    pictures: MakeFolder,
) -> None:
    folder = split_first(pictures({"glass": 125, "metal": 125}))
    with pytest.raises(LocalCloudError) as refused:
        own_pictures.read(folder)
    told = str(refused.value)
    assert "The folders `test`, `train` look like the parts of a split data set" in told
    assert "add FOLDERS_ARE_LABELS=1" in told
    commands = [line for line in told.splitlines() if line.startswith("  ")]
    assert len(commands) == 5
    for command in commands:
        subprocess.run(command, shell=True, check=True)
    album = own_pictures.read(folder)
    assert album.labels == ("glass", "metal")


def test_folders_that_look_one_level_too_deep_are_labels_on_request(pictures: MakeFolder) -> None:
    folder = split_first(pictures({"glass": 125, "metal": 125}))
    assert own_pictures.read(folder, folders_are_labels=True).labels == ("test", "train")


def test_labels_of_any_script_are_dealt_out_like_all_others(pictures: MakeFolder) -> None:
    album = own_pictures.read(
        pictures({"Mu\u0308ll": 30, "燃えるごみ": 30, "paper & cardboard": 30})
    )
    assert set(album.labels) == {"M\u00fcll", "燃えるごみ", "paper & cardboard"}
    assert all(picture.key.startswith(f"images/{picture.label}/") for picture in album.first)
