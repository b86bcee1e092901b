"""Is a training that failed because people cleaned up told from one that failed by itself?"""

from typing import Any

import pytest

from lambdas import find_deleted
from tests.dataset.conftest import Picture, Project


@pytest.fixture
def trained(project: Project, picture: Picture) -> Project:
    """Twelve pictures, assembled and handed to a training job."""
    for number in range(12):
        project.s3[f"images/{('can', 'tin')[number % 2]}/{number:02d}.jpg"] = picture(number)
    project.run()
    return project


def look(project: Project) -> Any:
    digest = project.table.items["dataset"]["digest"]
    return find_deleted.handler({"digest": digest}, None)


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
    found = look(trained)
    assert found["count"] == 1


def test_new_pictures_explain_no_failure(trained: Project, picture: Picture) -> None:
    trained.s3["images/can/new.jpg"] = picture(99)
    assert look(trained) == {"count": 0, "reasons": []}


def test_a_file_that_is_missing_though_all_pictures_are_there_is_a_failure(
    trained: Project,
) -> None:
    assert look(trained) == {"count": 0, "reasons": []}
