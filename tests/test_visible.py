"""Can a stranger's name hide something, or steer what shows it?"""

import pytest

from lensloop.visible import lines, spelled


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("can 7 – Dose.jpg", "can 7 – Dose.jpg"),
        ("\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"),
        ("\x9b2J", "\\u009b2J"),
        ("gpj\u202e.exe", "gpj\\u202e.exe"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("glass\u200b", "glass\\u200b"),
        ("gl\u200dass", "gl\\u200dass"),
        ("one\ntwo\rthree", "one\\u000atwo\\u000dthree"),
        ("del\x7f", "del\\u007f"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("стекло 玻璃 👍", "стекло 玻璃 👍"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert spelled(text) == shown


def test_a_text_of_several_lines_keeps_them_and_nothing_else() -> None:
    assert lines("one\ntwo\r\n\x1b]0;x\x07") == "one\ntwo\\u000d\n\\u001b]0;x\\u0007"
