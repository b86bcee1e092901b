"""What would be found of a thing that was not taught is counted by label, and read with care."""

from typing import Any

import pytest

from lensloop.model.untaught import Untaught, pooled, read_untaught
from lensloop.wire.reading import Reader

GLASS = {"images": 30, "flagged": 12, "known": 40, "false_alarms": 2}


def read(content: Any) -> tuple[Any, list[str]]:
    top = Reader({"untaught": content})
    return read_untaught(top, ("can", "glass")), top.mistakes


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(None, {}, id="written before there was any"),
        pytest.param({}, {}, id="too few labels"),
        pytest.param({"glass": GLASS}, {"glass": Untaught(30, 12, 40, 2)}, id="one of two"),
        pytest.param(
            {"glass": {"images": 3, "flagged": 3, "known": 2, "false_alarms": 2}},
            {"glass": Untaught(3, 3, 2, 2)},
            id="all of them",
        ),
    ],
)
def test_it_is_read_where_it_was_counted(content: Any, found: Any) -> None:
    assert read(content) == (found, [])


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ({"glass": GLASS | {"flagged": 31}}, "`untaught.glass.flagged` is 31; it must be a whole"),
        (
            {"glass": GLASS | {"false_alarms": 41}},
            "`untaught.glass.false_alarms` is 41; it must be a whole number from 0 to 40",
        ),
        ({"glass": {}}, "`untaught.glass.images` is missing"),
        ({"jar": GLASS}, "`untaught` has the unknown label jar"),
        ([], "`untaught` is []; it must be an object"),
    ],
)
def test_what_does_not_add_up_is_a_mistake(content: Any, mistake: str) -> None:
    assert mistake in "; ".join(read(content)[1])


def test_labels_count_together_by_their_pictures() -> None:
    both = {"can": Untaught(10, 8, 50, 1), "glass": Untaught(30, 12, 40, 2)}
    assert pooled(both) == Untaught(40, 20, 90, 3)


@pytest.mark.parametrize(
    "found", [{}, {"can": Untaught(0, 0, 9, 1)}, {"can": Untaught(9, 1, 0, 0)}], ids=repr
)
def test_nothing_is_said_of_no_pictures(found: dict[str, Untaught]) -> None:
    assert pooled(found) is None
