"""Which of the pictures that a camera took does a person keep?"""

import pytest

from cli.capture import rest

KEYS = ["review/deeplens_a/1-capture-0123abcd-x.jpg", "review/deeplens_a/2.jpg", "review/a/3.jpg"]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("y", KEYS),
        (" YES ", KEYS),
        ("n", []),
        ("2", [KEYS[0], KEYS[2]]),
        ("1, 3", [KEYS[1]]),
        ("1 2 3", []),
        ("", None),
        ("0", None),
        ("4", None),
        ("all", None),
        ("-1", None),
        ("²", None),
    ],
)
def test_a_person_keeps_all_none_or_all_but_some(answer: str, kept: list[str] | None) -> None:
    assert rest(KEYS, answer) == kept
