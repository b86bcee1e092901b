"""Pictures in which there is nothing to see are told from those with little."""

import pytest

from lensloop.dataset.plain import plain, plain_pictures
from tests.dataset.made import row


def levels(*shares: tuple[int, int]) -> list[int]:
    """One colour's counts: so many pixels of each of these levels."""
    counts = [0] * 256
    for level, count in shares:
        counts[level] = count
    return counts


def grey(*shares: tuple[int, int]) -> list[int]:
    return levels(*shares) * 3


@pytest.mark.parametrize(
    ("histogram", "expected"),
    [
        (grey((0, 100)), "black"),
        (grey((0, 50), (16, 50)), "black"),
        (grey((0, 50), (17, 50)), ""),
        (grey((0, 99), (255, 1)), "black"),
        (grey((0, 98), (255, 2)), ""),
        (grey((0, 990), (255, 10)), "black"),
        (grey((0, 989), (255, 11)), ""),
        (grey((0, 97), (100, 1), (150, 1), (200, 1)), ""),
        (grey((255, 100)), "white"),
        (grey((240, 50), (255, 50)), "white"),
        (grey((239, 50), (255, 50)), ""),
        (grey((0, 1), (255, 99)), "white"),
        (grey((0, 2), (255, 98)), ""),
        (grey((100, 50), (108, 50)), "blank"),
        (grey((100, 50), (109, 50)), ""),
        (grey((17, 100)), "blank"),
        (grey((239, 100)), "blank"),
        ([*levels((9, 9)), *levels((99, 9)), *levels((200, 9))], "blank"),
        ([*levels((9, 9)), *levels((99, 9)), *levels((100, 5), (200, 4))], ""),
        ([*levels((9, 9)), *levels((0, 9)), *levels((200, 9))], "blank"),
        ([*levels((255, 9)), *levels((255, 9)), *levels((9, 9))], "blank"),
        (levels((0, 10)) * 2 + levels((0, 5), (255, 5)), ""),
    ],
)
def test_what_a_picture_is_all_over(histogram: list[int], expected: str) -> None:
    assert plain(histogram) == expected


def test_one_sentence_for_each_kind_names_the_first_pictures() -> None:
    black = [row(number, "glass", plain="black") for number in range(5)]
    white = row(7, "paper", plain="white")
    blank = [row(number, "tin", plain="blank") for number in (8, 9)]
    assert plain_pictures([*black, white, row(10), *blank]) == [
        f"5 pictures are black all over: {black[0].key}, {black[1].key}, {black[2].key} and 2 more."
        " Nothing can be learned from that; delete what shows nothing. Pictures of 16 bits a colour"
        " often come out so: save them with 8.",
        f"1 picture is white all over: {white.key}. Nothing can be learned from that; delete what"
        " shows nothing.",
        f"2 pictures are of one colour all over: {blank[0].key}, {blank[1].key}. Nothing can be"
        " learned from that; delete what shows nothing.",
    ]


def test_pictures_with_something_to_see_are_not_mentioned() -> None:
    assert plain_pictures([row(1), row(2)]) == []
