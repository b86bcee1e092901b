"""When may a training go on from the live model?"""

from typing import Any

import pytest

from lensloop.model.incremental import goes_on_from

URI = "s3://b/training/j/output/model.tar.gz"
LIVE: dict[str, Any] = {
    "algorithm": "image-classification",
    "labels": ["glass", "tin"],
    "artefact": {"uri": URI, "layers": 18, "sha256": "a"},
}


def test_a_network_of_the_same_shape_goes_on() -> None:
    assert goes_on_from(LIVE, ["glass", "tin"], 18) == URI


@pytest.mark.parametrize(
    ("different", "labels", "layers"),
    [
        ({}, ["glass", "paper", "tin"], 18),
        ({}, ["tin", "glass"], 18),
        ({}, ["glass", "tin"], 50),
        ({"algorithm": "head"}, ["glass", "tin"], 18),
        ({"algorithm": "imported"}, ["glass", "tin"], 18),
        ({"artefact": None}, ["glass", "tin"], 18),
    ],
)
def test_another_one_begins_anew(different: dict[str, Any], labels: list[str], layers: int) -> None:
    assert goes_on_from(LIVE | different, labels, layers) is None


def test_a_release_from_before_algorithms_were_noted_is_none_to_go_on_from() -> None:
    assert goes_on_from({"labels": ["glass", "tin"]}, ["glass", "tin"], 18) is None
