"""Is a training that failed because people cleaned up told from one that failed by itself?"""

import json
from typing import Any

import pytest

from lambdas import find_deleted
from tests.dataset.conftest import Picture, Project

MISSING = "ClientError: Data download failed:NoSuchKey (404): The specified key does not exist."


def failure(reason: str) -> dict[str, str]:
    return {"Error": "States.TaskFailed", "Cause": json.dumps({"FailureReason": reason})}


@pytest.fixture
def trained(project: Project, picture: Picture) -> Project:
    """Twelve pictures, assembled and handed to a training job."""
    for number in range(12):
        project.s3[f"images/{('can', 'tin')[number % 2]}/{number:02d}.jpg"] = picture(number)
    project.run()
    return project


def look(project: Project, reason: str = MISSING) -> Any:
    digest = project.table.items["dataset"]["digest"]
    return find_deleted.handler({"digest": digest, "failure": failure(reason)}, None)


def test_deleted_pictures_are_counted_and_named(trained: Project) -> None:
    for key in ("images/can/00.jpg", "images/tin/01.jpg"):
        del trained.s3[key]
    assert look(trained) == {
        "count": 2,
        "reasons": [
            "2 pictures were deleted or replaced while this run trained: images/can/00.jpg,"
            " images/tin/01.jpg"
        ],
    }


def test_replaced_pictures_are_no_longer_those_of_the_data_set(
    trained: Project, picture: Picture
) -> None:
    trained.s3["images/can/00.jpg"] = picture(99)
    found = look(trained, "AlgorithmError: No usable training pictures of can")
    assert found["count"] == 1


def test_new_pictures_explain_no_failure(trained: Project, picture: Picture) -> None:
    trained.s3["images/can/new.jpg"] = picture(99)
    assert look(trained) == {"count": 0, "reasons": []}


def test_a_file_that_is_missing_though_all_pictures_are_there_is_a_failure(
    trained: Project,
) -> None:
    assert look(trained) == {"count": 0, "reasons": []}


@pytest.mark.parametrize("reason", ["CapacityError: none", "ClientError: Access Denied"])
def test_whoever_cleans_up_hides_no_fault_of_the_account(trained: Project, reason: str) -> None:
    del trained.s3["images/can/00.jpg"]
    assert look(trained, reason) == {"count": 0, "reasons": []}
