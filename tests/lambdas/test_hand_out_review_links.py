"""Is a camera's wish for addresses read as carefully as anything that a stranger may send?

What a good one gets: tests/stories/test_review.py.
"""

import base64
import json

import pytest

from lambdas import hand_out_review_links
from lambdas.hand_out_review_links import MOST_BYTES
from lensloop.wire.review import File, Wish
from tests.lambdas import fleet_aws
from tests.lambdas.conftest import Aws

A = "deeplens_a"
LONGEST = Wish("9" * 80, File(2_000_000, "0" * 64), File(64_000, "f" * 64))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "not JSON"),
        (b"[" * 2000, "not JSON"),
        (b"[]", "must be an object"),
        (b" " * (MOST_BYTES + 1), f"at most {MOST_BYTES:,} bytes"),
    ],
)
def test_nonsense_is_passed_over_with_a_line_in_the_log(
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    message: bytes,
    why: str,
) -> None:
    fleet_aws.of(aws, monkeypatch).add(A)
    asked = {"wish": base64.b64encode(message).decode(), "thing": A}
    assert hand_out_review_links.handler(asked, None) == {"thing": A, "name": None}
    said = json.loads(capsys.readouterr().out)["message"]
    assert said.startswith(f"A wish of {A} is passed over: ")
    assert why in said


def test_a_wish_with_everything_at_its_longest_has_room() -> None:
    assert len(json.dumps(LONGEST.content())) < MOST_BYTES / 2
