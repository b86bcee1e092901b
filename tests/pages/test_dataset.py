"""Does a data set's page say what is in it, what is odd, and whether it is enough?"""

from typing import Any

import pytest

from lensloop.pages.dataset import page
from tests.pages.findings import THUMBNAIL, report
from tests.pages.reader import Page, read


def shown(**different: Any) -> Page:
    return read(page(report() | different))


def test_whether_it_is_enough_is_its_headline() -> None:
    assert shown().headings[0] == (1, "Enough to train")
    few = shown(trainable=False, reasons=["`can` has 1 picture."])
    assert few.headings[0] == (1, "Too few pictures to train")
    assert few.text.index("can has 1 picture.") < 200
    assert few.all("header") == [{"class": "warn"}]


def test_it_is_told_with_what_it_is_compared() -> None:
    assert "compared with run 6" in shown().text
    assert "the first one" in shown(since=None, new_examples=[]).text


def test_every_label_has_its_numbers_and_a_bar_of_its_size() -> None:
    counts = {"images": 80, "new": 1234, "train": 48, "validation": 16, "test": 16}
    half = {"images": 40, "new": 0, "train": 24, "validation": 8, "test": 8}
    found = shown(labels={"can": counts, "glass": half}, examples={})
    assert "can 80 1,234 48 / 16 / 16" in found.text
    assert "glass 40 0 24 / 8 / 8" in found.text
    bars = [str(bar["style"]) for bar in found.all("div") if "style" in bar]
    assert [bar.removeprefix("width:") for bar in bars] == [
        *("60.00%", "20.00%", "20.00%"),
        *("30.00%", "10.00%", "10.00%"),
    ]


def test_more_than_is_listed_is_counted() -> None:
    text = shown().text
    assert "New since run 6 4 of 1,234" in text
    assert "and 6 more" in text, "of the seven rejected ones"
    assert "2 more and 2 more; suspicious.csv beside the data set lists all." in text
    examples = {"can": [{"key": "images/can/1.jpg", "thumbnail": THUMBNAIL}]}
    assert "2 more labels are not shown." in shown(examples=examples).text


def test_doubts_without_a_thumbnail_are_listed_by_name() -> None:
    doubt = report()["suspicious"]["pictures"][0]
    del doubt["thumbnail"]
    found = shown(suspicious={"epoch": 7, "count": 1, "pictures": [doubt]})
    assert "1 more can → glass (97%): images/can/can 1.jpg" in found.text


@pytest.mark.parametrize("nothing", [None, {"epoch": 7, "count": 0, "pictures": []}])
def test_without_doubts_there_is_nothing_to_check(nothing: Any) -> None:
    assert "Labels to check" not in shown(suspicious=nothing).text


def test_a_name_with_backticks_is_shown_as_it_is() -> None:
    key = "images/glass/a`b`c.jpg"
    rejected = [{"count": 1, "reason": "It is odd.", "pictures": [{"key": key, "reason": "Odd."}]}]
    assert f"{key} – Odd." in shown(left_out=rejected).text


def test_labels_that_are_lost_stand_first_and_behind_no_fold() -> None:
    lost = [f"The folder `f{n}` gives no label." for n in range(30)]
    html = page(report() | {"lost": lost})
    assert html.rindex("gives no label") < html.index("Enough to train")
    assert html.rindex("gives no label") < html.index("<details>")


@pytest.mark.parametrize("trainable", [True, False])
def test_a_report_of_an_older_version_has_its_page(trainable: bool) -> None:
    """What later versions added is missing from reports that lie in the bucket."""
    later = ("lost", "misplaced", "moves", "passed_over")
    older = {name: value for name, value in report().items() if name not in later}
    assert "label" in page({**older, "trainable": trainable, "reasons": ["can has 1 picture"]})
