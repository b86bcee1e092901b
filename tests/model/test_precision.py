"""What may eight bits cost, before a release goes without them?"""

import pytest

from lensloop.model.precision import Compared, objection


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Compared(100, 90, 90, 97), ""),
        (Compared(100, 90, 95, 90), ""),
        (Compared(100, 90, 89, 97), ""),
        (Compared(100, 90, 88, 97), "it gets 2 fewer of 100 test pictures right"),
        (Compared(99, 90, 89, 97), "it gets 1 fewer of 99 test pictures right"),
        (Compared(100, 90, 90, 97, 5, 7), ""),
        (Compared(100, 90, 90, 97, 5, 8), "it calls 3 more of 100 test pictures unfamiliar"),
        (Compared(100, 90, 90, 97, 8, 5), ""),
        (Compared(0, 0, 0, 0), ""),
    ],
)
def test_a_hundredth_of_the_accuracy_is_the_most(found: Compared, why: str) -> None:
    said = objection("test", found)
    assert said.startswith(why) if why else not said
