"""A folder of which nothing counts is a label that somebody misses."""

from lensloop.dataset.lost import lost_labels
from lensloop.dataset.rows import Row
from tests.dataset.made import row, rows, unreadable


def bad(folder: str, count: int, reason: str = "It is no picture.", start: int = 0) -> list[Row]:
    return [unreadable(f"images/{folder}/{n}.jpg", reason) for n in range(start, start + count)]


def test_nothing_is_lost_while_a_picture_of_each_folder_counts() -> None:
    assert lost_labels([], []) == []
    assert lost_labels(rows("glass", 1), bad("glass", 99)) == []


def test_a_folder_of_which_nothing_counts_is_told_with_its_number_and_reason() -> None:
    assert lost_labels(rows("glass", 3), bad("tin", 1200)) == [
        "The folder `tin` gives no label: none of its 1,200 files counts. It is no picture."
    ]
    assert lost_labels(rows("glass", 3), bad("tin", 1)) == [
        "The folder `tin` gives no label: its only file does not count. It is no picture."
    ]


def test_the_largest_comes_first_and_the_most_frequent_reason_is_given() -> None:
    mixed = [*bad("tin", 2, "Damaged."), *bad("tin", 3, "Too small.", 5)]
    assert lost_labels([], [*bad("a", 4), *bad("b", 4), *mixed]) == [
        "The folder `tin` gives no label: none of its 5 files counts. Of 3 of them: Too small.",
        "The folder `a` gives no label: none of its 4 files counts. It is no picture.",
        "The folder `b` gives no label: none of its 4 files counts. It is no picture.",
    ]


def test_files_in_no_folder_are_no_label() -> None:
    loose = [unreadable("images/a.jpg"), unreadable("images//a.jpg")]
    assert lost_labels([], loose) == []
    assert len(lost_labels([], [*loose, *bad("tin", 1)])) == 1


def test_a_label_that_lost_its_name_to_another_is_told() -> None:
    loser = row(5, "Glass", reason="Its label looks like `glass`.")
    assert lost_labels(rows("glass", 3), [loser]) == [
        "The folder `Glass` gives no label: its only file does not count. Its label looks like"
        " `glass`."
    ]
