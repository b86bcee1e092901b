"""Does a run's page say what is in its release beside the model, and why not?"""

from typing import Any

import pytest

from lensloop.pages.run import page
from tests.pages.findings import INT8, trained
from tests.pages.reader import read
from tools.sample_pages import record

FOUND = trained()
RELEASE = record("released", FOUND)["release"]


def text(evaluation: dict[str, Any] | None = None, **parts: Any) -> str:
    run = record("released", FOUND, **parts)
    return read(page(run, None, None, None, evaluation or FOUND.evaluation)).text


def test_both_models_stand_beside_each_other() -> None:
    shown = text()
    begin = shown.index("In eight bits")
    for part in (
        "A camera runs it where it is faster there: it is in release 7.",
        "size 13.5 MB 3.9 MB",
        "one picture takes 6.2 ms 3.1 ms",
        "right 240 (93.8%) 238 (93.0%)",
        "called unfamiliar 5 6",
        "253 (98.8%) of 256 test pictures get the same answer from both.",
    ):
        assert part in shown[begin:]


@pytest.mark.parametrize(
    ("int8", "release", "sentence"),
    [
        ({"kept": False, "reason": "it hangs"}, RELEASE, "Not used: it hangs."),
        (
            INT8,
            RELEASE | {"left_out": {"model.int8.onnx": "it was never proved"}},
            "Not in release 7: it was never proved.",
        ),
        (INT8, None, "Good enough to be part of a release; this run made none."),
        (INT8, {"epoch": 7}, "it is in release 7."),  # of an older version
    ],
)
def test_where_cameras_do_not_get_it_the_page_says_why(
    int8: dict[str, Any], release: dict[str, Any] | None, sentence: str
) -> None:
    assert sentence in text(int8=int8, release=release)


def test_of_a_run_from_before_nothing_is_said() -> None:
    assert "eight bits" not in text(int8=None)


def test_what_was_not_measured_is_no_row() -> None:
    nothing = dict.fromkeys(INT8["test"], 0)
    shown = text(int8={"kept": False, "reason": "too few", "test": nothing})
    assert "one picture takes" not in shown
    assert "test pictures get the same answer" not in shown


NETWORK = {"uri": "s3://b/a", "sha256": "ab", "file": "image-classification-0009.params"}


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ({}, "It is in release 7."),
        (
            {"deeplens.tar.gz": "it takes glass for can"},
            "Not in release 7: it takes glass for can.",
        ),
    ],
)
def test_where_a_deeplens_could_have_a_network_the_page_says_whether_it_has(
    left_out: dict[str, str], sentence: str
) -> None:
    made_of_it = {**FOUND.evaluation, "artefact": NETWORK}
    shown = text(made_of_it, release=RELEASE | {"left_out": left_out})
    begin = shown.index("For a DeepLens’ own chip")
    assert sentence in shown[begin:]
    assert "DeepLens" not in text()
    assert "DeepLens" not in text(made_of_it, release=None)
