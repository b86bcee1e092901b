"""Does a new account get to its first release without anyone's help, and is nothing that people do
in the meantime a failure?
"""

import pytest

from lensloop import quota
from lensloop.machines.ladder import ladder
from lensloop.settings import Settings
from tests.stacks.permissions import WHEN_PICTURES_ARE_DELETED, WHEN_THE_TRIGGER_HAS_NEWS
from tests.stories.conftest import Person

pytestmark = pytest.mark.slow
USUAL = quota.name("ml.m5.xlarge")
ALL = [quota.name(rung.instance, spot=rung.spot) for rung in ladder(Settings())]


def test_three_refusals_by_quota_then_it_is_granted_and_the_next_try_trains_and_releases(
    person: Person,
) -> None:
    person.is_told(quotas=dict.fromkeys(ALL, 0))
    person.upload("first", 20)
    for epoch in (1, 2, 3):
        told = person.waits_for_end(epoch)
        training = told["training"] or {}
        assert (told["outcome"], training["jobs"], training["model"]) == ("failed", [], None)
        assert len(training["tried"]) == len(ALL)
        assert f"'{USUAL}' is 0 Instances" in told["reasons"][0]
        assert told["reasons"][1] == quota.how_to_raise(USUAL)
    state = person.table.trigger()
    assert (state.blocked_digest, state.failed_times) == ("", 0)

    person.is_told(quotas=dict.fromkeys(ALL, 1))
    released = person.waits_for(
        lambda: next(
            (
                told
                for epoch in range(4, person.table.trigger().epoch + 1)
                if (told := person.record(epoch)) and told["outcome"] == "released"
            ),
            None,
        )
    )
    live = person.waits_for(person.table.live)
    assert live.epoch == released["epoch"]
    assert len(person.jobs()) == 1
    subjects = person.messages(1, released["epoch"])
    refusals = [subject for subject in subjects if "retraining waits" in subject]
    assert refusals == ["deeplens-trash: retraining waits: a quota of the account is too small"]
    assert any("is on its way to the cameras" in subject for subject in subjects)
    assert person.used() >= WHEN_THE_TRIGGER_HAS_NEWS


def test_pictures_deleted_while_a_run_trains_are_no_failure_and_the_next_run_releases(
    person: Person,
) -> None:
    person.is_told(launch_seconds=8)
    before, jobs = person.table.trigger().epoch, person.jobs()
    keys = person.upload("second", 4)
    person.waits_for(lambda: set(person.jobs()) - set(jobs))
    person.delete(*keys[:2])
    epoch = before + 1
    told = person.waits_for_end(epoch)
    person.is_told()
    assert (told["outcome"], told["failure"]) == ("pictures-deleted", None)
    assert told["training"] is not None
    assert [job["name"] for job in told["training"]["jobs"]] == [f"deeplens-trash-{epoch}-1"]
    assert told["reasons"] == [
        f"2 pictures were deleted or replaced while this run trained: {', '.join(keys[:2])}"
    ]
    following = person.waits_for_end(epoch + 1)
    assert following["outcome"] == "released"
    assert person.table.trigger().fails == 0
    assert person.messages(epoch, epoch) == [
        f"deeplens-trash: run {epoch} begins anew, as pictures were deleted"
    ]
    assert person.used() >= WHEN_PICTURES_ARE_DELETED
