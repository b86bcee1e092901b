"""Are names, numbers and times shown so that nobody is misled?"""

import pytest
from jinja2 import UndefinedError

from lensloop.pages import duration, file, lines, moment, name, number, percent, render, visible
from lensloop.pages.run import page


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("a & b < c", "a &amp; b &lt; c"),
        ("Few pictures: `small` (8)", "Few pictures: <code>small</code> (8)"),
        (
            "(`a`), `b`; `c`: `d`.",
            "(<code>a</code>), <code>b</code>; <code>c</code>: <code>d</code>.",
        ),
        ("images/glass/a`b`c.jpg", "images/glass/a`b`c.jpg"),
        ("`<b>` is odd", "<code>&lt;b&gt;</code> is odd"),
        ("gl\u00adass", "gl\\u00adass"),
        ("a\u200db\u200cc", "a\\u200db\\u200cc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("قط 猫 é", "قط 猫 é"),
    ],
)
def test_a_sentence_shows_all_that_is_in_it(sentence: str, html: str) -> None:
    assert visible(sentence) == html


def test_a_text_keeps_its_lines_and_shows_all_else() -> None:
    assert lines("a <b>\n\tc\r\n\u202ed") == "a &lt;b&gt;\n\\u0009c\\u000d\n\\u202ed"


def test_a_name_keeps_its_direction_to_itself() -> None:
    assert name("قط") == "<bdi>قط</bdi>"
    assert name('"<b>\u2066') == "<bdi>&quot;&lt;b&gt;\\u2066</bdi>"


def test_what_a_template_forgets_to_filter_is_spelled_out_and_escaped_all_the_same() -> None:
    record = {"epoch": 7, "project": "<i>\u202e", "outcome": "failed"}
    assert "project &lt;i&gt;\\u202e" in page(record, None, None)


def test_a_file_is_named_without_its_label() -> None:
    assert file("images/glass/a/b.jpg") == "a/b.jpg"


def test_numbers_are_easy_to_read() -> None:
    assert number(1234567) == "1,234,567"
    assert percent(0.98765) == "98.8%"
    assert percent(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.44, "9.4 s"),
        (10, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (7325, "2 h 2 min"),
    ],
)
def test_a_duration_is_as_exact_as_it_matters(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    "iso",
    ["2026-11-26T10:05:00+00:00", "2026-11-26T10:05:59.123Z", "2026-11-26T11:05:00+01:00"],
)
def test_a_moment_is_told_in_utc(iso: str) -> None:
    assert moment(iso) == "26 Nov 2026, 10:05 UTC"


def test_a_value_that_is_missing_stops_the_page_instead_of_leaving_a_hole() -> None:
    with pytest.raises(UndefinedError):
        render("dataset.html", report={}, splits=())
