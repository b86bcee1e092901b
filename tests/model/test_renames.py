"""Is a label recognised under its new name, and only where it is the same label?"""

from collections.abc import Mapping

import pytest

from lensloop.model.renames import renamed


def pictures(**labels: int) -> dict[str, str]:
    """So many pictures of each label, by content."""
    return {f"{label}{number}": label for label, count in labels.items() for number in range(count)}


BEFORE = pictures(landfill=10, can=10, glass=10)


def now(**labels: str) -> dict[str, str]:
    """What the pictures of these labels are called now; the others keep their name."""
    return {content: labels.get(label, label) for content, label in BEFORE.items()}


def moved(count: int, label: str, to: str) -> dict[str, str]:
    """So many pictures of one label lie under another."""
    return now() | {f"{label}{number}": to for number in range(count)}


def without(content: Mapping[str, str], label: str, count: int) -> dict[str, str]:
    gone = {f"{label}{number}" for number in range(count)}
    return {name: found for name, found in content.items() if name not in gone}


@pytest.mark.parametrize(
    ("after", "names"),
    [
        pytest.param(now(), {}, id="nothing has moved"),
        pytest.param(now(landfill="rest"), {"landfill": "rest"}, id="a new name"),
        pytest.param(
            now(landfill="rest", can="tin"), {"landfill": "rest", "can": "tin"}, id="two new names"
        ),
        pytest.param(now(landfill="can"), {"landfill": "can"}, id="put into another label"),
        pytest.param(
            now(landfill="rest", can="rest"),
            {"landfill": "rest", "can": "rest"},
            id="two labels become one",
        ),
        pytest.param(
            now(landfill="can", can="landfill"),
            {"landfill": "can", "can": "landfill"},
            id="two names were mixed up",
        ),
        pytest.param(
            now(landfill="can", can="glass", glass="landfill"),
            {"landfill": "can", "can": "glass", "glass": "landfill"},
            id="three names go round",
        ),
        pytest.param(
            now(landfill="can", can="glass", glass="can"),
            {"landfill": "can", "can": "glass", "glass": "can"},
            id="two names were mixed up, and a third label was put into one of them",
        ),
        pytest.param(
            now(landfill="can", can="tin"),
            {"landfill": "can", "can": "tin"},
            id="a name is passed on",
        ),
        pytest.param(
            now(landfill="can", can="glass", glass="jar"),
            {"landfill": "can", "can": "glass", "glass": "jar"},
            id="two names are passed on",
        ),
        pytest.param(moved(9, "can", "tin"), {}, id="one of ten keeps the old name in use"),
        pytest.param(
            moved(9, "can", "tin") | {"can9": "glass"},
            {"can": "tin"},
            id="one of ten was mended on the way",
        ),
        pytest.param(
            moved(8, "can", "tin") | {"can8": "glass", "can9": "glass"},
            {},
            id="a label that was sorted into two has no new name",
        ),
        pytest.param(
            now(can="tin") | {"other": "can"}, {}, id="the old name is in use for other pictures"
        ),
        pytest.param(
            without(now(can="tin"), "can", 5), {"can": "tin"}, id="half of it was deleted"
        ),
        pytest.param(without(now(can="tin"), "can", 6), {}, id="most of it was deleted"),
        pytest.param(without(now(), "can", 10), {}, id="all of it was deleted"),
        pytest.param(now() | {"fresh1": "tin"}, {}, id="a new label beside the old ones"),
        pytest.param({}, {}, id="an empty bucket"),
    ],
)
def test_a_label_is_recognised_by_pictures_that_moved_together(
    after: dict[str, str], names: dict[str, str]
) -> None:
    assert renamed(BEFORE, after) == names


def test_one_picture_is_enough_where_there_was_only_one() -> None:
    assert renamed({"a": "can"}, {"a": "tin"}) == {"can": "tin"}
