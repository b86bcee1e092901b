"""Does the first screen show what `lensloop status` knows, and does a button do what it says?"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from lensloop.steering import RETRY, Stand, steer
from review.happenings import to_retry
from tests.review.conftest import BUSY, QUIET, Told

PAUSED = replace(QUIET, status=replace(QUIET.status, paused="somebody else"))
# Taken back, say: no word of the last run's end.
FAILED = replace(QUIET, retry=2)
STAND = Stand(3, "failed", 2, running=False, paused=False)


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
            ["resume", "roll-back", "retrain"],
        ),
        (
            FAILED,
            ["Roll release 2 out again", "int8", "61", "9.5 GB"],
            ["retry", "roll-back", "pause", "retrain"],
        ),
    ],
)
def test_it_shows_what_happens_and_what_can_be_decided(
    page: Callable[..., TestClient], told: object, words: list[str], decisions: list[str]
) -> None:
    text = page(Told(told)).get("parts/status").text  # type: ignore[arg-type]
    assert [word for word in words if word not in text] == []
    assert [part.split('"')[0] for part in text.split('data-decide="')[1:]] == decisions


@pytest.mark.parametrize(
    ("stand", "retry"),
    [
        (STAND, 3),
        (replace(STAND, state="taken-back"), 3),
        (replace(STAND, state="tried"), 3),
        (replace(STAND, live=3, stopped=True), 3),
        (replace(STAND, live=3), 0),
        (replace(STAND, live=4), 0),
        (replace(STAND, running=True), 0),
        (replace(STAND, paused=True), 0),
        (replace(STAND, candidate=0), 0),
    ],
)
def test_retry_is_offered_where_the_function_would_do_it(stand: Stand, retry: int) -> None:
    assert to_retry(stand) == retry
    assert steer(RETRY, stand).did is bool(retry)


def test_a_release_to_go_back_to_can_be_chosen(page: Callable[..., TestClient]) -> None:
    assert page().get("way-back?to=1").json()["to"] == 1
    refused = {"sentence": "Release 7 is none of this project's.", "to": None}
    assert page().get("way-back?to=7").json() == refused
    for wrong in ("0", "x", "-1", "1" * 10):
        assert page().get(f"way-back?to={wrong}").status_code == 400


def test_a_decision_is_handed_on_with_its_note(page: Callable[..., TestClient]) -> None:
    told = Told()
    answer = page(told).post("decide", json={"what": "approve", "epoch": 3, "note": "seen it"})
    assert answer.json() == {"sentence": "Done."}
    assert told.decisions == [("approve", 3, "seen it")]


def test_a_decision_needs_no_note(page: Callable[..., TestClient]) -> None:
    told = Told()
    answer = page(told).post("decide", json={"what": "retrain", "epoch": None, "note": None})
    assert (answer.status_code, told.decisions) == (200, [("retrain", None, "")])


def test_a_runs_page_is_shown(page: Callable[..., TestClient]) -> None:
    assert "Run 2" in page().get("runs/2").text
    assert page().get("runs/7").status_code == 400


def test_it_says_where_a_roll_back_leads_before_it_is_done(page: Callable[..., TestClient]) -> None:
    assert page().get("way-back").json()["to"] == 1
