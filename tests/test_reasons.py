"""How much of a long list does a person get to read?"""

import pytest

from lensloop.reasons import MOST, MOST_LISTED, listed, shortened


@pytest.mark.parametrize(
    ("reasons", "shown"),
    [
        ([], ()),
        (["a", "b", "c"], ("a", "b", "c")),
        (["a", "b", "c", "d"], ("a", "b", "c", "and 1 failed")),
        (["x"] * 5003, ("x", "x", "x", "and 5,000 failed")),
    ],
)
def test_the_first_reasons_are_shown_and_the_others_counted(
    reasons: list[str], shown: tuple[str, ...]
) -> None:
    assert shortened(reasons, 3, "failed") == shown


def test_fifty_reasons_are_shown_unless_another_number_is_asked_for() -> None:
    assert (MOST, MOST_LISTED) == (50, 200)
    assert shortened(["x"] * 52) == (*["x"] * 50, "and 2 more")


@pytest.mark.parametrize(
    ("names", "shown"), [([], ""), (["a", "b"], "a, b"), (["a", "b", "c"], "a, b and 1 more")]
)
def test_names_stand_in_a_sentence(names: list[str], shown: str) -> None:
    assert listed(names, 2) == shown
