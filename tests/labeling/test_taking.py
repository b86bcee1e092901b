"""Does each picture that people labelled come to lie under its label, once, and nothing else?"""

import pytest

from lensloop.importing.groundtruth import Labelled
from lensloop.labeling.taking import taking

BUCKET = "deeplens-test"


def line(key: str, label: str = "glass", problem: str = "", bucket: str = BUCKET) -> Labelled:
    return Labelled(f"s3://{bucket}/{key}", label, problem)


def test_a_frame_gets_the_name_that_the_review_page_gives_it() -> None:
    (copy,) = taking([line("review/deeplens_a/1-unsure-ab.jpg")], BUCKET).copies
    assert copy.target == "images/glass/review.deeplens_a.1-unsure-ab.jpg"


def test_two_pictures_of_one_name_stay_two_and_the_same_twice_is_one() -> None:
    lines = [line("unlabelled/a/1.png"), line("unlabelled/b/1.png"), line("unlabelled/a/1.png")]
    targets = [copy.target for copy in taking(lines, BUCKET).copies]
    assert len(set(targets)) == 2
    assert targets[0] == targets[2]
    assert all(target.startswith("images/glass/1-") for target in targets)
    assert all(target.endswith(".png") for target in targets)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (line("review/a/1.jpg", problem="Nobody has labelled it yet."), "Nobody has labelled it"),
        (line("releases/7/model.onnx"), "It lies neither in review/ nor in unlabelled/"),
        (line("review/a/1.jpg", bucket="another"), "It lies neither in review/"),
        (line("review/a/1.jpg", label="../releases"), "`../releases` cannot be a label"),
        (line("review/a/1.jpg", label="a/b"), "`a/b` cannot be a label"),
        (line("review/a/1.jpg", label=" "), "cannot be a label"),
    ],
)
def test_what_cannot_be_taken_is_said(one: Labelled, reason: str) -> None:
    found = taking([one], BUCKET)
    assert found.copies == []
    assert found.left_out[0].reason.startswith(reason) or reason in found.left_out[0].reason
