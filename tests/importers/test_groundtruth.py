"""Which labels of a Ground Truth job count? Those that people gave, by name."""

import json
from typing import Any

import pytest

from lensloop.importing import groundtruth
from lensloop.importing.groundtruth import BY_MACHINE, NO_NAME, NO_URI, UNLABELLED, ManifestError

URI = "s3://b/review/deeplens_a/1.jpg"


def told(name: str = "glass", **more: Any) -> dict[str, Any]:
    """As Ground Truth's documentation shows it."""
    return {
        "class-name": name,
        "confidence": 0.0,
        "type": "groundtruth/image-classification",
        "job-name": "labeling-job/bins",
        "human-annotated": "yes",
        "creation-date": "2026-11-26T10:00:00.000000",
        **more,
    }


def line(**more: Any) -> str:
    return json.dumps({"source-ref": URI, **more})


def single(number: object = 0, **more: Any) -> str:
    return line(bins=number, **{"bins-metadata": told(**more)})


MULTI = "groundtruth/image-classification-multilabel"
NAMES = {"0": "glass", "1": "metal", "8": "paper"}


def multi(*numbers: int, **more: Any) -> str:
    about = {"class-map": NAMES, "confidence-map": {"0": 0.0}, "type": MULTI}
    return line(bins=list(numbers), **{"bins-metadata": told() | about | more})


@pytest.mark.parametrize(
    ("text", "label", "problem"),
    [
        (single(), "glass", ""),
        (single("0"), "glass", ""),
        (single(7, name="可回收物/易拉罐"), "可回收物/易拉罐", ""),
        (single(**{"human-annotated": "no"}), "", BY_MACHINE),
        (single(name=""), "", NO_NAME),
        (multi(1), "metal", ""),
        (multi(1, 0), "", "It has several labels (glass, metal), and a picture has one here."),
        (multi(), "", NO_NAME),
        (multi(5), "", NO_NAME),
        (
            single(**{"failure-reason": "the picture is gone"}),
            "",
            "Ground Truth could not label it: the picture is gone",
        ),
        (line(), "", UNLABELLED),
        (json.dumps({"source": "some text", "bins": 0, "bins-metadata": told()}), "", NO_URI),
    ],
)
def test_a_line_has_the_label_that_people_gave_or_a_reason(
    text: str, label: str, problem: str
) -> None:
    (found, *_) = groundtruth.read([text, single()])
    assert (found.label, found.problem) == (label, problem)


def test_confidence_counts_only_where_several_people_looked() -> None:
    one = [single(name="glass"), single(name="metal")]
    assert [found.label for found in groundtruth.read(one)] == ["glass", "metal"]
    several = [single(confidence=0.49), single(confidence=0.5, name="metal"), single(confidence=0)]
    labels = [found.label for found in groundtruth.read(several)]
    assert labels == ["", "metal", ""]
    another = single(**{"job-name": "labeling-job/one-worker"})
    assert groundtruth.read([*several, another])[-1].label == "glass"


def test_of_chained_jobs_the_newest_counts_or_the_one_that_is_asked_for() -> None:
    later = told("metal", **{"creation-date": "2026-11-27T10:00:00"})
    boxes = told("x", **{"type": "groundtruth/object-detection", "creation-date": "2027"})
    chained = line(
        bins=0, again=1, boxes={}, **{"bins-metadata": told(), "again-metadata": later},
        **{"boxes-metadata": boxes},
    )  # fmt: skip
    assert groundtruth.read([chained])[0].label == "metal"
    assert groundtruth.read([chained], "bins")[0].label == "glass"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "has no line"),
        (["", "  "], "has no line"),
        (["{"], "Line 1 is not JSON"),
        ([single(), "[]"], "Line 2 is no object"),
        ([line()], "No line has a label of an image classification job"),
    ],
)
def test_what_is_no_output_manifest_is_said(lines: list[str], sentence: str) -> None:
    with pytest.raises(ManifestError, match=sentence):
        groundtruth.read(lines)


def test_a_job_that_no_line_knows_is_said() -> None:
    with pytest.raises(ManifestError, match="No line has a label of `other`"):
        groundtruth.read([single()], "other")
