"""What is each thing called? A name that changes loses what was stored under the old one."""

from collections.abc import Callable
from typing import Any

import pytest

from lensloop.wire import names


@pytest.mark.parametrize(
    ("make", "of", "name"),
    [
        (names.prefix, ("trash",), "deeplens-trash"),
        (names.prefix, ("trash", "dev"), "deeplens-trash-dev"),
        (names.bucket, ("trash", "", "1234", "eu-west-1"), "deeplens-trash-1234-eu-west-1"),
        (names.bucket, ("trash", "dev", "1", "eu-west-1"), "deeplens-trash-dev-1-eu-west-1"),
        (names.execution, (7,), "r00000007"),
        (names.training_job, ("deeplens-trash", 7, 2), "deeplens-trash-7-2"),
        (names.rollout_job, ("deeplens-trash", 7, "canary"), "deeplens-trash-r7-canary"),
        (names.again_job, ("deeplens-trash", 7, 3), "deeplens-trash-r7-again-3"),
        (names.indicator, ("deeplens-trash-dev", "1a2b"), "deeplens-trash-dev-indicator-1a2b"),
        (names.indicator, ("deeplens-trash",), "deeplens-trash-indicator-"),
        (names.topic_rule, ("deeplens-trash-dev", "report"), "deeplens_trash_dev_report"),
        (names.release, (7,), "releases/7/"),
        (names.release, (7, "manifest.json"), "releases/7/manifest.json"),
        (names.run, (7,), "runs/7/"),
        (names.run, (7, "run.json"), "runs/7/run.json"),
        (names.dataset, ("abc",), "datasets/abc/"),
        (names.dataset, ("abc", "report.json"), "datasets/abc/report.json"),
        (names.inspection, (7, 3), "datasets/inspections/7/0003.json"),
    ],
)
def test_every_name_stays_what_it_is(make: Callable[..., str], of: Any, name: str) -> None:
    assert make(*of) == name


@pytest.mark.parametrize(("job", "of_another"), [("r6-again-3", True), ("r7-again-3", False)])
def test_a_cameras_own_order_for_another_release_is_known(job: str, of_another: bool) -> None:
    assert names.again_for_another("deeplens-trash", 7, f"deeplens-trash-{job}") is of_another
    assert not names.again_for_another("deeplens-trash", 7, "deeplens-trash-r6-fleet")


@pytest.mark.parametrize("job", ["r12-canary", "r12-2-fleet", "r12-again-3", "r12-back1-fleet"])
def test_each_job_says_which_release_it_is_about(job: str) -> None:
    assert names.release_of("deeplens-r7", f"deeplens-r7-{job}") == 12


def test_every_prefix_stays_what_it_is() -> None:
    assert names.IMAGES_PREFIX == "images/"
    assert names.TRAINING_PREFIX == "training/"
    assert names.REVIEW_PREFIX == "review/"


def test_patterns_cover_every_epoch_and_no_stage() -> None:
    jobs, rollouts = names.training_jobs("deeplens-x"), names.rollout_jobs("deeplens-x")
    assert jobs == [f"deeplens-x-{digit}*" for digit in "123456789"]
    assert rollouts == [f"deeplens-x-r{digit}*" for digit in "123456789"]


def test_results_go_to_the_topic_of_deeplens_or_to_one_that_is_not_reserved() -> None:
    assert names.RESULTS_TOPICS == (
        "$aws/things/{thing}/infer",
        "deeplens/{thing}/infer",
        "deeplens/{thing}/answers",
    )


def test_a_camera_reports_on_a_topic_of_its_own() -> None:
    assert names.REPORT_TOPIC == "deeplens/{thing}/report"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("deeplens_kitchen-2_A", True),
        ("deeplens_" + "a" * 119, True),
        ("deeplens_" + "a" * 120, False),
        ("deeplens_", False),
        ("deeplens-kitchen", False),
        ("deeplens_kitch\u00e9n", False),
        ("deeplens_a/b", False),
    ],
)
def test_which_names_cameras_have(name: str, is_one: bool) -> None:
    assert bool(names.THING.fullmatch(name)) is is_one
