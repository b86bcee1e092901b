"""Which pictures of Open Images are taken? Those that people saw to show one of the classes."""

from pathlib import Path

import pytest

from importers.source import Asked, SourceError
from importers.sources import opened
from lensloop.importing import openimages
from lensloop.importing.openimages import ClassesError

NAMES = "/m/01,Tin can\n/m/02,Bottle\n/m/03,Tree\n"
IDS = [f"{n:016x}" for n in range(6)]
HEAD = "ImageID,Source,LabelName,Confidence\n"
LABELS = HEAD + "".join(
    f"{identity},verification,{name},{confidence}\n"
    for identity, name, confidence in (
        (IDS[1], "/m/01", "1"),
        (IDS[0], "/m/02", "1.0"),
        (IDS[2], "/m/01", "0"),
        (IDS[3], "/m/03", "1"),
        (IDS[4], "/m/01", "1"),
        (IDS[4], "/m/02", "1"),
        (IDS[5], "/m/01", "sure"),
        ("../../secret", "/m/01", "1"),
    )
)
CLASSES = {"/m/01": "Tin can", "/m/02": "Bottle"}


def test_a_picture_is_taken_that_people_saw_to_show_one_of_the_classes() -> None:
    found = openimages.pictures(LABELS.splitlines(), "validation", CLASSES)
    assert [(one.key, one.label, bool(one.problem)) for one in found] == [
        (f"validation/{IDS[0]}.jpg", "Bottle", False),
        (f"validation/{IDS[1]}.jpg", "Tin can", False),
        (f"validation/{IDS[4]}.jpg", "", True),
    ]


def test_classes_are_found_by_name_or_their_lack_is_said() -> None:
    assert openimages.chosen(NAMES.splitlines(), ["tin can", "BOTTLE"]) == CLASSES
    with pytest.raises(ClassesError, match="no class that is called Can"):
        openimages.chosen(NAMES.splitlines(), ["Can", "Bottle"])


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("validation-annotations-human-imagelabels.csv", "validation"),
        ("test-annotations-human-imagelabels-boxable.csv", "test"),
        ("oidv7-train-annotations-human-imagelabels.csv", "train"),
        ("oidv6-val-annotations-bbox.csv", ""),
        ("class-descriptions.csv", ""),
    ],
)
def test_a_file_of_annotations_says_its_split(file: str, split: str) -> None:
    assert openimages.split_of(file) == split


def test_a_folder_without_the_files_says_which_it_lacks(tmp_path: Path) -> None:
    for address, sentence in (
        (f"openimages:{tmp_path}:Bottle", "lacks class-descriptions.csv"),
        (f"openimages:{tmp_path}", "Say which classes"),
    ):
        asked = Asked(address, tmp_path, lambda service: None)
        with pytest.raises(SourceError, match=sentence), opened(asked):
            pass
