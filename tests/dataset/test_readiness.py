"""Enough to train on, too little, or folders that are no labels: which comes first?"""

from lensloop.dataset.assembly import Dataset, shortfalls
from lensloop.dataset.readiness import Readiness, readiness
from lensloop.dataset.rows import Row
from lensloop.settings import Settings
from tests.dataset.made import row, unreadable

SETTINGS = Settings(min_images_per_label=2, min_test_images_per_label=1)


def dataset(*folders: str, rejected: tuple[Row, ...] = ()) -> Dataset:
    """Two training pictures and two test pictures in each folder."""
    made = []
    for number, folder in enumerate(folders):
        for place in range(4):
            key = f"images/{folder}/{place}.jpg"
            split = ("train", "test")[place % 2]
            made.append(row(10 * number + place, folder.split("/")[0], key, split=split))
    return Dataset(made, list(rejected), "digest", [], 6)


def test_enough_is_enough_whatever_lies_beside_images() -> None:
    assert readiness(dataset("glass", "paper"), SETTINGS, "b", ["Beside."]) == Readiness([])


def test_without_reasons_a_data_set_is_ready_and_in_place() -> None:
    assert Readiness() == ((), False, ())


def test_files_that_cannot_be_opened_say_nothing_of_the_folders() -> None:
    folders = [f"images/{part}/{label}" for part in ("train", "test") for label in ("a", "b")]
    broken = [unreadable(f"{folder}/1.jpg") for folder in folders]
    there = dataset("glass", "paper", rejected=tuple(broken))
    assert not readiness(there, SETTINGS, "b").misplaced


def test_what_lies_beside_images_comes_before_what_is_missing() -> None:
    missing = shortfalls(dataset("glass"), SETTINGS)
    assert readiness(dataset("glass"), SETTINGS, "b", ["Beside."]).reasons == ["Beside.", *missing]


def test_folders_that_are_no_labels_come_before_everything() -> None:
    split = dataset("train/glass", "test/glass", "train/paper", "test/paper")
    found = readiness(split, SETTINGS, "b", ["Beside."])
    assert found.misplaced
    assert found.reasons[0].startswith("The folders `test`, `train` look like")
    assert found.moves[0] == (
        "aws s3 mv --recursive s3://b/images/test/glass/ s3://b/images/glass/test/"
    )
    accepting = Settings(
        min_images_per_label=2, min_test_images_per_label=1, folders_are_labels=True
    )
    assert readiness(split, accepting, "b") == Readiness([])


def test_pictures_that_do_not_count_show_the_folders_as_well() -> None:
    """Copies of one another, say."""
    there = dataset("train/glass", "train/paper", "metal")
    assert not readiness(there, SETTINGS, "b").misplaced
    copies = [
        row(n, "test", f"images/test/{sub}/{n}.jpg", reason="A copy.")
        for n, sub in enumerate(("glass", "glass", "paper", "paper"), 50)
    ]
    assert readiness(there._replace(rejected=copies), SETTINGS, "b").misplaced
