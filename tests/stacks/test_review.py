"""Is there a way for frames to come back only where somebody asked for it, and for nothing else?"""

from pathlib import Path

import pytest

from tests.stacks.permissions import unlimited_writes
from tests.stacks.synthesized import Synthesized, flat, synthesize


@pytest.fixture(scope="module")
def curious(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    folder: Path = tmp_path_factory.mktemp("curious")
    return synthesize(folder, review_frames_a_day=20)


def names(app: Synthesized, kind: str) -> str:
    return " ".join(resource.name for resource in app.resources(kind))


def test_off_by_default_and_then_nothing_of_it_exists(shipped: Synthesized) -> None:
    assert "Review" not in names(shipped, "AWS::Lambda::Function")
    assert "Review" not in names(shipped, "AWS::IoT::TopicRule")


def test_the_function_writes_below_review_and_answers_cameras_only(curious: Synthesized) -> None:
    may = {
        action: [flat(resource) for resource in statement.all_of("Resource")]
        for statement in curious.statements()
        if statement.where.split("/")[1].startswith("HandOutReviewLinks")
        for action in statement.all_of("Action")
    }
    may = {action: on for action, on in may.items() if not action.startswith(("logs:", "sts:"))}
    assert set(may) == {"s3:PutObject", "iot:ListThingGroupsForThing", "iot:Publish"}
    (objects,) = may["s3:PutObject"]
    assert objects.endswith("/review/*")
    (topic,) = may["iot:Publish"]
    assert topic.endswith(":topic/deeplens/deeplens_*/review/put")
    assert unlimited_writes(curious) == []


def test_a_camera_asks_and_hears_under_its_own_name_only(curious: Synthesized) -> None:
    policy = curious.one("AWS::IoT::Policy").properties["PolicyDocument"]
    reviews = [
        flat(resource)
        for statement in policy["Statement"]
        for resource in (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
        if "review" in flat(resource)
    ]
    assert len(reviews) == 3
    assert all("deeplens/${iot:Connection.Thing.ThingName}/review/" in each for each in reviews)
