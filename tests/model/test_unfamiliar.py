"""What is said of a release's ability to notice things that it was not taught."""

from typing import Any

import pytest

from lensloop.model.unfamiliar import unfamiliar

JUDGED = {"candidate": {"all": {"images": 62}}}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {"scores": JUDGED, "unfamiliar": {"threshold": 1.5, "false_alarms": 3}},
            "its cameras say what is not like anything it was taught, by mistake of 3 of 62 test"
            " pictures",
        ),
        ({"scores": JUDGED, "unfamiliar": None}, "it cannot tell what is unfamiliar"),
        ({"scores": JUDGED}, "it cannot tell what is unfamiliar"),
        ({"scores": {"candidate": None}}, ""),
        ({"scores": None, "unfamiliar": None}, ""),
        ({}, ""),
    ],
)
def test_it_is_said_in_plain_words(record: dict[str, Any], said: str) -> None:
    assert unfamiliar(record) == said
