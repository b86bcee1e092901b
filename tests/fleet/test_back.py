"""To which release do the cameras go back, and what is a person asked before?"""

import pytest

from lensloop.fleet.back import Back, Known, done, question, where_to, where_to_from_stopped

QUIET = Known(live=7, tried=0, newest=7, before=(5, 3))
TRIED = Known(live=7, tried=8, newest=8, before=(5, 3))
AFTER_A_FAILURE = Known(live=7, tried=0, newest=8, before=(5,))
TRIED_AGAIN = Known(live=7, tried=7, newest=7, before=(5, 3))  # what the fleet had failed
FIRST = Known(live=1, tried=0, newest=1, before=())


@pytest.mark.parametrize(
    ("known", "wanted", "expected"),
    [
        (QUIET, 0, Back(5, 7, refusal="")),
        (QUIET, 3, Back(3, 7)),
        (TRIED, 0, Back(7, 8)),  # the canaries alone go back
        (TRIED, 5, Back(5, 8, live=7)),
        (AFTER_A_FAILURE, 0, Back(5, 7)),
        (AFTER_A_FAILURE, 7, Back(7, 8)),
        (Known(5, 0, 7, (3,)), 7, Back(7, 5)),  # forward again
        (QUIET, 7, Back(7, 7)),
        (TRIED_AGAIN, 0, Back(5, 7)),
        (TRIED_AGAIN, 3, Back(3, 7)),
    ],
)
def test_cameras_go_back_to_what_was_good(known: Known, wanted: int, expected: Back) -> None:
    assert where_to(known, wanted, proved=True) == expected


@pytest.mark.parametrize(
    ("known", "wanted", "why"),
    [
        (Known(0, 0, 0, ()), 0, "No release is live yet, so there is none to go back from."),
        (Known(0, 1, 1, ()), 1, "No release is live yet, so there is none to go back from."),
        (
            FIRST,
            0,
            "No good release from before release 1 is known, so there is none to go back to.",
        ),
        (
            QUIET,
            6,
            "No camera is known to have proved release 6, so none is taken to it. Good ones are:"
            " 7, 5, 3.",
        ),
        (
            Known(9, 0, 9, (8, 7, 6, 5, 4)),
            3,
            "No camera is known to have proved release 3, so none is taken to it. Good ones are:"
            " 9, 8, 7, 6, 5 and 1 more.",
        ),
    ],
)
def test_what_nobody_proved_is_not_gone_back_to(known: Known, wanted: int, why: str) -> None:
    assert where_to(known, wanted, proved=False) == Back(0, 0, why)


@pytest.mark.parametrize(
    ("back", "cameras", "asked", "said"),
    [
        (
            Back(5, 7),
            12,
            "Take release 7 back, and order all 12 cameras to release 5?",
            "Release 7 is taken back. All 12 cameras are ordered to release 5, which is live now.",
        ),
        (
            Back(5, 8, live=7),
            12,
            "Take releases 7 and 8 back, and order all 12 cameras to release 5?",
            "Releases 7 and 8 are taken back. All 12 cameras are ordered to release 5, which is"
            " live now.",
        ),
        (
            Back(7, 7),
            1,
            "Order the only camera to release 7 again?",
            "The only camera is ordered to release 7, which is live now.",
        ),
    ],
)
def test_a_person_reads_what_is_done(back: Back, cameras: int, asked: str, said: str) -> None:
    assert (question(back, cameras), done(back, cameras)) == (asked, said)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (QUIET, Back(5, 7)),
        (AFTER_A_FAILURE, Back(5, 7)),
        (TRIED_AGAIN, Back(5, 7)),
        (
            TRIED,
            Back(
                0,
                0,
                "Canaries try release 8, so cameras that took release 7 keep it until that one is"
                " live, or `lensloop rollback` takes it back.",
            ),
        ),
        (
            FIRST,
            Back(
                0,
                0,
                "No good release from before release 1 is known, so there is none to go back to.",
            ),
        ),
    ],
)
def test_from_what_the_fleet_failed_cameras_go_back_but_for_what_is_tried(
    known: Known, expected: Back
) -> None:
    assert where_to_from_stopped(known) == expected
