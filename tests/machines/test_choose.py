"""Is every way in which a job can fail followed by what helps: another machine, waiting, or an
end?
"""

import json

import pytest

from lensloop import quota
from lensloop.failure import Failure
from lensloop.machines import choose
from lensloop.machines.choose import Choice, Machine, after, first
from lensloop.machines.ladder import Rung

A, B = "ml.m5.xlarge", "ml.c5.2xlarge"
LADDER = (Rung(A, True), Rung(A, False), Rung(B, True), Rung(B, False))


def of_a_job(reason: str) -> Failure:
    cause = json.dumps({"FailureReason": reason, "TrainingJobStatus": "Failed"})
    return Failure(error="States.TaskFailed", cause=cause)


def no_quota(instance: str, *, spot: bool = False, error: str = "") -> Failure:
    cause = (
        f"The account-level service limit '{quota.name(instance, spot=spot)}' is 0 Instances, with"
    )
    return Failure(error=error or "SageMaker.ResourceLimitExceededException", cause=cause)


CAPACITY = of_a_job("CapacityError: Unable to provision requested ML compute capacity.")
TAKEN_AWAY = Failure(error="", cause='{"SecondaryStatus": "Interrupted"}')
INTERNAL = of_a_job("InternalServerError: We encountered an internal error.")
NOT_HERE = Failure(
    error="SageMaker.AmazonSageMakerException", cause=f"{A} is not supported in this region."
)
REFUSED = Failure(error="SageMaker.AmazonSageMakerException", cause="1 validation error detected")
OURS = of_a_job("AlgorithmError: No usable pictures., exit code: 1")
GONE = of_a_job("ClientError: Data download failed:NoSuchKey (404)")
FORBIDDEN = of_a_job("ClientError: Data download failed:AccessDenied (403): Access Denied")
DAMAGED = of_a_job("AlgorithmError: The feature cache is damaged: 3 rows., exit code: 1")
THERE = Failure(error="SageMaker.ResourceInUseException", cause="a job of that name exists")
THROTTLED = Failure(error="SageMaker.AmazonSageMakerException", cause="Rate exceeded")
STOPPED = Failure(error="", cause='{"SecondaryStatus": "Stopped"}')
TOO_SLOW = Failure(error="", cause='{"SecondaryStatus": "MaxRuntimeExceeded"}')


def went(*failures: Failure, ladder: tuple[Rung, ...] = LADDER) -> Choice:
    """The choice after the last of these."""
    choice = Choice(first(ladder), CAPACITY)
    for failure in failures:
        assert choice.machine["then"] == "train"
        choice = after(choice.machine, failure, ladder)
    return choice


def place(machine: Machine) -> tuple[str, bool, int]:
    return machine["instance"], machine["spot"], machine["attempt"]


def test_the_first_machine_is_the_first_rung() -> None:
    assert first(LADDER) == {
        "then": "train",
        "instance": A,
        "spot": True,
        "attempt": 1,
        "everything": False,
        "job": "ours",
        "tried": [],
        "reasons": [],
    }


@pytest.mark.parametrize(
    "lacking", [CAPACITY, TAKEN_AWAY, no_quota(A, spot=True), NOT_HERE, INTERNAL]
)
def test_a_machine_that_cannot_be_had_is_followed_by_the_next(lacking: Failure) -> None:
    choice = went(lacking)
    assert (choice.machine["then"], place(choice.machine)) == ("train", (A, False, 2))
    assert choice.failure == lacking
    [tried] = choice.machine["tried"]
    assert (tried["instance"], tried["spot"]) == (A, True)
    assert tried["said"] in lacking["cause"]


def test_the_ladder_is_climbed_rung_by_rung() -> None:
    failures = [CAPACITY, no_quota(A), CAPACITY]
    places = [place(went(*failures[:n]).machine) for n in range(len(failures) + 1)]
    assert places == [(A, True, 1), (A, False, 2), (B, True, 3), (B, False, 4)]


@pytest.mark.parametrize(
    ("failure", "then"),
    [
        (OURS, "pictures"),
        (GONE, "pictures"),
        (TOO_SLOW, "pictures"),
        (FORBIDDEN, "fail"),
        (REFUSED, "fail"),
        (THERE, "fail"),
        (THROTTLED, "fail"),
        (STOPPED, "fail"),
    ],
)
@pytest.mark.parametrize("before", [(), (CAPACITY,)])
def test_what_would_come_again_on_every_machine_ends_the_run(
    before: tuple[Failure, ...], failure: Failure, then: str
) -> None:
    choice = went(*before, failure)
    assert (choice.machine["then"], choice.failure) == (then, failure)
    assert len(choice.machine["tried"]) == len(before) + 1


