"""What does a camera run next to the live release, and what is known before it has reported?"""

import pytest

from lensloop.fleet.terms import GAVE_BACK, NEWER, OTHER, RIGHT, Camera, Live, runs
from tests.fleet.cameras import camera, gave_back

FIRST = Live(7, "7" * 64)  # no statement has led back yet


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (camera(7), RIGHT),
        (camera(7, sha256="e" * 64), OTHER),
        (camera(6), OTHER),
        (camera(None), OTHER),
        (camera(8), NEWER),
        (gave_back(7), GAVE_BACK),
        (gave_back(7, runs=8), GAVE_BACK),
        (gave_back(6, runs=8), NEWER),
    ],
)
def test_what_a_camera_runs_next_to_the_live_release(found: Camera, said: str) -> None:
    assert runs(found, FIRST) == said


def test_before_anything_happened_nothing_is_known() -> None:
    assert (FIRST.released_at, FIRST.back_from, FIRST.keys, FIRST.tried) == (0, 0, 0, 0)
    assert (camera(7).ordered, camera(7).told, camera(7).silence_told) == (None, 0, 0)
