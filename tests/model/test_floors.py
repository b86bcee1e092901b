"""Is a floor missed for certain, or may it be bad luck? And which labels are weak?"""

from typing import Any

import pytest

from lensloop.model.evaluation import Evaluation, read_evaluation
from lensloop.model.floors import Floors, below, weak
from lensloop.settings import Settings
from tests.model.evaluations import Counts, evaluation, scores

FLOORS = Floors.from_settings(Settings())
STRICT = Floors.from_settings(Settings(weak_labels="refuse"))
FINE = {f"label {number}": (20, 20) for number in range(38)}


def measured(test: Counts, learnt: Counts | None = None) -> Evaluation:
    return read_evaluation(evaluation(scores(None, test), learnt=learnt))


def reasons(*of: Any, floors: Floors = FLOORS) -> list[str]:
    return list(below(measured(*of), floors))


@pytest.mark.parametrize(
    ("test", "learnt", "expected"),
    [
        pytest.param({"can": (12, 7), "jar": (12, 8)}, None, [], id="15 of 24 may be bad luck"),
        pytest.param({"can": (50, 28), "jar": (50, 33)}, None, [], id="61 of 100 may still be"),
        pytest.param(
            {"can": (50, 28), "jar": (50, 32)},
            None,
            ["accuracy 0.60 (0.50 to 0.69) on 100 pictures is below its floor 0.70"],
            id="60 of 100 are below it for certain",
        ),
        pytest.param(
            {"can": (10, 7), "jar": (10, 7)},
            {"can": (40, 23), "jar": (40, 23)},
            ["accuracy 0.60 (0.50 to 0.69) on 100 pictures is below its floor 0.70"],
            id="what was learnt counts as well",
        ),
        pytest.param(
            {"can": (12, 5), "jar": (12, 6)},
            {"can": (500, 500), "jar": (500, 500)},
            ["accuracy 0.46 (0.28 to 0.65) on 24 test pictures is below its floor 0.70"],
            id="the file itself must reach it, whatever was learnt",
        ),
        pytest.param(
            {"can": (12, 6), "jar": (12, 6)},
            {"can": (500, 500), "jar": (500, 500)},
            [],
            id="12 of 24 alone may be bad luck",
        ),
    ],
)
def test_accuracy(test: Counts, learnt: Counts | None, expected: list[str]) -> None:
    assert reasons(test, learnt) == expected


def test_a_model_that_is_exactly_at_a_floor_of_one_is_not_below_it() -> None:
    floors = Floors.from_settings(Settings(min_accuracy=1, min_recall=1, weak_labels="refuse"))
    assert reasons({"can": (20, 20)}, floors=floors) == []
    assert reasons({"can": (2000, 1999)}, floors=floors) == [
        "accuracy 0.9995 (1.00 to 1.00) on 2000 pictures is below its floor 1.0000",
        "recall of can 0.9995 (1.00 to 1.00) on 2000 pictures is below its floor 1.0000",
    ]


NOT_HALF = (
    "recall of can {} pictures is not even half of its floor 0.50; look for its pictures in wrong"
    " folders, or remove the label"
)


@pytest.mark.parametrize(
    ("can", "beside", "expected"),
    [
        # Alone the bound of five in a hundred; the others make luck more likely.
        pytest.param((20, 1), {}, NOT_HALF.format("0.05 (0.01 to 0.24) on 20"), id="1 of 20"),
        pytest.param((20, 2), {}, "", id="2 of 20 may be bad luck"),
        pytest.param((20, 1), FINE, "", id="1 of 20 of one in 39 labels may be, too"),
        pytest.param(
            (40, 2), FINE, NOT_HALF.format("0.05 (0.01 to 0.17) on 40"), id="2 of 40 are none"
        ),
        pytest.param((10, 0), FINE, NOT_HALF.format("0.00 (0.00 to 0.28) on 10"), id="0 of 10"),
        pytest.param((9, 0), FINE, "", id="0 of 9 of one in 39 labels"),
        pytest.param((9, 0), {"jar": (9, 9)}, NOT_HALF.format("0.00 (0.00 to 0.30) on 9"), id="9"),
        pytest.param(
            (400, 130), {"jar": (900, 900)}, "", id="weak for certain, but more than half"
        ),
    ],
)
def test_a_label_that_is_hardly_recognised_goes_with_nobody(
    can: tuple[int, int], beside: Counts, expected: str
) -> None:
    lenient = Floors.from_settings(Settings(min_accuracy=0))
    found = reasons({"can": can, **beside}, floors=lenient)
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("can", "expected"),
    [
        ((40, 14), []),
        ((40, 13), ["recall of can 0.33 (0.20 to 0.48) on 40 pictures is below its floor 0.50"]),
    ],
)
def test_where_weak_labels_are_refused_the_whole_floor_counts(
    can: tuple[int, int], expected: list[str]
) -> None:
    """Of two labels, so the bound is 0.025."""
    floors = Floors.from_settings(Settings(min_accuracy=0, weak_labels="refuse"))
    assert reasons({"can": can, "jar": (40, 40)}, floors=floors) == expected


def test_every_label_that_is_certain_is_named_in_the_order_of_the_labels() -> None:
    found = reasons({"can": (60, 2), "jar": (500, 500), "tin": (60, 1)})
    assert [reason.split(" ")[2] for reason in found] == ["can", "tin"]


def test_what_was_learnt_speaks_for_its_label() -> None:
    assert reasons({"can": (4, 0), "jar": (40, 40)}, {"can": (30, 25), "jar": (9, 9)}) == []
    [found] = reasons({"can": (4, 2), "jar": (400, 400)}, {"can": (40, 1), "jar": (9, 9)})
    assert found.startswith("recall of can 0.07 (0.02 to 0.18) on 44 pictures")


def test_labels_without_a_picture_are_passed_over() -> None:
    assert reasons({"can": (0, 0), "jar": (20, 20)}) == []
    assert weak(measured({"can": (0, 0), "jar": (20, 20)}), FLOORS) == {}
    content = {"can": (0, 0), "jar": (20, 20)}
    assert list(weak(measured(content, {"can": (8, 3), "jar": (0, 0)}), FLOORS)) == ["can"]


@pytest.mark.parametrize("floors", [FLOORS, STRICT])
def test_a_label_below_its_floor_is_weak_and_is_named_with_what_to_do(floors: Floors) -> None:
    found = weak(
        measured({"can": (4, 2), "jar": (10, 4), "tin": (4, 1)}, {"can": (16, 8), "jar": (13, 7),
                 "tin": (16, 9)}),
        floors,
    )  # fmt: skip
    assert found == {
        "jar": "jar is weak: 0.48 (0.29 to 0.67) of its pictures recognised, below its floor 0.50;"
        " add pictures of it"
    }


def test_a_label_just_below_its_floor_shows_as_many_digits_as_it_takes() -> None:
    [sentence] = weak(measured({"can": (2001, 1000)}), FLOORS).values()
    assert sentence.startswith("can is weak: 0.4998 (0.48 to 0.52) of its pictures recognised")
