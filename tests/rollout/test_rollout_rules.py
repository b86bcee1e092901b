"""When is a wave of cameras proven, failed or still to be waited for?"""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lensloop import rollout
from lensloop.rollout import (
    Answer,
    Patience,
    Release,
    WaveState,
    held,
    most_failing,
    needed_of,
    next_look,
    paused,
    place_taken,
    superseded,
    to_cancel,
    wave_state,
)

# The workflow's conditions compare with these words.
WAITING, PROVEN, FAILED = "waiting", "proven", "failed"
RELEASE = Release(7, "ab" * 32)
PROOF = {"epoch": "7", "sha256": RELEASE.sha256, "golden": "12/12"}
HOUR = Patience(elapsed=60, timeout=3600, min_proven_share=0.9)
LATE = Patience(elapsed=3600, timeout=3600, min_proven_share=0.9)


def proved(thing: str) -> Answer:
    return Answer(thing, "SUCCEEDED", PROOF)


def failed(thing: str, reason: str = "golden picture 3 is glass, not can") -> Answer:
    return Answer(thing, "FAILED", {"reason": reason})


def test_the_table_keeps_these_words_for_a_candidate() -> None:
    """A rollout that is under way during an update is found again by them."""
    words = (rollout.TRIED, rollout.PROVEN, rollout.FAILED, rollout.TAKEN_BACK)
    assert words == ("tried", "proven", "failed", "taken-back")


def test_the_workflow_knows_these_words_for_a_wave() -> None:
    decided = (rollout.GOES_ON, rollout.SKIPPED, rollout.SUPERSEDED)
    undecided = (rollout.WAITING, rollout.UNANSWERED, rollout.PAUSED, rollout.HELD)
    assert decided == ("goes-on", "skipped", "superseded")
    assert undecided == ("waiting", "unanswered", "paused", "held")


TEN = [proved(f"deeplens_{number}") for number in range(10)]


