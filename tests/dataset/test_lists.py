"""What is SageMaker's built-in algorithm given of a data set?"""

import json

import pytest

from lensloop.dataset.lists import copied, copy_size, lists
from lensloop.dataset.rows import Row
from lensloop.wire.errors import BadArtifact


def row(number: int, label: str, split: str) -> Row:
    key = f"images/{label}/{number}.webp"
    return Row(key, "e", 1, f"{number:064x}", label=label, split=split, width=64, height=64)


ROWS = [
    row(1, "tin", "train"),
    row(2, "tin", "test"),
    row(3, "glass", "train"),
    row(4, "glass", "validation"),
    row(5, "glass", "train"),
]


def name(number: int) -> str:
    return f"{number:064x}.jpg"


def test_lists_name_the_copies_and_number_the_labels_in_their_order() -> None:
    made = lists(ROWS, (), "pictures")
    assert made.labels == ["glass", "tin"]
    assert made.train == f"0\t0\t{name(3)}\n1\t0\t{name(5)}\n2\t1\t{name(1)}\n"
    assert made.validation == f"0\t0\t{name(4)}\n"
    assert made.learnt == 3


def test_a_channel_brings_what_its_list_names() -> None:
    made = lists(ROWS, (), "pictures")
    prefix = {"prefix": "s3://pictures/datasets/copies/"}
    assert json.loads(made.train_objects) == [prefix, name(3), name(5), name(1)]
    assert json.loads(made.validation_objects) == [prefix, name(4)]


def test_test_pictures_are_kept_for_the_verdict() -> None:
    assert [picture.sha256 for picture in copied(ROWS)] == [
        *(f"{number:064x}" for number in (1, 3, 4, 5))
    ]


def test_a_picture_without_a_copy_is_not_listed() -> None:
    made = lists(ROWS, {f"{3:064x}"}, "pictures")
    assert made.train == f"0\t0\t{name(5)}\n1\t1\t{name(1)}\n"
    assert made.learnt == 2


def test_a_label_that_is_lost_on_the_way_is_named() -> None:
    sentence = "No picture of tin could be made ready for the training; upload others."
    with pytest.raises(BadArtifact) as refused:
        lists(ROWS, {f"{1:064x}"}, "pictures")
    assert str(refused.value) == sentence


def test_the_algorithm_needs_validation_pictures() -> None:
    with pytest.raises(BadArtifact, match="this data set has none: add pictures that differ"):
        lists(ROWS, {f"{4:064x}"}, "pictures")


@pytest.mark.parametrize(
    ("size", "copy"),
    [
        ((256, 256), (256, 256)),
        ((512, 384), (341, 256)),
        ((30, 60), (256, 512)),  # smaller than the algorithm takes
        ((6000, 100), (1024, 256)),
        ((100, 6000), (256, 1024)),
    ],
)
def test_a_copy_has_the_size_that_the_algorithm_would_make(
    size: tuple[int, int], copy: tuple[int, int]
) -> None:
    assert copy_size(*size) == copy
