"""What looks odd is said in whole sentences, from its threshold on and not before."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lensloop.dataset.assembly import Dataset
from lensloop.dataset.rows import Row
from lensloop.dataset.warnings import warnings
from tests.dataset.made import row

SIZES = [(640 + number, 480) for number in range(200)]


def labelled(label: str, count: int, *sizes: tuple[int, int]) -> list[Row]:
    """Pictures with these sizes, the others each with one of its own."""
    found = []
    for number in range(count):
        width, height = sizes[number] if number < len(sizes) else (1000 + number, len(label))
        found.append(row(number, label, width=width, height=height))
    return found


def warnings_of(
    *accepted: Row,
    examples: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    alike: Sequence[Mapping[str, str]] = (),
    look_alike: Sequence[str] = (),
    empty: Sequence[str] = (),
) -> list[str]:
    dataset = Dataset(list(accepted), [], "", [], 6)
    return warnings(dataset, examples or {}, alike, look_alike, empty)


def test_nothing_odd_is_nothing_said() -> None:
    assert warnings_of() == []
    assert warnings_of(*labelled("glass", 30), *labelled("paper", 150)) == []


def test_fewer_than_thirty_pictures_are_few() -> None:
    pictures = [*labelled("paper", 29), *labelled("tin", 30), *labelled("glass", 6)]
    assert warnings_of(*pictures)[0] == (
        "Few pictures: `glass` (6), `paper` (29). Scores of so few vary much from run to run; 30 of"
        " each are a good start."
    )


def unbalanced(names: str, have: str, below: int, above: int) -> str:
    return (
        f"The labels are far from balanced: {names} {have} {below} pictures or fewer, the next"
        f" {above}. Look at their recall rather than at the accuracy."
    )


@pytest.mark.parametrize(
    ("counts", "sentences"),
    [
        ({"glass": 30}, []),
        ({"glass": 30, "paper": 150}, []),
        ({"glass": 30, "paper": 151}, [unbalanced("`glass`", "has", 30, 151)]),
        ({"paper": 151, "glass": 30}, [unbalanced("`glass`", "has", 30, 151)]),
        (
            {"tin": 200, "glass": 40, "paper": 30},
            [unbalanced("`paper`, `glass`", "have", 40, 200)],
        ),
        # The widest step is one of shares, not of pictures.
        (
            {"tin": 300, "glass": 190, "paper": 30},
            [unbalanced("`paper`", "has", 30, 190)],
        ),
        ({"tin": 200, "glass": 30, "paper": 30}, [unbalanced("`glass`, `paper`", "have", 30, 200)]),
        (
            {"tin": 250, **{f"a{n}": 40 for n in range(10)}},
            [
                unbalanced(
                    "`a0`, `a1`, `a2`, `a3`, `a4`, `a5`, `a6`, `a7` and 2 more", "have", 40, 250
                )
            ],
        ),
    ],
)
def test_labels_are_far_from_balanced_beyond_five_to_one(
    counts: dict[str, int], sentences: list[str]
) -> None:
    pictures = [row for label, count in counts.items() for row in labelled(label, count)]
    assert warnings_of(*pictures) == sentences


# One camera

ONE = (96, 48)
CAMERA = (
    "Nearly all pictures of `tin` have 96 × 48 pixels and hardly any others do: they seem to come"
    " from one camera, and the model may learn the camera instead of the thing."
)


@pytest.mark.parametrize(
    ("tin", "of_one", "others", "of_one_among_others", "sentences"),
    [
        (100, 95, 40, 0, [CAMERA]),
        (100, 94, 40, 0, []),
        (100, 95, 40, 1, [CAMERA]),
        (100, 95, 40, 2, []),
        (100, 100, 100, 4, [CAMERA]),
        (100, 100, 100, 5, []),
        (100, 100, 0, 0, []),
    ],
)
def test_one_camera_took_95_of_100_pictures_and_fewer_than_5_of_100_others(
    tin: int, of_one: int, others: int, of_one_among_others: int, sentences: list[str]
) -> None:
    pictures = [*labelled("tin", tin, *[ONE] * of_one)]
    pictures += labelled("paper", others, *[ONE] * of_one_among_others)
    assert warnings_of(*pictures) == sentences


def test_five_pictures_of_one_size_are_chance() -> None:
    others = labelled("paper", 30)
    assert len(warnings_of(*labelled("tin", 5, *[ONE] * 5), *others)) == 2  # few, unbalanced
    assert warnings_of(*labelled("tin", 6, *[ONE] * 6), *others)[-1] == CAMERA
    turned = labelled("paper", 30, *[(48, 96)] * 3)
    assert warnings_of(*labelled("tin", 6, *[ONE] * 6), *turned)[-1] == CAMERA


def test_two_labels_from_one_camera_each_are_named_in_order() -> None:
    tin, can = labelled("tin", 30, *[ONE] * 30), labelled("can", 30, *[(50, 50)] * 30)
    other = CAMERA.replace("tin", "can").replace("96 × 48", "50 × 50")
    assert warnings_of(*tin, *can) == [other, CAMERA]


# One background


def shown(*borders: tuple[float, float, float, float]) -> list[dict[str, Any]]:
    return [{"border": list(border)} for border in borders]


PLAIN = (
    "The example pictures of `tin` all have the same plain background: the model may learn that."
    " Add pictures from other places."
)


@pytest.mark.parametrize(
    ("borders", "sentences"),
    [
        ([(100, 50, 20, 0)] * 6, [PLAIN]),
        ([(100, 50, 20, 0)] * 5, []),
        # How far apart: the root of the mean square over the three colours.
        ([(85, 35, 5, 0), (115, 65, 35, 0)] * 3, [PLAIN]),
        ([(84, 34, 4, 0), (116, 66, 36, 0)] * 3, []),
        ([(75, 50, 20, 0), (125, 50, 20, 0)] * 3, [PLAIN]),
        ([(100, 50, 0, 0), (100, 50, 60, 0)] * 3, []),
        ([(100, 20, 20, 0), (100, 80, 20, 0)] * 3, []),
        ([(70, 50, 20, 0), (130, 50, 20, 0)] * 3, []),
        # How uneven, on average.
        ([(100, 50, 20, 15)] * 5 + [(100, 50, 20, 20)], [PLAIN]),
        ([(100, 50, 20, 16)] * 6, []),
        ([(100, 50, 20, 0)] * 5 + [(100, 50, 20, 96)], []),
    ],
)
def test_a_background_is_plain_below_16_of_255_levels(
    borders: list[tuple[float, float, float, float]], sentences: list[str]
) -> None:
    assert warnings_of(examples={"tin": shown(*borders)}) == sentences


def test_labels_with_one_background_are_named_in_order() -> None:
    examples = {"tin": shown(*[(1, 2, 3, 4)] * 6), "few": [], "can": shown(*[(9, 9, 9, 9)] * 6)}
    assert warnings_of(examples=examples) == [PLAIN.replace("tin", "can"), PLAIN]


# What the report lists


def test_pictures_that_look_too_much_alike_are_said_for_all_their_labels() -> None:
    sentence = (
        "Pictures look so much alike (one fixed camera, or a video?) that near-duplicates among"
        " those of {} could not be told from different pictures. Some may be in the training and in"
        " the test, and make the scores look better."
    )
    assert warnings_of(look_alike=["can", "tin"]) == [sentence.format("`can`, `tin`")]
    many = [f"a{number}" for number in range(9)]
    names = ", ".join(f"`{label}`" for label in many[:8])
    assert warnings_of(look_alike=many) == [sentence.format(f"{names} and 1 more")]


@pytest.mark.parametrize(
    ("pairs", "more"),
    [
        (1, ""),
        (2, " 1 more such pair is listed below."),
        (3, " 2 more such pairs are listed below."),
    ],
)
def test_the_first_of_two_that_look_the_same_under_two_labels_is_named(
    pairs: int, more: str
) -> None:
    alike = [{"key": f"a{number}", "other": f"b{number}"} for number in range(pairs)]
    assert warnings_of(alike=alike) == [
        f"a0 and b0 look nearly the same but have different labels: one may be wrong.{more}"
    ]


def test_what_holds_for_many_labels_is_said_of_eight() -> None:
    def empty(count: int) -> list[str]:
        return [f"The folder images/a{number}/ holds no picture yet." for number in range(count)]

    for count in (0, 1, 8, 9):
        assert warnings_of(empty=[f"a{number}" for number in range(count)]) == empty(count)
    more = [*empty(8), "The same is true of 2 more labels."]
    assert warnings_of(empty=[f"a{number}" for number in range(10)]) == more
    many = [f"a{number}" for number in range(1242)]
    assert warnings_of(empty=many)[-1] == "The same is true of 1,234 more labels."


def test_all_that_is_odd_is_said_in_one_order() -> None:
    many = {f"a{number}": shown(*[(1, 2, 3, 4)] * 6) for number in range(10)}
    pictures = []
    for number in range(10):
        pictures += labelled(f"a{number}", 30, *[SIZES[number]] * 30)
    alike = [{"key": "a", "other": "b"}]
    found = warnings_of(*pictures, examples=many, alike=alike, look_alike=["tin"], empty=["soon"])
    assert [sentence.split(" ")[0] for sentence in found] == [
        "The",
        *["Nearly"] * 8,
        "The",
        *["The"] * 8,
        "The",
        "Pictures",
        "a",
    ]
    assert found.count("The same is true of 2 more labels.") == 2
