"""Are SageMaker's quotas called by their names, and does who deploys hear of one that is too
small?
"""

import pytest

from lensloop import quota

USUAL, SPOT = "ml.m5.xlarge for training job usage", "ml.m5.xlarge for spot training job usage"
RAISE = quota.how_to_raise(USUAL)


def test_quotas_have_the_names_of_service_quotas() -> None:
    assert quota.name("ml.m5.xlarge") == USUAL
    assert quota.name("ml.m5.xlarge", spot=True) == SPOT


@pytest.mark.parametrize(
    ("refusal", "name"),
    [
        (f"The account-level service limit '{USUAL}' is 0 Instances, with", USUAL),
        ("service limit 'Total number of instances' is 4 Instances", "Total number of instances"),
        ("The role 'x' has a limit 'that' of 3", ""),
        ("ResourceLimitExceeded", ""),
    ],
)
def test_a_refusal_names_its_quota(refusal: str, name: str) -> None:
    assert quota.named_in(refusal) == name


@pytest.mark.parametrize(
    ("granted", "spot", "told"),
    [
        ({USUAL: 1, SPOT: 1}, True, "This account may train on ml.m5.xlarge."),
        ({USUAL: 20, SPOT: 0}, False, "This account may train on ml.m5.xlarge."),
        (
            {USUAL: 4, SPOT: 0},
            True,
            "This account may train on ml.m5.xlarge, but not on spot capacity, which is cheaper."
            f" Ask for the quota “{SPOT}” if you want it.",
        ),
        (
            {USUAL: 1},
            True,
            "This account may train on ml.m5.xlarge, but not on spot capacity, which is cheaper."
            f" Ask for the quota “{SPOT}” if you want it.",
        ),
        (
            {USUAL: 0, SPOT: 1},
            True,
            "This account may train on ml.m5.xlarge on spot capacity only. When AWS has none, runs"
            f" wait until it has. {RAISE}",
        ),
        (
            {USUAL: 0, SPOT: 1},
            False,
            f"This account may not train on ml.m5.xlarge yet, so the first run will wait. {RAISE}",
        ),
        (
            {USUAL: 0, SPOT: 0},
            True,
            f"This account may not train on ml.m5.xlarge yet, so the first run will wait. {RAISE}",
        ),
        (
            {USUAL: 0},
            True,
            f"This account may not train on ml.m5.xlarge yet, so the first run will wait. {RAISE}",
        ),
        (
            {},
            True,
            f"Service Quotas has no “{USUAL}” here. Training on it may be refused; the run's page"
            " would say so.",
        ),
    ],
)
def test_who_deploys_hears_whether_the_account_may_train(
    granted: dict[str, float], spot: bool, told: str
) -> None:
    assert quota.on_deploy(["ml.m5.xlarge"], spot=spot, granted=granted) == told


OTHER, OTHER_SPOT = quota.name("ml.c5.2xlarge"), quota.name("ml.c5.2xlarge", spot=True)


@pytest.mark.parametrize(
    ("granted", "spot", "told"),
    [
        ({USUAL: 1, SPOT: 1}, True, "This account may train on ml.m5.xlarge."),
        (
            {USUAL: 0, OTHER: 1, OTHER_SPOT: 1},
            True,
            "This account may not train on ml.m5.xlarge yet; runs train on ml.c5.2xlarge instead."
            f" {RAISE}",
        ),
        (
            {USUAL: 0, OTHER: 0, OTHER_SPOT: 1, SPOT: 1},
            True,
            "This account may train on ml.m5.xlarge or ml.c5.2xlarge on spot capacity only. When"
            f" AWS has none, runs wait until it has. {RAISE}",
        ),
        (
            {USUAL: 0, OTHER: 0, OTHER_SPOT: 1},
            False,
            "This account may not train on ml.m5.xlarge or ml.c5.2xlarge yet, so the first run will"
            f" wait. {RAISE}",
        ),
    ],
)
def test_who_deploys_with_several_types_hears_on_which_runs_will_train(
    granted: dict[str, float], spot: bool, told: str
) -> None:
    types = ["ml.m5.xlarge", "ml.c5.2xlarge"]
    assert quota.on_deploy(types, spot=spot, granted=granted) == told


def test_a_quota_without_a_name_is_described() -> None:
    assert quota.how_to_raise("") == (
        "What you can do: ask for a higher quota “<instance type> for training job usage” of Amazon"
        " SageMaker, in the AWS console under Service Quotas. 1 is enough; new accounts have 0. It"
        " is granted within minutes to two days, and the next try after that trains by itself."
    )


def test_a_quota_that_cannot_be_asked_is_said_with_where_to_look() -> None:
    assert quota.unknown("ml.m5.xlarge", "AccessDeniedException") == (
        "Whether this account may train on ml.m5.xlarge could not be asked (AccessDeniedException)."
        f" New accounts may not: see “{USUAL}” in the AWS console under Service Quotas."
    )


def test_the_command_asks_for_one() -> None:
    assert quota.request_command("L-1", "eu-west-1") == (
        "aws service-quotas request-service-quota-increase --service-code sagemaker"
        " --quota-code L-1 --desired-value 1 --region eu-west-1"
    )
