"""Which pictures count, and why the others do not: every rule, by its sentence."""

import hashlib

import pytest

from lensloop.dataset.assembly import Dataset, assemble, digest, shortfalls
from lensloop.dataset.rows import Row
from lensloop.dataset.split import by_hash
from lensloop.settings import Settings
from tests.dataset.made import row, rows, unreadable

AT = "images/glass/"


def assembled(*rows: Row, gone: tuple[Row, ...] = ()) -> Dataset:
    return assemble(rows, gone, min_test=0)


def reasons(dataset: Dataset) -> dict[str, str]:
    return {row.key: row.reason for row in dataset.rejected}


def accepted(dataset: Dataset) -> list[str]:
    return [row.key for row in dataset.accepted]


def test_a_picture_counts_under_the_label_of_its_folder_in_the_split_of_its_hash() -> None:
    new = row(1, label="", key="images/glass/a.jpg")
    dataset = assembled(new)
    split = by_hash(new.sha256)
    assert dataset.accepted == [new._replace(label="glass", split=split)]
    assert dataset.rejected == []
    assert dataset.alike == []
    assert dataset.distance == 6


def test_a_picture_keeps_its_split_and_its_label_is_its_folders() -> None:
    for split in ("train", "validation", "test"):
        moved = row(1, label="paper", key=f"{AT}a.jpg", split=split)
        assert assembled(moved).accepted == [moved._replace(label="glass")]


def test_what_rejected_a_picture_last_time_is_forgotten() -> None:
    before = row(1, split="train", reason="It lies inside images/glass/a.")
    assert assembled(before).accepted == [before._replace(reason="")]
    before = before._replace(split="")
    assert reasons(assembled(before)) == {}


def test_what_could_not_be_opened_keeps_its_reason() -> None:
    broken = unreadable(f"{AT}b.txt")
    dataset = assembled(broken, row(1), row(2))
    assert dataset.rejected == [broken]
    assert len(dataset.accepted) == 2


def test_both_lists_are_sorted_by_key() -> None:
    dataset = assembled(row(3), unreadable("images/z"), row(1), unreadable("images/a"), row(2))
    assert accepted(dataset) == [f"{AT}{number:03d}.jpg" for number in (1, 2, 3)]
    assert list(reasons(dataset)) == ["images/a", "images/z"]


# Labels that differ only by case or spaces


def test_the_smaller_of_two_labels_with_one_name_is_rejected() -> None:
    dataset = assembled(*rows("glass", 2), row(5, "Glass"))
    assert reasons(dataset) == {
        "images/Glass/005.jpg": (
            "Its label `Glass` looks like `glass`: they differ only by case, spaces, form or"
            " letters that look alike. Move the picture there, or rename one of the two folders."
        )
    }
    assert dataset.rejected[0].label == "Glass"
    assert len(dataset.accepted) == 2


@pytest.mark.parametrize(
    ("before", "winner"),
    [
        ({"split": "train"}, "glass"),
        ({}, "Glass"),
        # It did not count then, or is not known to have had a place.
        ({"split": "train", "reason": "It was rejected."}, "Glass"),
        ({"reason": "It was rejected."}, "Glass"),
    ],
)
def test_the_label_that_counted_last_time_keeps_its_name(
    before: dict[str, str], winner: str
) -> None:
    dataset = assembled(row(1, "glass", **before), *rows("Glass", 2, start=5))
    assert {row.label for row in dataset.accepted} == {winner}


def test_the_label_with_more_pictures_last_time_keeps_its_name() -> None:
    old = [*rows("glass", 2, split="train"), row(5, "Glass", split="train")]
    dataset = assembled(*old, *rows("Glass", 9, start=10))
    assert {row.label for row in dataset.accepted} == {"glass"}
    assert len(dataset.rejected) == 10


# A picture that is also a folder