@pytest.mark.parametrize(
    ("answers", "patience", "state", "reasons", "cancel"),
    [
        pytest.param([proved("a")], HOUR, PROVEN, (), False, id="all have proved it"),
        pytest.param(
            [Answer("a")],
            HOUR,
            WAITING,
            ("0 of 1 camera has proved release 7",),
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
            ("0 of 1 camera proved the release, 1 must", "a: golden picture 3 is glass, not can"),
            True,
            id="the canary failed",
        ),
        pytest.param(
            [Answer("a", "REJECTED", {})],
            HOUR,
            FAILED,
            ("0 of 1 camera proved the release, 1 must", "a: it failed and gave no reason"),
            True,
            id="rejected without a word",
        ),
        pytest.param(
            [Answer("a", "TIMED_OUT")],
            HOUR,
            FAILED,
            ("0 of 1 camera proved the release, 1 must", "a began but did not finish in time"),
            True,
            id="began but did not finish",
        ),
        pytest.param(
            [Answer("a", "SUCCEEDED", {"epoch": "6", "sha256": "cd" * 32})],
            HOUR,
            FAILED,
            (
                "0 of 1 camera proved the release, 1 must",
                "a reports release 6 (cdcdcdcdcdcd), not release 7 (abababababab)",
            ),
            True,
            id="a success that is no proof",
        ),
        pytest.param(
            [Answer("a", "SUCCEEDED", {})],
            HOUR,
            FAILED,
            (
                "0 of 1 camera proved the release, 1 must",
                "a reports release ? (?), not release 7 (abababababab)",
            ),
            True,
            id="a success that names nothing",
        ),
        pytest.param(
            [Answer("a", "SUCCEEDED", {**PROOF, "epoch": "6"}), Answer("b", "REMOVED")],
            HOUR,
            FAILED,
            (
                "0 of 2 cameras proved the release, 2 must",
                "a reports release 6 (abababababab), not release 7 (abababababab)",
            ),
            True,
            id="the right file under another number",
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
            [proved("a"), Answer("b"), Answer("c", "IN_PROGRESS")],
            LATE,
            PROVEN,
            ("no answer (offline?) from b, c",),
            False,
            id="who is offline fails no release: the others decide",
        ),
        pytest.param(
            [*TEN[:8], Answer("y"), failed("z")],
            replace(LATE, min_proven_share=0.88),
            PROVEN,
            ("z: golden picture 3 is glass, not can", "no answer (offline?) from y"),
            False,
            id="late, 8 of the 9 that answered are enough",
        ),
        pytest.param(
            [Answer("a"), Answer("b", "IN_PROGRESS")],
            LATE,
            "unanswered",
            (
                "0 of 2 cameras proved the release, 2 must after 60 minutes",
                "no answer (offline?) from a, b",
            ),
            False,
            id="nobody has answered: nothing is decided",
        ),
        pytest.param(
            [*TEN[:8], failed("y"), Answer("z", "IN_PROGRESS")],
            LATE,
            FAILED,
            (
                "8 of 10 cameras proved the release, 9 must after 60 minutes",
                "y: golden picture 3 is glass, not can",
                "no answer (offline?) from z",
            ),
            True,
            id="a late fleet with a failure must not take the release later",
        ),
        pytest.param(
            [*TEN[:8], failed("y"), Answer("z")],
            Patience(elapsed=3599, timeout=3600, min_proven_share=0.9),
            WAITING,
            ("8 of 10 cameras have proved release 7",),
            False,
            id="a failure that the others can make up for, a second before the end",
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
    proven = sum(answer.status == "SUCCEEDED" and answer.details == PROOF for answer in answers)
    expected = WaveState(state, reasons, proven, len(answers), cancel)
    assert wave_state(RELEASE, answers, patience, aborted=False, wave="fleet") == expected


CANCELLED = "the job was cancelled before enough cameras had proved the release"


@pytest.mark.parametrize(
    ("answers", "state", "reasons", "cancel"),
    [
        ([Answer("a", "CANCELED")], FAILED, (CANCELLED,), True),
        (
            [*TEN[:9], failed("z"), Answer("a", "CANCELED")],
            FAILED,
            (
                "9 of 11 cameras proved the release, 10 must",
                "z: golden picture 3 is glass, not can",
            ),
            True,
        ),
        (TEN, PROVEN, (), False),
    ],
)
def test_a_cancelled_job_has_failed_unless_enough_cameras_had_proved_the_release(
    answers: list[Answer], state: str, reasons: tuple[str, ...], cancel: bool
) -> None:
    found = wave_state(RELEASE, answers, HOUR, aborted=True, wave="fleet")
    assert (found.state, found.reasons, found.cancel) == (state, reasons, cancel)


@pytest.mark.parametrize(
    ("share", "patience", "state", "first"),
    [
        (0.1, HOUR, PROVEN, ()),
        (0.9, HOUR, FAILED, ("10 of 60 cameras proved the release, 54 must",)),
        (0.1, LATE, PROVEN, ()),
        (0.17, LATE, FAILED, ("10 of 60 cameras proved the release, 11 must after 60 minutes",)),
    ],
)
def test_many_failures_are_counted_rather_than_listed(
    share: float, patience: Patience, state: str, first: tuple[str, ...]
) -> None:
    answers = [*TEN, *(failed(f"c{n}") for n in range(49)), Answer("z", "REMOVED")]
    patience = replace(patience, min_proven_share=share)
    found = wave_state(RELEASE, answers, patience, aborted=False, wave="fleet")
    named = tuple(f"c{n}: golden picture 3 is glass, not can" for n in range(5))
    assert (found.state, found.reasons) == (state, (*first, *named, "and 44 more failed"))


def test_many_offline_cameras_are_counted_rather_than_listed() -> None:
    answers = [proved("a"), *(Answer(f"c{n}") for n in range(7))]
    patience = Patience(elapsed=60, timeout=3600, min_proven_share=0.1)
    found = wave_state(RELEASE, answers, patience, aborted=False, wave="fleet")
    assert found.reasons == ("no answer (offline?) from c0, c1, c2, c3, c4 and 2 more",)


@pytest.mark.parametrize(
    ("live", "candidate", "state", "why"),
    [
        (0, 7, "tried", ""),
        (5, 7, "tried", ""),
        (5, 7, "failed", ""),  # its own rollout says so
        (7, 7, "proven", ""),
        (7, 8, "tried", ""),  # live goes on to the fleet
        (7, 8, "failed", ""),
        (5, 8, "tried", "release 8 is tried now"),
        (8, 7, "tried", "release 8 is live now"),
        (8, 8, "proven", "release 8 is live now"),
        (8, 9, "tried", "release 8 is live now"),
        (5, 7, "proven", "release 7 was taken back"),
        (5, 7, "taken-back", "release 7 was taken back"),
        (5, 6, "tried", ""),  # nobody knows release 7; who asks for it is told elsewhere
    ],
)
def test_a_rollout_ends_when_another_release_has_taken_its_place(
    live: int, candidate: int, state: str, why: str
) -> None:
    assert place_taken(7, live, candidate, state) == why


def test_a_wave_whose_release_has_lost_its_place_is_superseded() -> None:
    expected = WaveState("superseded", ("release 8 is live now",), 0, 0, False)
    assert superseded("release 8 is live now") == expected


@pytest.mark.parametrize(
    ("cameras", "share", "needed"),
    [
        (1, 0.9, 1),
        (3, 0.9, 3),
        (10, 0.9, 9),
        (11, 0.9, 10),
        (100, 0.0, 1),
        (100, 0.07, 7),
        (5, 1.0, 5),
    ],
)
def test_a_share_of_cameras_is_rounded_up(cameras: int, share: float, needed: int) -> None:
    assert needed_of(cameras, share) == needed


@pytest.mark.parametrize(
    ("cameras", "fleet", "share", "failing"),
    [
        (20, 200, 0.9, 3),  # two would be one in ten
        (80, 200, 0.9, 9),
        (10, 100, 0.9, 2),
        (1000, 10_000, 0.9, 106),
        (199, 200, 0.9, 20),
        (200, 200, 0.9, 20),  # the whole fleet is counted
        (1, 10, 0.9, 0),
        (2, 20, 0.9, 0),
        (3, 30, 0.9, 1),
        (2, 3, 0.9, 0),  # a fleet that bears none
        (1, 2, 0.9, 0),
        (5, 10, 1.0, 0),
        (5, 10, 0.0, 5),
    ],
)
def test_a_share_bears_as_many_failures_as_a_fleet_that_just_bears_it_often_shows(
    cameras: int, fleet: int, share: float, failing: int
) -> None:
    assert most_failing(cameras, fleet, share) == failing


@pytest.mark.parametrize(
    ("proving", "failing", "offline", "patience", "state"),
    [
        (17, 3, 0, HOUR, PROVEN),
        (16, 3, 1, HOUR, WAITING),
        (0, 4, 16, HOUR, FAILED),  # whatever the others will say
        (6, 2, 12, LATE, FAILED),  # of eight that have answered, one may
        (7, 1, 12, LATE, PROVEN),
    ],
)
def test_a_share_stops_a_release_only_by_more_failures_than_are_chance(
    proving: int, failing: int, offline: int, patience: Patience, state: str
) -> None:
    answers = [
        *(proved(f"p{n}") for n in range(proving)),
        *(failed(f"f{n}") for n in range(failing)),
        *(Answer(f"o{n}") for n in range(offline)),
    ]
    of_200 = replace(patience, fleet=200)
    found = wave_state(RELEASE, answers, of_200, aborted=False, wave="fleet")
    assert found.state == state


ASKED = Patience(elapsed=600, timeout=3600, min_proven_share=0.1, least=3)
ASKED_LATE = replace(ASKED, elapsed=7200)
DECIDES = replace(ASKED, decide_now=True)


@pytest.mark.parametrize(
    ("proving", "failing", "offline", "patience", "state", "reason"),
    [
        (2, 0, 8, ASKED, WAITING, "2 of 10 cameras have proved release 7"),
        (3, 0, 7, ASKED, PROVEN, ""),
        (2, 0, 0, ASKED, PROVEN, ""),  # there are no more
        (
            2,
            0,
            8,
            ASKED_LATE,
            "unanswered",
            "2 of 10 cameras proved the release, 3 must after 60 minutes",
        ),
        (2, 1, 7, ASKED_LATE, PROVEN, ""),
        (2, 0, 8, DECIDES, PROVEN, ""),
        (
            0,
            1,
            9,
            DECIDES,
            FAILED,
            "0 of 10 cameras proved the release, 3 must after 10 minutes",
        ),
        (
            0,
            0,
            9,
            DECIDES,
            "skipped",
            "0 of 9 cameras proved the release, 3 must after 10 minutes",
        ),
        (
            0,
            0,
            9,
            replace(DECIDES, is_last=True),
            "unanswered",
            "0 of 9 cameras proved the release, 3 must after 10 minutes",
        ),
    ],
)
def test_so_many_answer_before_a_wave_is_proven_unless_a_person_decides(
    proving: int, failing: int, offline: int, patience: Patience, state: str, reason: str
) -> None:
    answers = [
        *TEN[:proving],
        *(failed(f"f{n}") for n in range(failing)),
        *(Answer(f"o{n}") for n in range(offline)),
    ]
    found = wave_state(RELEASE, answers, patience, aborted=False, wave="canary")
    assert found.state == state
    assert not reason or found.reasons[0] == reason


@pytest.mark.parametrize(
    ("by", "note", "why"),
    [
        ("ann", "", "ann has paused rollouts"),
        ("ann", "rain", "ann has paused rollouts: rain"),
        ("", "", "a person has paused rollouts"),
    ],
)
def test_a_paused_wave_says_by_whom(by: str, note: str, why: str) -> None:
    assert paused(by, note) == WaveState("paused", (why,), 0, 0, False)
    assert paused() == paused("", "")


def test_a_wave_that_may_not_begin_yet_says_why() -> None:
    assert held("it is noon") == WaveState("held", ("it is noon",), 0, 0, False)


@pytest.mark.parametrize(("answer", "state"), [(proved("a"), PROVEN), (failed("a"), FAILED)])
def test_a_share_of_one_camera_needs_its_proof_whatever_may_fail(
    answer: Answer, state: str
) -> None:
    one_in_ten = replace(HOUR, min_proven_share=0.1, fleet=10)
    found = wave_state(RELEASE, [answer], one_in_ten, aborted=False, wave="fleet")
    assert found.state == state


def test_who_is_not_named_with_an_answer_has_not_been_heard_of() -> None:
    assert Answer("a") == Answer("a", "QUEUED", {}, at=0)


@pytest.mark.parametrize(
    ("fails", "cameras", "state"),
    [(2, 3, FAILED), (1, 2, FAILED), (1, 3, FAILED), (1, 10, PROVEN), (2, 10, FAILED)],
)
def test_a_whole_fleet_however_small_is_counted(fails: int, cameras: int, state: str) -> None:
    answers = [failed(f"c{n}") if n < fails else proved(f"c{n}") for n in range(cameras)]
    found = wave_state(RELEASE, answers, HOUR, aborted=False, wave="fleet")
    assert found.state == state


@pytest.mark.parametrize(
    ("elapsed", "seconds"),
    [
        (0, 30),
        (619, 30),
        (620, 31),
        (659, 32),
        (1000, 50),
        (3550, 50),
        (3599, 1),
        (3600, 30),
        (4000, 30),
    ],
)
def test_the_longer_a_wave_takes_the_longer_is_the_wait_for_the_next_look(
    elapsed: int, seconds: int
) -> None:
    patience = Patience(elapsed=elapsed, timeout=3600, min_proven_share=0.9)
    assert next_look(30, patience) == seconds


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
@example(["QUEUED", "SUCCEEDED"], 3600, 1.0, False)
def test_a_wave_is_proven_exactly_when_enough_cameras_proved_it_at_the_end_of_those_that_answered(
    statuses: list[str], elapsed: int, share: float, aborted: bool
) -> None:
    answers = [
        Answer(f"c{n}", status, PROOF if status == "SUCCEEDED" else {})
        for n, status in enumerate(statuses)
    ]
    patience = Patience(elapsed=elapsed, timeout=3600, min_proven_share=share)
    found = wave_state(RELEASE, answers, patience, aborted=aborted, wave="fleet")
    proved = statuses.count("SUCCEEDED")
    failed = sum(statuses.count(status) for status in ("FAILED", "REJECTED", "TIMED_OUT"))
    over = elapsed >= 3600 and not aborted
    asked = proved + failed if over else len(statuses)
    assert (found.state == PROVEN) == (proved >= needed_of(asked, share))
    assert found.state != WAITING or (elapsed < 3600 and not aborted)
    assert found.state == PROVEN or found.reasons
