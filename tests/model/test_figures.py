"""Can people read a share of pictures?"""

import pytest

from lensloop.model.figures import apart, between, with_doubt


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        (0.6, 0.7, ("0.60", "0.70")),
        (0.699, 0.7, ("0.699", "0.700")),
        (0.6999, 0.7, ("0.6999", "0.7000")),
        (0.69999, 0.7, ("0.69999", "0.7")),
    ],
)
def test_a_number_has_as_many_digits_as_tell_it_from_its_limit(
    value: float, limit: float, shown: tuple[str, str]
) -> None:
    assert apart(value, limit) == shown


def test_a_share_is_shown_with_what_it_may_be_in_truth() -> None:
    assert with_doubt(14, 23) == "0.61 (0.41 to 0.78)"
    assert between(14, 23) == "(0.41 to 0.78)"
