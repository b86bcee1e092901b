"""When is a wave of cameras proven, failed or still to be waited for?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensloop.rollout import (
    FAILED,
    PROVEN,
    WAITING,
    Answer,
    Patience,
    Release,
    needed_of,
    next_look,
    to_cancel,
    wave_state,
)

RELEASE = Release(7, "ab" * 32)
PROOF = {"epoch": "7", "sha256": RELEASE.sha256, "golden": "12/12"}
HOUR = Patience(elapsed=60, timeout=3600, min_proven_share=0.9)
LATE = Patience(elapsed=3600, timeout=3600, min_proven_share=0.9)


def proved(thing: str) -> Answer:
    return Answer(thing, "SUCCEEDED", PROOF)


def failed(thing: str, reason: str = "golden picture 3 is glass, not can") -> Answer:
    return Answer(thing, "FAILED", {"reason": reason})


TEN = [proved(f"deeplens_{number}") for number in range(10)]


@pytest.mark.parametrize(
    ("answers", "patience", "state", "reasons", "cancel"),
    [
        pytest.param([proved("a")], HOUR, PROVEN, (), False, id="all have proved it"),
        pytest.param(
            [Answer("a")],
            HOUR,
            WAITING,
            ("0 of 1 cameras have proved release 7",),
            False,
            id="not yet",
        ),
        pytest.param(
            [proved("a"), Answer("b", "IN_PROGRESS")],
            HOUR,
            WAITING,
            ("1 of 2 cameras have proved release 7",),
            False,
            id="one is at it",
        ),
        pytest.param(
            [failed("a")],
            HOUR,
            FAILED,
            ("0 of 1 cameras proved the release, 1 must", "a: golden picture 3 is glass, not can"),
            True,
            id="the canary failed",
        ),
        pytest.param(
            [Answer("a", "REJECTED", {})],
            HOUR,
            FAILED,
            ("0 of 1 cameras proved the release, 1 must", "a: it failed and gave no reason"),
            True,
            id="rejected without a word",
        ),
        pytest.param(
            [Answer("a", "TIMED_OUT")],
            HOUR,
            FAILED,
            ("0 of 1 cameras proved the release, 1 must", "a began but did not finish in time"),
            True,
            id="began but did not finish",
        ),
        pytest.param(
            [Answer("a", "SUCCEEDED", {"epoch": "6", "sha256": "cd" * 32})],
            HOUR,
            FAILED,
            (
                "0 of 1 cameras proved the release, 1 must",
                "a says that it runs release 6 (cdcdcdcdcdcd), not release 7 (abababababab)",
            ),
            True,
            id="a success that is no proof",
        ),
        pytest.param(
            [*TEN[:9], failed("z")],
            HOUR,
            PROVEN,
            ("z: golden picture 3 is glass, not can",),
            False,
            id="nine of ten",
        ),
        pytest.param(
            [*TEN[:9], Answer("z")],
            HOUR,
            PROVEN,
            ("no answer (offline?) from z",),
            False,
            id="one of ten is offline",
        ),
        pytest.param(
            [*TEN[:2], failed("y"), failed("z"), *map(Answer, "cdefgh")],
            HOUR,
            FAILED,
            (
                "2 of 10 cameras proved the release, 9 must",
                "y: golden picture 3 is glass, not can",
                "z: golden picture 3 is glass, not can",
            ),
            True,
            id="two of ten failed: the others cannot make up for it",
        ),
        pytest.param(
            [proved("a"), Answer("b")],
            LATE,
            FAILED,
            (
                "1 of 2 cameras proved the release, 2 must after 60 minutes",
                "no answer (offline?) from b",
            ),
            False,
            id="offline cameras of the fleet keep their order",
        ),
        pytest.param(
            [],
            HOUR,
            FAILED,
            ("no fleet camera is left to prove the release",),
            True,
            id="all were removed",
        ),
    ],
)
def test_the_state_of_a_wave_follows_from_the_answers(
    answers: list[Answer], patience: Patience, state: str, reasons: tuple[str, ...], cancel: bool
) -> None:
    found = wave_state(RELEASE, answers, patience, aborted=False, wave="fleet")
    assert (found.state, found.reasons, found.cancel) == (state, reasons, cancel)
    assert found.cameras == len(answers)


def test_an_offline_canary_must_not_take_the_release_later() -> None:
    assert wave_state(RELEASE, [Answer("a")], LATE, aborted=False, wave="canary").cancel


def test_a_job_that_was_cancelled_has_failed() -> None:
    found = wave_state(RELEASE, [Answer("a", "CANCELED")], HOUR, aborted=True, wave="fleet")
    assert (found.state, found.reasons) == (
        FAILED,
        ("the job was cancelled before enough cameras had proved the release",),
    )


def test_many_failures_are_counted_rather_than_listed() -> None:
    found = wave_state(
        RELEASE, [failed(f"c{n}") for n in range(50)], HOUR, aborted=False, wave="fleet"
    )
    assert len(found.reasons) == 7
    assert found.reasons[-1] == "and 45 more failed"


@pytest.mark.parametrize(
    ("cameras", "share", "needed"),
    [(1, 0.9, 1), (3, 0.9, 3), (10, 0.9, 9), (11, 0.9, 10), (100, 0.0, 1), (5, 1.0, 5)],
)
def test_a_share_of_cameras_is_rounded_up(cameras: int, share: float, needed: int) -> None:
    assert needed_of(cameras, share) == needed


@pytest.mark.parametrize(("base", "minutes"), [(30, 1440), (1, 10080), (3600, 1), (1, 1)])
def test_waiting_to_the_end_stays_far_below_the_limit_of_a_history(base: int, minutes: int) -> None:
    elapsed = looks = 0
    while elapsed < minutes * 60:
        elapsed += next_look(
            base, Patience(elapsed=elapsed, timeout=minutes * 60, min_proven_share=1)
        )
        looks += 1
    assert looks * 9 < 25_000 / 5  # events of one look, and room for two waves
    assert elapsed == minutes * 60


def test_a_new_order_replaces_older_ones_of_its_wave_only() -> None:
    jobs = ["deeplens-x-r6-canary", "deeplens-x-r6-fleet", "deeplens-x-r7-canary"]
    assert to_cancel(jobs, "deeplens-x-r7-canary", "canary") == ["deeplens-x-r6-canary"]
    assert to_cancel(jobs, "deeplens-x-r7-fleet", "fleet") == ["deeplens-x-r6-fleet"]


STATUSES = (
    "QUEUED",
    "IN_PROGRESS",
    "SUCCEEDED",
    "FAILED",
    "REJECTED",
    "TIMED_OUT",
    "CANCELED",
    "REMOVED",
)


@given(
    st.lists(st.sampled_from(STATUSES), min_size=1, max_size=12),
    st.integers(0, 7200),
    st.floats(0, 1),
    st.booleans(),
)
def test_a_wave_that_is_over_is_proven_exactly_when_enough_cameras_proved_it(
    statuses: list[str], elapsed: int, share: float, aborted: bool
) -> None:
    answers = [
        Answer(f"c{n}", status, PROOF if status == "SUCCEEDED" else {})
        for n, status in enumerate(statuses)
    ]
    patience = Patience(elapsed=elapsed, timeout=3600, min_proven_share=share)
    found = wave_state(RELEASE, answers, patience, aborted=aborted, wave="fleet")
    assert (found.state == PROVEN) == (
        statuses.count("SUCCEEDED") >= needed_of(len(statuses), share)
    )
    assert found.state != WAITING or (elapsed < 3600 and not aborted)
    assert found.state == PROVEN or found.reasons
