"""Folders that are labels pass; folders one level too deep are told, with what mends them."""

from collections.abc import Mapping, Sequence

import pytest

from lensloop.dataset.layout import Mistake, Move, commands, local_commands, mistake, sentences

GLASS, BINS = ("glass", "paper"), ("glass", "metal", "paper")


def files(tree: Mapping[str, int]) -> list[str]:
    return [f"{folder}/{n}.jpg" for folder, count in tree.items() for n in range(count)]


def crossed(uppers: Sequence[str], lowers: Sequence[str], count: int = 12) -> dict[str, int]:
    return {f"{upper}/{lower}": count for upper in uppers for lower in lowers}


def found(tree: Mapping[str, int]) -> Mistake:
    mistaken = mistake(files(tree))
    assert mistaken
    return mistaken


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"glass": 40},
        {"glass": 40, "paper": 30, "metal": 20},
        {"glass/batch_1": 40},
        {"glass/2024": 40, "glass/2025": 40},
        {"glass": 10, "glass/sink": 20, "paper/desk": 20},
        crossed(BINS, ("default", "real_world")),
        crossed(GLASS, ("train", "test", "val")),
        crossed(GLASS, ("2023", "2024", "2025")),
        {"O": 20, "R": 20},
        {"test": 20, "glass": 20},  # one such name alone may be a label
        {**crossed(GLASS, ("kitchen", "hall"), 1), "glass": 40, "paper": 40},
        {"brown-glass": 9, "green-glass": 9, "white-glass": 9, "biological": 9},
    ],
    ids=str,
)
def test_folders_that_are_labels_pass(tree: Mapping[str, int]) -> None:
    assert mistake(files(tree)) is None


@pytest.mark.parametrize(
    "parts",
    [
        ("train", "valid", "test"),
        ("train", "val"),
        ("TRAIN", "TEST"),
        ("Training", "Validation", "eval"),
        ("train set", "test-set"),
    ],
)
def test_a_split_above_the_labels_is_told_with_the_moves(parts: Sequence[str]) -> None:
    told = found(crossed(parts, BINS))
    names = ", ".join(f"`{part}`" for part in sorted(parts))
    assert told.cause == (
        f"The folders {names} look like the parts of a split data set, with the labels `glass`,"
        " `metal`, `paper` below them. Lensloop chooses training and test pictures by itself, and"
        " the label must come first."
    )
    assert told.labels == BINS
    assert told.moves == tuple(
        Move(f"{part}/{label}/", f"{label}/{part}/") for part in sorted(parts) for label in BINS
    )


@pytest.mark.parametrize(
    "name",
    [
        *("train", "training", "trainset", "train_set"),
        *("val", "valid", "validation", "valset", "dev", "eval", "evaluation"),
        *("testing", "testset", "test_set", "holdout"),
    ],
)
def test_every_name_of_a_part_is_known(name: str) -> None:
    assert found({name: 3, "test": 3}).cause.startswith("The folders ")


def test_a_split_is_told_beside_folders_that_are_labels() -> None:
    told = found({**crossed(("train", "test"), GLASS), "metal": 40})
    assert told.labels == GLASS
    assert {move.source.split("/")[0] for move in told.moves} == {"train", "test"}


def test_a_split_without_labels_cannot_be_mended_by_moving() -> None:
    told = found({"train": 30, "test": 10})
    assert told == Mistake(
        "The folders `test`, `train` look like the parts of a split data set, and no label is below"
        " them. Lensloop chooses training and test pictures by itself.",
        (),
        (),
    )


def test_sources_above_the_labels_are_told() -> None:
    told = found(crossed(("hall", "kitchen"), GLASS))
    assert told.cause == (
        "The same folders, `glass`, `paper`, lie below `hall`, `kitchen`: they look like the"
        " labels, and the label must come first."
    )
    assert told.moves[0] == Move("hall/glass/", "glass/hall/")


def test_what_lies_below_one_source_only_is_a_label_too() -> None:
    told = found({**crossed(("hall", "kitchen"), GLASS), "hall/metal": 2, "hall/2024": 1})
    assert told.labels == BINS


def test_folders_below_a_label_count_for_it() -> None:
    halves = {"hall/glass/day": 6, "hall/glass/night": 6, "hall": 12}
    assert mistake(files({**crossed(("hall", "kitchen"), GLASS), "hall/glass": 0, **halves}))