@pytest.mark.parametrize(
    ("inner", "parent"),
    [
        ("images/glass/a/b.jpg", "images/glass/a"),
        ("images/glass/a/b/c.jpg", "images/glass/a"),
        ("images/glass/x/y/z.jpg", "images/glass/x/y"),
    ],
)
def test_what_lies_inside_a_picture_is_rejected(inner: str, parent: str) -> None:
    beside = row(7, key="images/glass/ab/c.jpg")
    dataset = assembled(row(1, key=inner), row(2, key=parent), beside)
    assert reasons(dataset) == {
        inner: (
            f"It lies inside {parent}, which is a picture and cannot be a folder too. Rename one of"
            " them."
        )
    }
    assert accepted(dataset) == sorted([parent, beside.key])


def test_the_outermost_picture_counts() -> None:
    keys = [f"{AT}a", f"{AT}a/b", f"{AT}a/b/c"]
    dataset = assembled(*(row(number, key=key) for number, key in enumerate(keys)))
    assert accepted(dataset) == keys[:1]
    assert all(reason.startswith(f"It lies inside {AT}a,") for reason in reasons(dataset).values())


def test_a_rejected_picture_is_no_folder() -> None:
    dataset = assembled(unreadable(f"{AT}a"), row(1, key=f"{AT}a/b.jpg"))
    assert accepted(dataset) == [f"{AT}a/b.jpg"]


# The same content again


def test_the_first_name_of_a_content_counts() -> None:
    copies = [row(1, key=f"{AT}{name}.jpg") for name in "cab"]
    same = f"It is the same picture as {AT}a.jpg, which counts."
    dataset = assembled(*copies, row(2))
    assert reasons(dataset) == {f"{AT}b.jpg": same, f"{AT}c.jpg": same}
    assert accepted(dataset) == [f"{AT}002.jpg", f"{AT}a.jpg"]


def neither(label: str, key: str) -> str:
    return f"The same picture is also `{label}` ({key}), so neither counts. Delete the wrong one."


def test_a_content_under_two_labels_does_not_count() -> None:
    one, other, again = row(1), row(1, "paper"), row(1, "tin")
    dataset = assembled(again, other, one, row(2))
    assert reasons(dataset) == {
        one.key: neither("paper", other.key),
        other.key: neither("glass", one.key),
        again.key: neither("glass", one.key),
    }
    assert accepted(dataset) == ["images/glass/002.jpg"]


def test_a_content_twice_under_one_label_and_once_under_another_does_not_count() -> None:
    one, copy, other = row(1), row(1, key=f"{AT}b.jpg"), row(1, "paper")
    assert reasons(assembled(one, copy, other)) == {
        one.key: neither("paper", other.key),
        copy.key: neither("paper", other.key),
        other.key: neither("glass", one.key),
    }


# Where they belong


def elsewhere(number: int) -> str:
    """A split that this picture's hash would not give it."""
    return "train" if by_hash(row(number).sha256) != "train" else "test"


def test_a_picture_that_comes_back_under_another_name_finds_its_split() -> None:
    for number in range(10):
        old, new = row(number, split=elsewhere(number)), row(number, key=f"{AT}new.jpg")
        assert assembled(new, gone=(old,)).accepted[0].split == elsewhere(number)
        unknown = old._replace(split="")
        assert assembled(new, gone=(unknown,)).accepted[0].split == by_hash(new.sha256)
        still = row(number, split=elsewhere(number), key=f"{AT}z.jpg")
        assert assembled(new, still).accepted == [new._replace(split=elsewhere(number))]


def test_a_rejected_picture_keeps_its_split_and_what_resembles_it_goes_there() -> None:
    for number in range(10):
        split = elsewhere(number + 50)
        one, other = row(1, split=split), row(1, "paper", split=split)
        near = row(number + 50, phash=one.phash)
        dataset = assembled(one, other, near)
        assert [row.split for row in dataset.rejected] == [split, split]
        assert dataset.accepted == [near._replace(split=split)]
        assert dataset.alike == [(near, dataset.rejected[1])]


def test_a_picture_between_two_splits_is_rejected_with_both() -> None:
    train = row(1, split="train", phash=f"{0:016x}")
    test = row(2, split="test", phash=f"{0xFFF:016x}")
    between = row(3, phash=f"{0x3F:016x}")
    dataset = assembled(train, test, between)
    assert accepted(dataset) == [train.key, test.key]
    assert reasons(dataset) == {
        between.key: (
            f"It is nearly the same as {train.key} (train) and as {test.key} (test), and these two"
            " must be kept apart. Delete the one that is worth less."
        )
    }


