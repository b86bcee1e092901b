"""Data sets side by side are told from labels as far as names can tell, and said in any case."""

from collections.abc import Sequence

import pytest

from lensloop.importing.places import by_folders

TRASHNET = ("trashnet/glass", "trashnet/paper", "trashnet/metal")
SPLIT = ("taco/train/can", "taco/train/bottle", "taco/test/can", "taco/test/bottle")


def said(folders: Sequence[str], sure: bool = False) -> str:
    found = by_folders([f"{folder}/{n}.jpg" for folder in folders for n in range(3)], sure)
    return " ".join(found.causes)


@pytest.mark.parametrize(
    "folders",
    [
        (*TRASHNET, "taco/can", "taco/bottle"),
        (*TRASHNET, "taco/glass", "taco/can"),
        (*TRASHNET, *SPLIT),
        (*TRASHNET, "taco/taco/can", "taco/taco/bottle"),
        tuple(f"downloads/{folder}" for folder in (*TRASHNET, *SPLIT)),
    ],
    ids=["others", "one the same", "split", "wrapped", "in one folder"],
)
def test_two_data_sets_side_by_side_are_told(folders: tuple[str, ...]) -> None:
    text = said(folders)
    assert "`taco`, `trashnet` are taken for labels" in text
    assert "import each by itself" in text
    assert said(folders, sure=True) == ""


@pytest.mark.parametrize(
    "folders",
    [
        ("glass", "paper", "more/Glass", "more/metal"),
        ("set/glass", "set/paper", "set/more/glass", "set/more/paper"),
        ("glass", "metal", "more/train/glass", "more/train/can", "more/test/glass"),
    ],
    ids=["beside", "in one folder", "split"],
)
def test_a_folder_around_labels_beside_labels_is_told(folders: tuple[str, ...]) -> None:
    text = said(folders)
    assert "`more` is taken for a label" in text
    assert "Move these up" in text


@pytest.mark.parametrize(
    "folders",
    [
        ("glass", "paper"),
        ("glass/2024", "glass/2025", "paper/2024"),
        ("glass/clean", "glass/dirty", "paper/clean", "paper/dirty", "can/clean"),
        ("glass/train", "glass/test", "paper/train"),
        ("glass/green", "glass/brown", "paper"),
        ("可回收物/易拉罐", "可回收物/玻璃", "厨余垃圾/果皮"),
        ("hall/glass", "hall/paper", "kitchen/glass", "kitchen/paper", "kitchen/can"),
    ],
)
def test_kinds_of_a_label_are_none(folders: tuple[str, ...]) -> None:
    text = said(folders)
    assert "taken for" not in text