def test_an_accident_at_aws_is_worth_one_more_job_in_a_run() -> None:
    assert place(went(CAPACITY, INTERNAL).machine) == (B, True, 3)
    choice = went(INTERNAL, CAPACITY, INTERNAL)
    assert (choice.machine["then"], choice.failure) == ("fail", INTERNAL)
    unforeseen = of_a_job("something new")
    assert went(unforeseen).machine["then"] == "train"
    assert went(unforeseen, INTERNAL).machine["then"] == "fail"


def test_where_aws_has_none_at_all_the_run_waits_and_says_what_was_tried() -> None:
    choice = went(CAPACITY, CAPACITY, TAKEN_AWAY, CAPACITY)
    assert (choice.machine["then"], choice.failure) == ("no machine", CAPACITY)
    assert choice.machine["reasons"] == [
        f"AWS has none at the moment: {A} on spot capacity and on demand, {B} on spot capacity and"
        " on demand.",
        "Nobody needs to act: it passes, and the next try comes by itself. If it lasts, name more"
        " types in `training_instance_type` in cdk.json and deploy.",
    ]


def test_whoever_waits_hears_of_quotas_and_of_types_that_would_help() -> None:
    ladder = (Rung(A, False), Rung(B, True), Rung(B, False))
    choice = went(NOT_HERE, no_quota(B, spot=True), CAPACITY, ladder=ladder)
    assert choice.machine["then"] == "no machine"
    assert choice.machine["reasons"] == [
        f"AWS has none at the moment: {B} on demand.",
        f"The account may have none: {B} on spot capacity.",
        f"SageMaker has none here: {A} on demand.",
        "Nobody needs to act: it passes, and the next try comes by itself."
        f" {quota.how_to_raise(quota.name(B, spot=True))}",
    ]


def test_a_lack_of_machines_counts_wherever_on_the_ladder_it_was() -> None:
    assert went(CAPACITY, *map(no_quota, (A, B, B))).machine["then"] == "no machine"


def test_where_the_account_may_have_none_it_hears_of_the_quota_of_the_first_type() -> None:
    refusals = (no_quota(A, spot=True), no_quota(A), no_quota(B, spot=True), no_quota(B))
    choice = went(*refusals)
    assert choice.machine["then"] == "fail"
    assert choice.failure == {"error": "ResourceLimitExceeded", "cause": no_quota(A)["cause"]}
    only_spot = went(refusals[0], NOT_HERE, ladder=LADDER[:2])
    assert only_spot.failure["cause"] == refusals[0]["cause"]


def test_a_record_says_why_each_machine_did_not_train() -> None:
    tried = went(NOT_HERE, no_quota(A), CAPACITY).machine["tried"]
    assert [one["fault"] for one in tried] == ["not offered", "quota", "capacity"]


def test_where_the_region_has_none_of_them_the_run_ends_of_the_last_refusal() -> None:
    choice = went(NOT_HERE, NOT_HERE, ladder=LADDER[:2])
    assert (choice.machine["then"], choice.failure) == ("fail", NOT_HERE)


def test_a_damaged_cache_costs_one_job_more_on_the_same_machine_with_every_picture() -> None:
    choice = went(CAPACITY, DAMAGED)
    assert (choice.machine["then"], place(choice.machine)) == ("train", (A, False, 3))
    assert choice.machine["everything"]
    assert choice.failure == DAMAGED
    assert [one["fault"] for one in choice.machine["tried"]] == ["capacity"]
    again = went(CAPACITY, DAMAGED, DAMAGED)
    assert (again.machine["then"], again.failure) == ("pictures", DAMAGED)
    assert place(went(CAPACITY, DAMAGED, CAPACITY).machine) == (B, True, 4)


def test_a_ladder_that_a_deployment_changed_is_gone_on_with_where_it_is_new() -> None:
    """The run began on the old one; its functions have the new settings already."""
    machine = went(CAPACITY, CAPACITY).machine
    new = (Rung("ml.m6i.xlarge", True), Rung(A, False))
    following = after(machine, CAPACITY, new).machine
    assert place(following) == ("ml.m6i.xlarge", True, 4)


def test_no_run_makes_more_jobs_than_the_tick_looks_for() -> None:
    last: Machine = {**first(LADDER), "attempt": 15}
    assert after(last, CAPACITY, LADDER).machine["attempt"] == 16
    beyond: Machine = {**last, "attempt": 16}
    assert after(beyond, CAPACITY, LADDER).machine["then"] == choose.NO_MACHINE
