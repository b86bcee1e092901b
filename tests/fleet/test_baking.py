"""Does a release that was proved count as failed where cameras cannot live with it?"""

from dataclasses import replace

import pytest

from lensloop.fleet.baking import Bake, as_they_run_it, baked
from lensloop.fleet.look import SILENT_AFTER
from lensloop.fleet.terms import Camera
from lensloop.rollout import Answer, Patience, Release, WaveState, wave_state
from tests.fleet.cameras import HOUR, NOW, camera, gave_back

RELEASE = Release(7, "7" * 64)
PROVED = NOW - HOUR  # when the camera said so
ANSWER = Answer("deeplens_a", "SUCCEEDED", {"epoch": "7", "sha256": "7" * 64}, PROVED)
NO_BAKE = Bake(0, PROVED, NOW)
BAKES, OVER = Bake(120, PROVED, NOW), Bake(60, PROVED, NOW)


def seen(one: Camera, ago: int) -> Camera:
    return replace(one, seen_ms=(NOW - ago) * 1000)


def trouble(answer: Answer, one: Camera | None, bake: Bake) -> str:
    [found] = as_they_run_it([answer], [one] if one else [], RELEASE, bake)
    if found == answer:
        return ""
    assert found.status == "FAILED"
    return found.details["reason"]


GAVE = "it proved the release and gave it back: dark frames"
SILENT = "it proved the release and is silent for 1 h"
UNHEARD = "it proved the release and has not reported since"
OTHER = "it proved the release and reports that it runs release 6"


@pytest.mark.parametrize(
    ("one", "bake", "why"),
    [
        pytest.param(camera(7), OVER, "", id="it runs it"),
        pytest.param(gave_back(7), BAKES, GAVE, id="given back"),
        pytest.param(gave_back(7), NO_BAKE, GAVE, id="given back, with no bake time"),
        pytest.param(gave_back(5), BAKES, "", id="given back was another"),
        pytest.param(
            gave_back(5), OVER, OTHER, id="given back was another, and it does not run this one"
        ),
        pytest.param(
            replace(gave_back(7), report=camera(7).report._replace(given_back=None)),
            OVER,
            "",
            id="it took it again",
        ),
        pytest.param(seen(camera(7), SILENT_AFTER), BAKES, "", id="not silent yet"),
        pytest.param(seen(camera(7), SILENT_AFTER + 1), BAKES, SILENT, id="silent"),
        pytest.param(seen(camera(7), SILENT_AFTER + 1), OVER, SILENT, id="silent in the end"),
        pytest.param(seen(camera(7), SILENT_AFTER + 1), NO_BAKE, "", id="silent, with no bake"),
        pytest.param(camera(6), BAKES, "", id="its report may be on its way"),
        pytest.param(camera(6), OVER, OTHER, id="it runs another"),
        pytest.param(
            camera(None),
            OVER,
            "it proved the release and reports that it runs none",
            id="it runs none",
        ),
        pytest.param(camera(7, sha256="8" * 64), OVER, OTHER.replace("6", "7"), id="another file"),
        pytest.param(seen(camera(6), HOUR + 1), OVER, UNHEARD, id="not heard of since"),
        pytest.param(seen(camera(6), HOUR), OVER, OTHER, id="heard of in that second"),
        pytest.param(camera(6), NO_BAKE, "", id="no bake: it is reconciled later"),
        pytest.param(None, OVER, "", id="its agent does not report"),
    ],
)
def test_a_proof_holds_unless_the_camera_says_otherwise(
    one: Camera | None, bake: Bake, why: str
) -> None:
    assert trouble(ANSWER, one, bake) == why


@pytest.mark.parametrize(("late", "expected"), [(60, OTHER), (59, "")])
def test_a_report_has_a_minute_after_the_proof(late: int, expected: str) -> None:
    assert trouble(replace(ANSWER, at=NOW - late), camera(6), OVER) == expected


@pytest.mark.parametrize("status", ["QUEUED", "IN_PROGRESS", "FAILED"])
def test_who_has_not_proved_it_is_not_asked(status: str) -> None:
    assert trouble(replace(ANSWER, status=status), gave_back(7), BAKES) == ""


PROVEN = WaveState("proven", (), 2, 3, cancel=False)
RUNS_IT = "2 of 3 cameras have proved release 7, and run it for 120 minutes before others get it"


@pytest.mark.parametrize(
    ("bake", "state", "reasons"),
    [
        (NO_BAKE, "proven", ()),
        (BAKES, "waiting", (RUNS_IT,)),
        (replace(BAKES, proved_at=NOW - 120 * 60 + 1), "waiting", (RUNS_IT,)),
        (replace(BAKES, proved_at=NOW - 120 * 60), "proven", ()),
        (replace(BAKES, proved_at=0), "waiting", (RUNS_IT,)),
        (
            replace(BAKES, minutes=1, proved_at=0),
            "waiting",
            (RUNS_IT.replace("120 minutes", "1 minute"),),
        ),
        (replace(BAKES, enough=True), "proven", ()),
    ],
)
def test_what_is_proved_waits_for_the_bake_time(
    bake: Bake, state: str, reasons: tuple[str, ...]
) -> None:
    assert baked(PROVEN, RELEASE, bake) == replace(PROVEN, state=state, reasons=reasons)


@pytest.mark.parametrize("state", ["waiting", "failed", "unanswered", "skipped"])
def test_what_is_not_proved_bakes_nothing(state: str) -> None:
    found = replace(PROVEN, state=state)
    assert baked(found, RELEASE, BAKES) == found


@pytest.mark.parametrize(("cameras", "state"), [(9, "failed"), (10, "proven")])
def test_one_of_ten_that_gives_it_back_is_borne_and_one_of_nine_is_not(
    cameras: int, state: str
) -> None:
    """By the threshold of proofs: there is no other."""
    things = [f"deeplens_{number}" for number in range(cameras)]
    answers = [replace(ANSWER, thing=thing) for thing in things]
    reports = [replace(gave_back(7), thing=things[0])]
    found = as_they_run_it(answers, reports, RELEASE, OVER)
    patience = Patience(elapsed=1, timeout=60, min_proven_share=0.9)
    judged = wave_state(RELEASE, found, patience, aborted=False, wave="canary")
    assert (judged.state, f"deeplens_0: {GAVE}" in judged.reasons) == (state, True)