def test_a_label_gets_the_test_pictures_that_a_verdict_needs() -> None:
    for least in (3, 4):
        dataset = assemble(rows("glass", 20), (), min_test=least)
        splits = [row.split for row in dataset.accepted]
        assert splits.count("test") >= least
        assert splits.count("validation") >= least


def test_the_digest_is_over_content_and_label() -> None:
    one, other = row(1), row(2, "paper")
    lines = sorted([f"{one.sha256} glass\n", f"{other.sha256} paper\n"])
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    renamed = other._replace(key="images/paper/new.jpg", split="test")
    assert digest([one, other]) == digest([renamed, one]) == expected
    assert assembled(other, one, unreadable("images/x")).digest == expected
    assert digest([one, other._replace(label="glass")]) != expected


# Is it enough to train on?

SETTINGS = Settings(min_images_per_label=5, min_test_images_per_label=2)


def made(label: str, *splits: str, start: int = 0) -> list[Row]:
    return [row(start + number, label, split=split) for number, split in enumerate(splits)]


GLASS = made("glass", "train", "train", "validation", "test", "test")
PAPER = made("paper", "train", "validation", "validation", "test", "test", start=20)


def missing(*accepted: Row, rejected: tuple[Row, ...] = ()) -> list[str]:
    return shortfalls(Dataset(list(accepted), list(rejected), "", [], 6), SETTINGS)


def test_just_enough_is_enough() -> None:
    assert missing(*GLASS, *PAPER) == []


def test_nothing_at_all_is_said_once() -> None:
    sentence = (
        "There is no usable picture yet: put JPEG, PNG or WebP pictures into images/<label>/, two"
        " labels or more."
    )
    assert missing() == [sentence]
    assert missing(rejected=(unreadable("images/tin/a.jpg"),)) == [sentence]


def test_one_label_is_too_few() -> None:
    assert missing(*GLASS) == ["`glass` is the only label: a second one is needed to tell it from."]


def few(label: str, has: str, more: int) -> str:
    return (
        f"`{label}` has {has} that can be used and needs 5 (`min_images_per_label`): add {more}"
        " more."
    )


def test_a_label_with_too_few_pictures_says_how_many_more() -> None:
    one, four = made("tin", "test", start=40), PAPER[:4]
    assert missing(*one, *four, *GLASS) == [
        few("paper", "4 pictures", 1),
        few("tin", "1 picture", 4),
    ]


def test_a_label_whose_pictures_are_all_rejected_is_meant_to_be_one() -> None:
    rejected = (unreadable("images/tin/a.jpg"), unreadable("images/tin/b/c.jpg"))
    assert missing(*GLASS, *PAPER, rejected=rejected) == [few("tin", "0 pictures", 5)]
    assert missing(*GLASS, rejected=rejected) == [few("tin", "0 pictures", 5)]


def test_a_folder_that_cannot_be_a_label_or_lost_its_name_is_none() -> None:
    collided = assembled(*rows("glass", 2), row(5, "Glass")).rejected
    readable = unreadable("images/Glass/x.jpg")
    odd = (unreadable("images/loose.jpg"), unreadable("images/.odd/a.jpg"))
    assert missing(*GLASS, *PAPER, rejected=(*collided, readable, *odd)) == []
    assert missing(*GLASS, *PAPER, rejected=(readable, *odd, *collided)) == []


def test_a_label_lacks_test_pictures_before_it_lacks_training_pictures() -> None:
    one_test = made("tin", *["validation"] * 4, "test", start=40)
    assert missing(*GLASS, *one_test) == [
        "`tin` has 1 of the 2 test pictures that a verdict needs (`min_test_images_per_label`): add"
        " pictures that differ from those already there."
    ]
    no_training = made("tin", *["validation"] * 3, "test", "test", start=40)
    assert missing(*GLASS, *no_training) == [
        "`tin` has no training pictures left: add pictures that differ from those already there."
    ]
