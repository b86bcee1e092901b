"""Does the first screen show what `lensloop status` knows, and does a button do what it says?"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tests.review.conftest import BUSY, QUIET, Told

FAILED = replace(QUIET.status.ends[1], rollout="fleet-failed")
PAUSED = replace(QUIET, status=replace(QUIET.status, paused="somebody else", ends=(FAILED,)))


@pytest.mark.parametrize(
    ("told", "words", "decisions"),
    [
        (
            QUIET,
            ["Nothing runs", "silent for 2 h", "the disk is full"],
            ["roll-back", "pause", "retrain"],
        ),
        (
            BUSY,
            ["looked at 200 of 735", "waits for your approval"],
            ["approve", "reject", "roll-back", "pause"],
        ),
        (
            PAUSED,
            ["Rollouts are paused", "somebody else"],
            ["resume", "retry", "roll-back", "retrain"],
        ),
    ],
)
def test_it_shows_what_happens_and_what_can_be_decided(
    page: Callable[..., TestClient], told: object, words: list[str], decisions: list[str]
) -> None:
    text = page(Told(told)).get("parts/status").text  # type: ignore[arg-type]
    assert [word for word in words if word not in text] == []
    assert [part.split('"')[0] for part in text.split('data-decide="')[1:]] == decisions


def test_a_decision_is_handed_on_with_its_note(page: Callable[..., TestClient]) -> None:
    told = Told()
    answer = page(told).post("decide", json={"what": "approve", "epoch": 3, "note": "seen it"})
    assert answer.json() == {"sentence": "Done."}
    assert told.decisions == [("approve", 3, "seen it")]


def test_a_runs_page_is_shown(page: Callable[..., TestClient]) -> None:
    assert "Run 2" in page().get("runs/2").text
    assert page().get("runs/7").status_code == 400


def test_it_says_where_a_roll_back_leads_before_it_is_done(page: Callable[..., TestClient]) -> None:
    assert page().get("way-back").json()["to"] == 1
