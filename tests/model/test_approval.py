"""What follows from a person's word, said once, twice, late or about another release?"""

import pytest

from lensloop.model import approval
from lensloop.model.approval import Decision, what_follows

SHIPS = "Release 7 is approved, and its rollout starts."
DROPS = "Release 7 is rejected. The cameras keep theirs."


@pytest.mark.parametrize(
    ("approved", "epoch", "state", "live", "ship", "drop", "sentence"),
    [
        (True, 7, "waiting", 5, True, False, SHIPS),
        (False, 7, "waiting", 5, False, True, DROPS),
        (True, 7, "waiting", 0, True, False, SHIPS),
        # again, as after a retry: live is this very release
        (True, 7, "approved", 7, True, False, SHIPS),
        (False, 7, "rejected", 5, False, True, DROPS),
        # another mind
        (True, 7, "rejected", 5, True, False, SHIPS),
        (
            False,
            7,
            "approved",
            7,
            False,
            False,
            "Release 7 was approved before; rejecting it now takes nothing back.",
        ),
        # another release
        (
            True,
            8,
            "waiting",
            5,
            False,
            False,
            "Release 7 was superseded by release 8: decide about that one.",
        ),
        (True, 6, "waiting", 5, False, False, "Release 7 does not wait for approval."),
        (False, 0, "waiting", 0, False, False, "Release 7 does not wait for approval."),
        (
            True,
            7,
            "waiting",
            8,
            False,
            False,
            "Release 8 is live, which is newer: Release 7 stays unused.",
        ),
    ],
)
def test_what_follows(
    approved: bool, epoch: int, state: str, live: int, ship: bool, drop: bool, sentence: str
) -> None:
    follows = what_follows(Decision(7, approved), epoch, state, live)
    assert (follows.ship, follows.drop, follows.sentence) == (ship, drop, sentence)


def test_the_words_of_the_setting_and_of_the_records_stay_as_they_are() -> None:
    """They are in cdk.json, in the state table and in runs/, which nobody rewrites."""
    assert (approval.AUTOMATIC, approval.MANUAL) == ("automatic", "manual")
    words = (approval.WAITING, approval.APPROVED, approval.REJECTED, approval.SUPERSEDED)
    assert words == ("waiting", "approved", "rejected", "superseded")
    assert (Decision(7, True).by, Decision(7, True).note) == ("", "")