@pytest.mark.parametrize(("strays", "is_mistaken"), [(0, True), (12, True), (13, False)])
def test_four_fifths_of_the_pictures_must_lie_in_them(strays: int, is_mistaken: bool) -> None:
    tree = {**crossed(("hall", "kitchen"), GLASS), "hall": strays}
    assert (mistake(files(tree)) is not None) is is_mistaken


def test_a_folder_around_everything_is_told() -> None:
    told = found({"dataset/glass": 9, "dataset/paper": 9, "dataset/paper/more": 1})
    assert told.cause == (
        "All pictures lie in one folder, `dataset`, in the sub-folders `glass`, `paper`: these look"
        " like the labels, and the label must come first."
    )
    assert told.labels == GLASS
    assert told.moves == (
        Move("dataset/glass/", "glass/"),
        Move("dataset/paper/", "paper/"),
    )


def test_of_many_folders_six_are_named() -> None:
    told = found({f"dataset/{letter}": 1 for letter in "abcdefg"})
    assert "in the sub-folders `a`, `b`, `c`, `d`, `e`, `f` and 1 more: these" in told.cause


def test_a_folder_around_a_folder_around_a_split_is_told_once() -> None:
    told = found(
        {f"Garbage/Garbage/{path}": n for path, n in crossed(("TRAIN", "TEST"), ("O", "R")).items()}
    )
    assert told.labels == ("O", "R")
    assert told.moves[0] == Move("Garbage/Garbage/TEST/O/", "O/TEST/")


def test_moves_never_give_two_files_one_name() -> None:
    paths = files(crossed(("train", "test"), GLASS))
    moved = []
    for path in paths:
        (move,) = [
            move
            for move in found(crossed(("train", "test"), GLASS)).moves
            if path.startswith(move.source)
        ]
        moved.append(move.target + path.removeprefix(move.source))
    assert len(set(moved)) == len(paths)
    assert mistake(moved) is None


def test_the_commands_can_be_pasted_into_a_shell() -> None:
    told = found({"my set/it's/1": 3, "my set/glass": 3})
    assert commands(told, "s3://deeplens-trash/images/") == (
        "aws s3 mv --recursive 's3://deeplens-trash/images/my set/glass/' s3://deeplens-trash/images/glass/",
        "aws s3 mv --recursive 's3://deeplens-trash/images/my set/it'\\''s/'"
        " 's3://deeplens-trash/images/it'\\''s/'",
    )


def test_files_outside_any_folder_change_nothing() -> None:
    assert mistake(["1.jpg", "2.jpg", *files({"glass": 3, "paper": 3})]) is None


ACCEPT = (
    "If these folders are your labels after all, set `folders_are_labels` to true in cdk.json,"
    " deploy, and start a run with `lensloop retrain`."
)


def test_what_moving_mends_is_mended_by_moving() -> None:
    told = found(crossed(("train", "test"), GLASS))
    assert sentences(told) == [
        told.cause,
        "The commands listed with this move them; no file is lost, and the next run starts by"
        " itself.",
        ACCEPT,
    ]


def test_what_moving_cannot_mend_is_uploaded_again() -> None:
    told = found({"train": 30, "test": 10})
    assert sentences(told) == [
        told.cause,
        "Delete them, and upload each picture as images/<label>/<file>.",
        ACCEPT,
    ]


def test_on_a_disk_the_same_moves_are_made_by_a_shell() -> None:
    told = found({"my set/paper": 3, "my set/glass": 3})
    assert local_commands(told, "/home/me/photos") == (
        "mkdir -p /home/me/photos && mv '/home/me/photos/my set/glass' /home/me/photos/glass",
        "mkdir -p /home/me/photos && mv '/home/me/photos/my set/paper' /home/me/photos/paper",
        "find /home/me/photos -type d -empty -delete",
    )
    assert local_commands(Mistake("", (), ()), "/home/me/photos") == ()


def test_a_plain_name_needs_no_quotes_and_keeps_its_last_letter() -> None:
    told = found({"set/FAX": 3, "set/glass": 3})
    assert (
        local_commands(told, "/photos")[0] == "mkdir -p /photos && mv /photos/set/FAX /photos/FAX"
    )
